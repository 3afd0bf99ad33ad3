"""What went wrong, counted: the numbers that Outrider keeps about itself.

Every part adds to one tally; the `own` collector publishes all of it as series.
"""

from __future__ import annotations

from threading import Lock
from typing import Literal, NamedTuple

MAX_SERIES = 256
OVERFLOW = "outrider.tally.overflow"

Attributes = tuple[tuple[str, str], ...]  # as in `api`, which stands above


class Count(NamedTuple):
    """One number of the tally: running total of a counter, or latest value of a gauge."""

    name: str
    attributes: Attributes
    kind: Literal["counter", "gauge"]
    value: float


class Tally:
    """Counters and gauges by name and attributes; safe to use from any thread.

    At most `limit` series: what comes after is counted under the same name with every attribute
    `other`; when even those are too many, additions are counted under `outrider.tally.overflow`.
    """

    __slots__ = ("_gauges", "_limit", "_lock", "_units", "_values")

    def __init__(self, limit: int = MAX_SERIES) -> None:
        self._limit = limit
        self._lock = Lock()
        self._values: dict[tuple[str, Attributes], float] = {}
        self._gauges: set[str] = set()
        self._units: dict[str, str] = {}

    def add(self, name: str, n: float = 1, **attributes: str) -> None:
        """Add `n` (at least 0) to a counter."""
        key = (name, tuple(attributes.items()))
        with self._lock:
            if key not in self._values:
                key = self._place(key)
            self._values[key] = self._values.get(key, 0) + n

    def set(self, name: str, value: float, **attributes: str) -> None:
        """Give a gauge its latest value; past the limit it is not kept, only counted."""
        key = (name, tuple(attributes.items()))
        with self._lock:
            if key not in self._values and len(self._values) >= self._limit:
                overflow = (OVERFLOW, ())
                self._values[overflow] = self._values.get(overflow, 0) + 1
                return
            self._gauges.add(name)
            self._values[key] = value

    def describe(self, name: str, unit: str) -> None:
        """Name the unit of a number of this tally; without it, it is `{count}`."""
        with self._lock:
            self._units[name] = unit

    def unit(self, name: str) -> str:
        """The unit of a number of this tally."""
        return self._units.get(name, "{count}")

    def snapshot(self) -> list[Count]:
        """All numbers, in the order of their first appearance: a later snapshot only adds at the end."""
        with self._lock:
            items = list(self._values.items())
            gauges = frozenset(self._gauges)
        return [
            Count(name, attributes, "gauge" if name in gauges else "counter", value)
            for (name, attributes), value in items
        ]

    def _place(self, key: tuple[str, Attributes]) -> tuple[str, Attributes]:
        if len(self._values) < self._limit:
            return key
        name, attributes = key
        other = (name, tuple((each, "other") for each, _ in attributes))
        if other in self._values or len(self._values) < 2 * self._limit:
            return other
        return (OVERFLOW, ())
