"""What came to a log lately, as readings for alert rules: totals of counters, the latest levels, and the
histogram of what came since the reading before."""

from __future__ import annotations

from collections.abc import Mapping

from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Reading, Series

MOST = 1000
"""Series that are known at most."""


class Live:
    """Makes readings of windows.

    A counter that did not grow stands where it stood: its log is read, and tells of none. A level that was
    not told is absent, and so is a histogram of nothing. Series beyond `MOST` are left out, counted in
    `refused`.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._totals: dict[Series, float] = {}
        self._layout: tuple[Series, ...] = ()

    def reading(self, windows: Mapping[Series, Summary]) -> Reading:
        """The reading after these windows."""
        for series, summary in windows.items():
            if isinstance(summary, Counter | Gauge | Histogram):
                self._know(series)
            if isinstance(summary, Counter) and series in self._totals:
                self._totals[series] += summary.delta
        if len(self._layout) != len(self._totals):
            self._layout = tuple(self._totals)
        return Reading(self._layout, [self._value(series, windows.get(series)) for series in self._layout])

    def _know(self, series: Series) -> None:
        if series in self._totals:
            return
        if len(self._totals) < MOST:
            self._totals[series] = 0.0
        else:
            self.refused += 1

    def _value(self, series: Series, summary: Summary | None) -> object:
        if series.kind == "counter":
            return self._totals[series]
        if isinstance(summary, Gauge):
            return summary.last
        return summary
