"""Columns: the fast path and the one that looks at each value agree."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from agent.stats.columns import PENDING, CounterColumn, GaugeColumn, HistogramColumn, TopColumn, ticks_of
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge
from collectors.api import Series

LOAD = Series("load", "1", "gauge", ())
SENT = Series("sent", "By", "counter", ())
TIME = Series("time", "s", "histogram", ())
STATUS = Series("status", "1", "top", ())

CLIMBS = st.lists(st.integers(0, 1000), min_size=1, max_size=10)


def test_ticks_reach_back_to_the_row_before() -> None:
    ticks = ticks_of([2.0, 3.5], 1.0)
    assert (ticks.steps, ticks.inner, ticks.forward) == ([1.0, 1.5], [1.5], True)
    assert ticks_of([2.0], None).steps == []
    assert not ticks_of([2.0, 2.0], None).forward
    assert not ticks_of([2.0], 2.0).forward


@given(CLIMBS, CLIMBS, st.booleans())
def test_a_climbing_counter_is_the_same_by_both_paths(
    first: list[int], second: list[int], fall: bool
) -> None:
    fast, slow = CounterColumn(SENT), CounterColumn(SENT)
    before, total, now = None, 0, 0.0
    for rises in (first, second):
        totals: list[int] = []
        for rise in rises:
            total += rise
            totals.append(total)
        times = [now + n for n in range(len(totals))]
        fast.take(tuple(totals), ticks_of(times, before))
        for at, value in zip(times, totals, strict=True):
            # Ticks that know of no row before keep a counter off the fast path.
            slow.take((value,), ticks_of([at], None))
        before, now = times[-1], times[-1] + 1.0
        total = total // 4 if fall else total
    assert fast.close() == slow.close()


def test_a_nan_hidden_among_totals_is_seen() -> None:
    column = CounterColumn(SENT)
    for place in range(4):
        totals: list[float] = [100.0 * place + n for n in (1, 2, 3, 4)]
        totals[place] = math.nan
        start = 10.0 * place
        assert column.take(tuple(totals), ticks_of([start + n for n in range(4)], None)) == 1
    summary = column.close()
    assert isinstance(summary, Counter)
    assert (summary.count, summary.delta, summary.resets) == (11, 301.0, 0)


def test_a_nan_among_the_totals_of_an_idle_counter_is_seen() -> None:
    column = CounterColumn(SENT)
    column.take((1.0,), ticks_of([0.0], None))
    assert column.take((1.0, math.nan, 1.0), ticks_of([1.0, 2.0, 3.0], 0.0)) == 1
    assert column.close() == Counter(2, 0.0, 0.0, 0)


def test_closing_begins_anew() -> None:
    column = GaugeColumn(LOAD)
    assert column.take((1.0, None, 3.0), ticks_of([0.0, 1.0, 2.0], None)) == 0
    assert column.close() == Gauge(2, 4.0, 1.0, 3.0, 3.0)
    assert column.close() is None


def test_values_wait_for_the_histogram_in_bounded_number() -> None:
    column = HistogramColumn(TIME)
    for _ in range(3):
        column.gather([1.0] * (PENDING - 1))
        assert len(column.pending) < PENDING
    assert column.close() == Histogram.of([1.0] * 3 * (PENDING - 1))


def test_a_poll_of_bad_pairs_adds_none_of_them() -> None:
    column = TopColumn(STATUS)
    assert column.gather([("a", 1)]) == 0
    assert column.gather([("a", 1), ("b", -1)]) == 1
    assert column.close() == Top({"a": 1}, 0)
