"""Files that hold one number each (`/sys/class/...`), every one the value of a series."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Series
from collectors.host import Host, Kept, malformed, printable


class Number(NamedTuple):
    """A series and the file its value stands in: a number, times `scale` in the series' unit.

    What lies outside [`low`, `high`] (after scaling) is nonsense of the driver: an absence.
    """

    series: Series
    path: Path
    scale: float = 1.0
    low: float = -1e15
    high: float = 1e15


class Numbers:
    """The files of one collector, kept open; each is absent alone, with its reason.

    Whoever finds that the files changed makes a new one and closes this.
    """

    __slots__ = ("_files", "_numbers", "series")

    def __init__(self, host: Host, numbers: Iterable[Number]) -> None:
        self._numbers = tuple(numbers)
        self._files: tuple[Kept, ...] = tuple(host.open(each.path) for each in self._numbers)
        self.series: tuple[Series, ...] = tuple(each.series for each in self._numbers)

    def read(self) -> tuple[list[float | None], tuple[Absence, ...]]:
        """The value of each series in its order; None with an absence for one that cannot be had."""
        values: list[float | None] = []
        absences: tuple[Absence, ...] = ()
        for number, file in zip(self._numbers, self._files, strict=True):
            try:
                values.append(scaled(number, file.read()))
            except (OSError, ValueError) as error:
                values.append(None)
                absences += (Absence(number.series.name, printable(str(error))),)
        return values, absences

    def close(self) -> None:
        """Give the descriptors back."""
        for file in self._files:
            file.close()


def scaled(number: Number, text: bytes) -> float:
    """The value that the text of the file says, in the series' unit.

    Raises:
        ValueError: it is no number, or nonsense.
    """
    try:
        value = float(text) * number.scale
    except ValueError:
        raise malformed(str(number.path), text) from None
    if not math.isfinite(value) or not number.low <= value <= number.high:
        raise ValueError(f"{number.path}: {value:g} {number.series.unit} cannot be")
    return value
