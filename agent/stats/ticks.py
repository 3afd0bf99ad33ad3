"""Rows of the 1 s ring as frames of one tick each; pure.

A poll of a gauge is a window of one value, as long as a tick. The increase of a counter is one that
reaches back to the poll before, so that a rate is always over the time in which it grew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.stats.frame import Frame, Span
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

TICK = 1.0
"""Seconds that a poll stands for, at most."""

EARLY = 0.25
"""Seconds by which the poll before may be further back than that, as no timer is exact."""


class Polls:
    """Told of the rows of one boot, oldest first."""

    def __init__(self, boot: str, quality: str = "unknown") -> None:
        """`quality` is what is known of the wall clock, as in `Span`."""
        self._boot, self._quality = boot, quality
        self._seen: dict[Series, float] = {}
        self._last = 0.0

    def skip(self, at: float, values: Iterable[Series]) -> None:
        """A row of which no frames are wanted: what has a value in it counts as polled."""
        self._seen.update(dict.fromkeys(values, at))
        self._last = at

    def frames(self, at: float, values: Mapping[Series, float], offset: float) -> tuple[Frame, ...]:
        """The frames of a row polled at `at` s on the boot clock, wall time less `offset` s: one for all that
        was polled a tick before too, one for each longer time since the poll before.

        A counter whose poll before is not known has no window: over how long it grew is not known.
        """
        since = self._last if 0 < at - self._last < TICK + EARLY else at - TICK
        found: dict[float, dict[Series, Summary]] = {}
        for series, value in values.items():
            before = self._seen.get(series)
            self._seen[series] = at
            if series.kind != "counter":
                found.setdefault(since, {})[series] = Gauge(1, value, value, value, value)
            elif before is not None and at > before:
                found.setdefault(before, {})[series] = Counter(1, value, value / (at - before), 0)
        self._last = at
        return tuple(
            Frame(Span(self._boot, start, at, at - start, offset, self._quality), windows)
            for start, windows in found.items()
        )


def polled(frames: Iterable[Frame]) -> dict[Series, list[tuple[float, float]]]:
    """Of each series its polls as (when, in wall s; value), in the order of the frames: the value of a
    gauge, of a counter its growth a second since the poll before. What is no tick is left out."""
    found: dict[Series, list[tuple[float, float]]] = {}
    for frame in frames:
        for series, summary in frame.windows.items():
            if isinstance(summary, Gauge):
                found.setdefault(series, []).append((frame.span.wall[1], summary.last))
            elif isinstance(summary, Counter):
                found.setdefault(series, []).append((frame.span.wall[1], summary.rate))
    return found
