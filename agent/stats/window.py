"""The summaries of a window: gauge, counter, histogram, top values, and the one merge of all.

A summary says what a series did during a span. Merging is addition: `merge(a, b)` of two
neighbouring spans is the summary of both, whatever the grain, so minutes become hours and devices
become a fleet by the same function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent.stats.histogram import Histogram, held
from agent.stats.topk import Top
from collectors.api import Series


class Gauge(NamedTuple):
    """Values seen at instants: `count` of them, their sum, extremes, and the latest."""

    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count
    total: float
    low: float
    high: float
    last: float


class Counter(NamedTuple):
    """A growing total: increase over the span, highest rate between two polls (1/s), resets seen."""

    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count
    delta: float
    rate: float
    resets: int


Summary = Gauge | Counter | Histogram | Top


def _gauge(a: Gauge, b: Gauge) -> Gauge:
    if not a.count or not b.count:
        return a if a.count else b
    return Gauge(a.count + b.count, held(a.total + b.total), min(a.low, b.low), max(a.high, b.high), b.last)


def _counter(a: Counter, b: Counter) -> Counter:
    return Counter(a.count + b.count, held(a.delta + b.delta), max(a.rate, b.rate), a.resets + b.resets)


def merge_into(into: dict[Series, Summary], more: Mapping[Series, Summary]) -> None:
    """Add summaries of several series, of a later or the same span, to those that are there.

    Raises:
        TypeError: a series has summaries of different kinds.
    """
    for series, summary in more.items():
        before = into.get(series)
        into[series] = summary if before is None else merge(before, summary)


def merge(a: Summary, b: Summary) -> Summary:
    """The summary of two spans of one series, `b` the later: its `last` holds unless it is empty.

    Neither is changed. Counts, extremes and buckets are exact; sums are those of floats.

    Raises:
        TypeError: the two are of different kinds.
    """
    if isinstance(a, Gauge) and isinstance(b, Gauge):
        return _gauge(a, b)
    if isinstance(a, Counter) and isinstance(b, Counter):
        return _counter(a, b)
    if isinstance(a, Histogram) and isinstance(b, Histogram):
        return a.merged(b)
    if isinstance(a, Top) and isinstance(b, Top):
        return a.merged(b)
    raise TypeError(f"a {type(a).__name__} and a {type(b).__name__} do not merge: one series has one kind")
