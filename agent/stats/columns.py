"""What a window gathers of one series: a column of readings at a time, by built-ins at C speed.

The fast path of each column takes for granted that every value is there, finite and in order, finds
out by the way that it is not, and leaves the column to a path that looks at each value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from operator import sub, truediv
from typing import Any, NamedTuple

from agent.stats.histogram import Histogram, held, total_of
from agent.stats.topk import Top
from agent.stats.totals import increase, usable
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

PENDING = 1024
"""Values that wait for the histogram before they are entered together."""


class Ticks(NamedTuple):
    """When the rows of a column were read, in s of the boot clock.

    `before` is the time of the row before the first (None: there is none), `steps` the s between
    all rows from `before` on, `inner` those from the first row on; `forward` says that all are > 0.
    """

    times: Sequence[float]
    before: float | None
    steps: Sequence[float]
    inner: Sequence[float]
    forward: bool


def ticks_of(times: Sequence[float], before: float | None) -> Ticks:
    """The ticks of rows read at `times` (at least one), after a row read at `before`."""
    inner = list(map(sub, times[1:], times))
    steps = inner if before is None else [times[0] - before, *inner]
    return Ticks(times, before, steps, inner, min(steps, default=1.0) > 0.0)


class GaugeColumn:
    """Gathers a gauge."""

    __slots__ = ("count", "high", "last", "low", "series", "total")

    def __init__(self, series: Series) -> None:
        self.series = series
        self._clear()

    def _clear(self) -> None:
        self.count, self.total, self.last = 0, 0.0, 0.0
        self.low, self.high = float("inf"), float("-inf")

    def take(self, column: Sequence[Any], ticks: Ticks) -> int:
        """Gather the values; returns how many were no finite number. None is absent, not one of them."""
        if None in column:  # read less often than others of its collector
            column = [value for value in column if value is not None]
            if not column:
                return 0
        try:
            total = sum(column)
            if isfinite(total):
                self._add(column, total)
                return 0
        except (TypeError, OverflowError):
            pass  # a value is no number or too large: each is looked at below
        values = list(filter(usable, column))
        if values:
            self._add(values, total_of(values))
        return len(column) - len(values)

    def _add(self, values: Sequence[float], total: float) -> None:
        self.count += len(values)
        self.total = held(self.total + total)
        low, high = min(values), max(values)
        self.low = min(self.low, low)
        self.high = max(self.high, high)
        self.last = values[-1]

    def close(self) -> Summary | None:
        """The summary since the last close, None without any value."""
        if not self.count:
            return None
        summary = Gauge(self.count, self.total, self.low, self.high, self.last)
        self._clear()
        return summary

    def vanish(self) -> None:
        """The series is gone for now."""


class CounterColumn:
    """Gathers a counter. The last total and its time outlive the window: no increase is lost between two."""

    __slots__ = ("at", "before", "count", "delta", "rate", "resets", "series")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.before: float | None = None
        self.at = 0.0
        self._clear()

    def _clear(self) -> None:
        self.count, self.rate, self.resets = 0, 0.0, 0
        self.delta: float = 0

    def take(self, column: Sequence[Any], ticks: Ticks) -> int:
        """Gather the running totals; returns how many were no finite number (None is none of them)."""
        before = self.before
        if ticks.forward and (len(column) > 1 if before is None else self.at == ticks.before):
            try:
                if self._climb(column, ticks, before):
                    return 0
            except (TypeError, OverflowError):
                pass  # a value is None, no number or too large: each is looked at below
        pairs = zip(column, ticks.times, strict=True)
        return sum([self._step(value, at) for value, at in pairs if value is not None])

    def _climb(self, column: Sequence[Any], ticks: Ticks, before: float | None) -> bool:
        """Gather totals that never fall, from the tick before on; False, and nothing is done, if they do."""
        if sorted(column) != list(column):
            return False
        if before is None:
            first, rates = column[0], list(map(truediv, map(sub, column[1:], column), ticks.inner))
        elif column[-1] == before and column.count(before) == len(column):
            first, rates = before, [0.0] * len(column)
        else:
            first, rates = before, list(map(truediv, map(sub, column, (before, *column)), ticks.steps))
        if not (first <= column[0] and isfinite(sum(rates))):
            return False
        self.count += len(rates)
        self.delta = held(self.delta + (column[-1] - first))
        highest = max(rates)
        self.rate = max(self.rate, highest)
        self.before, self.at = column[-1], ticks.times[-1]
        return True

    def _step(self, value: Any, at: float) -> int:
        """Gather one total; 1 if it is no finite number."""
        if not usable(value):
            return 1
        if self.before is None:
            self.before, self.at = value, at
            return 0
        amount, self.before, reset = increase(self.before, value)
        if at > self.at:
            self.rate = max(self.rate, amount / (at - self.at))
        self.count, self.delta, self.at = self.count + 1, held(self.delta + amount), at
        self.resets += reset
        return 0

    def close(self) -> Summary | None:
        """The summary since the last close, None if no two totals were read."""
        if not self.count:
            return None
        summary = Counter(self.count, self.delta, held(self.rate), self.resets)
        self._clear()
        return summary

    def begin(self, at: float) -> None:
        """At `at` the total was 0: what is read first is an increase."""
        self.before, self.at = 0, at

    def vanish(self) -> None:
        """The series is gone for now: should it return, its first total is a baseline only."""
        self.before = None


class HistogramColumn:
    """Gathers the values that each poll hands over."""

    __slots__ = ("histogram", "pending", "series")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.histogram = Histogram()
        self.pending: list[Any] = []

    def gather(self, values: Any) -> int:
        """Gather a sequence of values; returns how many were no number (NaN and infinities are some)."""
        try:
            self.pending.extend(values)
        except TypeError:
            return 1
        return self.settle() if len(self.pending) >= PENDING else 0

    def settle(self) -> int:
        """Enter the values that wait; returns how many were no number."""
        values, self.pending, strange = self.pending, [], 0
        try:
            entered = Histogram.of(values)
        except (TypeError, OverflowError):
            numbers = [value for value in values if usable(value) or isinstance(value, float)]
            strange = len(values) - len(numbers)
            entered = Histogram.of(numbers)
        self.histogram = self.histogram.merged(entered)
        return strange

    def close(self) -> Summary | None:
        """The summary since the last close, None without any value."""
        self.settle()
        summary, self.histogram = self.histogram, Histogram()
        return summary if summary.count or summary.nonfinite else None

    def vanish(self) -> None:
        """The series is gone for now."""


class TopColumn:
    """Gathers the counted values that each poll hands over."""

    __slots__ = ("series", "top")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.top = Top()

    def gather(self, items: Iterable[tuple[str, int]]) -> int:
        """Gather (value, count) pairs; returns 1, and gathers none, where they are nothing of the kind."""
        try:
            self.top = self.top.plus(items)
        except (TypeError, ValueError):
            return 1
        return 0

    def settle(self) -> int:
        """Nothing waits."""
        return 0

    def close(self) -> Summary | None:
        """The summary since the last close, None without any item."""
        summary, self.top = self.top, Top()
        return summary if summary.seen else None

    def vanish(self) -> None:
        """The series is gone for now."""


Column = GaugeColumn | CounterColumn | HistogramColumn | TopColumn


def column_of(series: Series) -> Column:
    """An empty column for a series of any kind."""
    if series.kind == "gauge":
        return GaugeColumn(series)
    if series.kind == "counter":
        return CounterColumn(series)
    return HistogramColumn(series) if series.kind == "histogram" else TopColumn(series)
