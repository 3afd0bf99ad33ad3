"""Files that hold one number or one word each (`/sys/class/...`), most of them the value of a series.

A device that sleeps is not read, as that would wake it: the kernel answers `power/runtime_status`
without touching the device.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Series
from collectors.host import Host, Kept, label, malformed, printable

KEPT = 64  # descriptors of one collector; a file beyond them is opened by each read, which takes 10 us
WORD = 4096  # bytes; an attribute of /sys is a page at most
# While a device falls asleep it must not be touched either; while it wakes, somebody else has touched it.
SLEEPING = (b"suspended", b"suspending")
ASLEEP = "asleep"
RESTING = "idle, and left alone so that it can fall asleep"


class Sleeper(NamedTuple):
    """A device that may sleep: what it is called, and its `power/runtime_status`."""

    name: str
    status: Path


class Number(NamedTuple):
    """A series and the file its value stands in: a number, times `scale` in the series' unit.

    What lies outside [`low`, `high`] (after scaling) is nonsense of the driver: an absence. While
    `device` sleeps, the file is left alone. `parse` finds the number in a file that holds more than it.
    """

    series: Series
    path: Path
    scale: float = 1.0
    low: float = -1e15
    high: float = 1e15
    device: Sleeper | None = None
    parse: Callable[[bytes], float] = float


class Numbers:
    """The files of one collector, kept open; each is absent alone, with its reason.

    Whoever finds that there are others hands them to `arrange`.
    """

    __slots__ = ("_files", "_host", "_numbers", "_sleepers", "series")

    def __init__(self, host: Host, numbers: Iterable[Number] = ()) -> None:
        self._host = host
        self._numbers: tuple[Number, ...] = ()
        self._files: tuple[Kept, ...] = ()
        self._sleepers: dict[Sleeper, Kept] = {}
        self.series: tuple[Series, ...] = ()
        self.arrange(numbers)

    def arrange(self, numbers: Iterable[Number]) -> None:
        """Read these from now on. `series` stays the same object where they are the same; of two of one
        series the first is taken.
        """
        first: dict[Series, Number] = {}
        for number in numbers:
            first.setdefault(number.series, number)
        found = tuple(first.values())
        if found == self._numbers:
            return
        self.close()
        self._numbers = found
        self._files = tuple(self._host.open(each.path) for each in found)
        sleepers = {each.device for each in found if each.device is not None}
        self._sleepers = {each: self._host.open(each.status) for each in sorted(sleepers)}
        self.series = tuple(first)

    def read(
        self, resting: frozenset[Sleeper] = frozenset()
    ) -> tuple[list[float | None], tuple[Absence, ...]]:
        """The value of each series in its order; None with an absence for one that cannot be had, and
        with one for all of a device that sleeps, or is one of those `resting`.
        """
        alone = {}
        for device, status in self._sleepers.items():
            if word_of(status) in SLEEPING:
                alone[device] = ASLEEP
            elif device in resting:
                alone[device] = RESTING
        absences = [Absence(device.name, reason) for device, reason in alone.items()]
        values: list[float | None] = []
        for place, (number, file) in enumerate(zip(self._numbers, self._files, strict=True)):
            value = None
            if number.device not in alone:
                try:
                    value = scaled(number, file.read())
                except (OSError, ValueError) as error:
                    absences.append(Absence(number.series.name, printable(str(error))))
                if place >= KEPT:
                    file.close()
            values.append(value)
        return values, tuple(absences)

    def close(self) -> None:
        """Give the descriptors back."""
        for file in (*self._files, *self._sleepers.values()):
            file.close()


def scaled(number: Number, text: bytes) -> float:
    """The value that the text of the file says, in the series' unit.

    Raises:
        ValueError: it is no number, or nonsense.
    """
    try:
        value = number.parse(text) * number.scale
    except ValueError:
        raise malformed(str(number.path), text) from None
    if not math.isfinite(value) or not number.low <= value <= number.high:
        raise ValueError(f"{number.path}: {value:g} {number.series.unit} cannot be")
    return value


def word(host: Host, path: Path, said: list[Absence] | None = None) -> str:
    """The words in a file that describes a device, harmless, up to the first zero byte (the device tree
    ends its words with one); empty where it is not there or has none.

    A file that is there and cannot be read is told in `said`: what it describes has another name now.
    """
    try:
        raw = host.read(path, WORD)
        reason = "" if raw else f"{path}: empty"
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raw, reason = b"", str(error)
    if reason and said is not None:
        said.append(Absence(printable(path.name), printable(reason)))
    return label(raw.partition(b"\0")[0].strip())


def word_of(file: Kept) -> bytes:
    """The word in a kept file; empty where it cannot be read."""
    try:
        return file.read().strip()
    except (OSError, ValueError):
        return b""


def sleeper(host: Host, device: Path, name: str) -> Sleeper | None:
    """The device in this folder, if the kernel may put it to sleep when nobody uses it."""
    status = device / "power/runtime_status"
    if word(host, device / "power/control") == "on" or word(host, status) in ("", "unsupported"):
        return None
    return Sleeper(name, status)


def folders(host: Host, parent: Path, pattern: str) -> list[Path]:
    """What in the folder `parent` is called `pattern`, a regular expression with one group: in the order
    of the number it stands for. None where there is no such folder.

    Raises:
        OSError: it may not be read.
    """
    try:
        names = host.list(parent)
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [(int(match[1]), name) for name in names if (match := re.fullmatch(pattern, name))]
    return [parent / name for _, name in sorted(found)]


def apart(names: Iterable[str]) -> list[str]:
    """The names, a second one of a kind as `name#2`, and so on."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return found


def at_most(most: int, numbers: list[Number], said: list[Absence]) -> list[Number]:
    """The first `most` of them; that there are more is told in `said`."""
    if len(numbers) > most:
        reason = f"{len(numbers) - most} more are left out: {most} is the most"
        said.append(Absence(numbers[0].series.name, reason))
    return numbers[:most]
