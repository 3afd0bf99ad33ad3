"""The wires of network interfaces: up or down, speed, duplex, lost carriers, from `/sys/class/net`.

A file that the kernel does not answer (EINVAL while the interface is down) or answers with "unknown" (-1,
a virtual wire) is no series; one that cannot be read, or says what cannot be, is an absence.
"""

from __future__ import annotations

from collections.abc import Callable
from errno import EINVAL, EOPNOTSUPP
from pathlib import Path

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.host import Host, counts, malformed, printable
from collectors.interfaces import interfaces

FOLDER = "/sys/class/net"
MOST = 64  # interfaces
BYTES = 125_000  # a second in a Mbit/s
FASTEST = 10_000_000  # Mbit/s
# -1, as kernels before 3.16 printed it, and as drivers keep it.
UNKNOWN_SPEEDS = (-1, 0, 65535, 4294967295)
STATES = {
    b"up": 1, b"down": 0, b"lowerlayerdown": 0, b"dormant": 0, b"notpresent": 0, b"testing": 0
}  # fmt: skip
DUPLEXES = {b"full": 1, b"half": 0}
UNTOLD = (EINVAL, EOPNOTSUPP)

KEY = ("network.interface.name",)
UP = Metric(
    "hw.network.up",
    "1",
    "gauge",
    KEY,
    f"{FOLDER}/*/operstate",
    "1 while the interface can carry traffic, else 0: no cable, not associated, switched off.",
)
SPEED = Metric(
    "hw.network.bandwidth.limit",
    "By/s",
    "gauge",
    KEY,
    f"{FOLDER}/*/speed",
    "Speed that both ends of the wire agreed on.",
)
DUPLEX = Metric(
    "linux.network.full_duplex",
    "1",
    "gauge",
    KEY,
    f"{FOLDER}/*/duplex",
    "1 if both ends may send at once, 0 if they take turns, as a bad cable or switch makes them.",
)
CHANGES = Metric(
    "linux.network.carrier.changes",
    "{change}",
    "counter",
    KEY,
    f"{FOLDER}/*/carrier_changes",
    "Times that the carrier came or went.",
)


def told(host: Host, path: Path) -> bytes | None:
    """The word in a file of an interface; None where the kernel has none for it now.

    Raises:
        OSError: it cannot be read.
        ValueError: it is empty.
    """
    try:
        word = host.read(path, 4096).strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in UNTOLD and path.is_file():
            return None
        raise
    if not word:
        raise ValueError(f"{path}: empty")
    return word


def up(host: Host, folder: Path) -> int | None:
    """1 if the interface is up, else 0. A driver that keeps no state (a tunnel, a modem) has its carrier.

    Raises:
        OSError, ValueError: it cannot be read, or is no state.
    """
    path = folder / "operstate"
    word = told(host, path)
    if word == b"unknown":
        path = folder / "carrier"
        word = told(host, path)
        return None if word is None else flag(path, word, {b"1": 1, b"0": 0})
    return None if word is None else flag(path, word, STATES)


def flag(path: Path, word: bytes, words: dict[bytes, int]) -> int:
    """What stands for `word`.

    Raises:
        ValueError: nothing does.
    """
    if word not in words:
        raise malformed(str(path), word)
    return words[word]


def speed(host: Host, folder: Path) -> int | None:
    """Bytes a second.

    Raises:
        OSError, ValueError: it cannot be read, or is no speed.
    """
    path = folder / "speed"
    word = told(host, path)
    if word is None:
        return None
    try:
        megabits = int(word)
    except ValueError:
        raise malformed(str(path), word) from None
    if megabits in UNKNOWN_SPEEDS:
        return None
    if not 0 < megabits <= FASTEST:
        raise ValueError(f"{path}: {megabits} Mbit/s cannot be")
    return megabits * BYTES


def duplex(host: Host, folder: Path) -> int | None:
    """1 for full, 0 for half.

    Raises:
        OSError, ValueError: it cannot be read, or is neither.
    """
    path = folder / "duplex"
    word = told(host, path)
    return None if word in (None, b"unknown") else flag(path, word or b"", DUPLEXES)


def changes(host: Host, folder: Path) -> int | None:
    """How often the carrier came or went.

    Raises:
        OSError, ValueError: it cannot be read, or is no count.
    """
    path = folder / "carrier_changes"
    word = told(host, path)
    if word is None:
        return None
    try:
        return counts([word])[0]
    except ValueError:
        raise malformed(str(path), word) from None


PARTS: tuple[tuple[Metric, Callable[[Host, Path], int | None]], ...] = (
    (UP, up), (SPEED, speed), (DUPLEX, duplex), (CHANGES, changes)
)  # fmt: skip


class Links:
    """Opens each file by each poll: descriptors for a few reads a minute are not worth keeping."""

    __slots__ = ("_host", "_series")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: there is no network interface.
        """
        found = interfaces(self._host)
        if not found:
            raise NoData(f"{FOLDER} has no interface with a wire of its own")
        series: list[Series] = []
        values: list[object] = []
        absences: list[Absence] = []
        for name, folder in list(found.items())[:MOST]:
            for metric, read in PARTS:
                try:
                    value = read(self._host, folder)
                    if value is None:
                        continue
                except (OSError, ValueError) as error:
                    value = None
                    absences.append(Absence(name, printable(str(error))))
                series.append(metric.of(**{KEY[0]: name}))
                values.append(value)
        if len(found) > MOST:
            absences.append(Absence(UP.name, f"{len(found) - MOST} interfaces more than {MOST} are not read"))
        if tuple(series) != self._series:
            self._series = tuple(series)
        return Reading(self._series, values, tuple(absences))

    def close(self) -> None:
        """See `Collector.close`."""


COLLECTOR = Registration(
    "links",
    "Network interfaces: up or down, speed, duplex, lost carriers.",
    (UP, SPEED, DUPLEX, CHANGES),
    lambda host, *_: Links(host),
)
