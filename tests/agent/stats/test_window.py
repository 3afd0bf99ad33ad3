"""The one merge of all summaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary, merge

DYADIC = st.integers(-(2**20), 2**20).map(lambda n: n / 64)
VALUES = st.lists(DYADIC, max_size=8)


def gauge_of(values: list[float]) -> Gauge:
    if not values:
        return Gauge(0, 0.0, 0.0, 0.0, 0.0)
    return Gauge(len(values), sum(values), min(values), max(values), values[-1])


GAUGES = VALUES.map(gauge_of)
COUNTERS = st.builds(Counter, st.integers(0, 99), st.integers(0, 2**64), DYADIC.map(abs), st.integers(0, 3))
HISTOGRAMS = VALUES.map(Histogram.of)
TOPS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9)).map(lambda counts: Top(counts, 0))
TRIPLES = st.one_of(*(st.tuples(kind, kind, kind) for kind in (GAUGES, COUNTERS, HISTOGRAMS, TOPS)))


@given(TRIPLES)
def test_merging_is_associative(three: tuple[Summary, Summary, Summary]) -> None:
    a, b, c = three
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(VALUES, VALUES)
def test_two_gauges_merge_to_the_gauge_of_all_values(a: list[float], b: list[float]) -> None:
    assert merge(gauge_of(a), gauge_of(b)) == gauge_of(a + b)


@given(GAUGES, GAUGES)
def test_all_but_the_last_value_is_commutative(a: Gauge, b: Gauge) -> None:
    one, two = merge(a, b), merge(b, a)
    assert isinstance(one, Gauge)
    assert isinstance(two, Gauge)
    assert one[:4] == two[:4]


@given(COUNTERS, COUNTERS)
def test_counters_commute_and_add_exactly(a: Counter, b: Counter) -> None:
    assert merge(a, b) == merge(b, a) == (a[0] + b[0], a[1] + b[1], max(a[2], b[2]), a[3] + b[3])


def test_an_empty_later_gauge_does_not_hide_the_last_value() -> None:
    known = Gauge(2, 3.0, 1.0, 2.0, 2.0)
    empty = Gauge(0, 0.0, 0.0, 0.0, 0.0)
    assert merge(known, empty) == known == merge(empty, known)


@pytest.mark.parametrize("other", [Counter(1, 1.0, 1.0, 0), Histogram(), Top()])
def test_mixed_kinds_are_refused(other: Summary) -> None:
    with pytest.raises(TypeError, match="one series has one kind"):
        merge(Gauge(1, 1.0, 1.0, 1.0, 1.0), other)
