"""The ticks of the 1 s ring as records, so that a board shows polls as it shows windows; pure.

A poll of a gauge is a window of one value, as long as a tick; the increase of a counter is one that
reaches back to the poll before. So a sparkline of `outrider top` has a mark a second.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.ship.records import Key
from agent.stats.frame import Content, Frame, Span
from agent.stats.ringfile import Snapshot
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

STREAM = "samples"
TICK = 1.0
"""Seconds that a poll stands for, at most."""

PAST = 300
"""Rows of the ring that the first look goes back."""


class Ticks:
    """Reads on from where it read before."""

    def __init__(self) -> None:
        self._next = 0
        self._boot = ""
        self._seen: dict[Series, float] = {}
        self._last = 0.0

    def new(self, snapshot: Snapshot, offset: float) -> Iterator[tuple[Key, Content]]:
        """The ticks that are new in this snapshot; wall time is the boot clock's plus `offset`."""
        if snapshot.boot != self._boot or snapshot.end < self._next:
            self._next, self._boot, self._seen = 0, snapshot.boot, {}
        first = max(self._next, snapshot.end - PAST)
        for number, at, values in snapshot.rows_from(first):
            yield Key(0, STREAM, number, number), self._content(at, values, offset)
        self._next = snapshot.end

    def _content(self, at: float, values: dict[Series, float], offset: float) -> Content:
        """Series by how long ago they were polled before, each length a frame."""
        tick = at - self._last if 0 < at - self._last < TICK else TICK
        frames: dict[float, dict[Series, Summary]] = {}
        for series, value in values.items():
            before = self._seen.get(series)
            self._seen[series] = at
            if series.kind != "counter":
                frames.setdefault(tick, {})[series] = Gauge(1, value, value, value, value)
            elif before is not None and at > before:  # else it is not known over how long it grew
                length = at - before
                frames.setdefault(length, {})[series] = Counter(1, value, value / length, 0)
        self._last = at
        spans = {length: Span(self._boot, at - length, at, length, offset, "unknown") for length in frames}
        return Content(tuple(Frame(spans[length], windows) for length, windows in frames.items()))
