"""What one page adds to each series: gauges, growth of counters, histograms of what came in between."""

from __future__ import annotations

from agent.scrape.spread import exponential
from agent.scrape.turn import Look
from agent.stats.histogram import Histogram, held
from agent.stats.totals import usable
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series
from collectors.endpoints.points import Buckets, Point


class Sums:
    """The sums of one page. Of several counters in one series growth and rate are added up; several gauges in
    one are several values.
    """

    def __init__(self, look: Look, now: float) -> None:
        self._look = look
        self._seconds = 0.0 if look.since is None else now - look.since
        self._levels: dict[Series, Gauge] = {}
        self._totals: dict[Series, float] = {}
        self._resets: dict[Series, int] = {}
        self._histograms: dict[Series, Histogram] = {}

    def add(self, point: Point) -> None:
        """One number of the page; one that is not finite is absent."""
        if isinstance(point.value, Buckets):
            self._add_buckets(point, point.value)
        elif not usable(point.value):
            return
        elif point.series.kind == "counter":
            self._add_total(point, float(point.value))
        else:
            self._add_level(point.series, held(point.value * point.scale))

    def summaries(self) -> dict[Series, Summary]:
        """What is added to the window of each series; nothing where nothing is known."""
        counters: dict[Series, Summary] = {}
        for series, resets in self._resets.items():
            delta = max(0.0, self._totals[series])
            rate = delta / self._seconds if self._seconds > 0 else 0.0
            counters[series] = Counter(1, delta, held(rate), resets)
        return {**self._levels, **counters, **self._histograms}

    def _add_level(self, series: Series, value: float) -> None:
        known = self._levels.get(series)
        if known is None:
            self._levels[series] = Gauge(1, value, value, value, value)
        else:
            low, high = min(known.low, value), max(known.high, value)
            self._levels[series] = Gauge(known.count + 1, held(known.total + value), low, high, value)

    def _add_total(self, point: Point, value: float) -> None:
        series, grown = point.series, self._look.total(point.key, value)
        if grown is not None:
            self._totals[series] = held(self._totals.get(series, 0.0) + grown.amount * point.scale)
            self._resets[series] = self._resets.get(series, 0) + grown.reset

    def _add_buckets(self, point: Point, value: Buckets) -> None:
        grown = self._look.buckets(point.key, value)
        if grown is None:
            return
        scale, added = point.scale, grown.added
        bounds = [bound * scale for bound in added.bounds]
        total = None if added.total is None else added.total * scale
        one = exponential(bounds, added.counts, total)
        if one.count:
            before = self._histograms.get(point.series)
            self._histograms[point.series] = one if before is None else before.merged(one)
