"""Classic histograms keep their counts and sums, and each value its own bucket."""

from __future__ import annotations

import random
from bisect import bisect_left
from itertools import accumulate, pairwise
from math import inf, isclose, isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.scrape.spread import PLACES, exponential
from agent.stats.histogram import Histogram, midpoint

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, inf)


def counted(values: list[float], bounds: tuple[float, ...] = BOUNDS) -> list[int]:
    """How a server counts them."""
    counts = [0] * len(bounds)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return counts


def within(histogram: Histogram, bounds: tuple[float, ...], counts: list[int], slack: float = 0.022) -> None:
    """At every rank the quantile lies in the bucket of the server that the value of that rank lies in."""
    n, ends = sum(counts), list(accumulate(counts))
    for rank in range(n):
        bucket = bisect_left(ends, rank + 1)
        lower = bounds[bucket - 1] if bucket else (0.0 if bounds[0] > 0 else -inf)
        value = histogram.quantile((rank + 0.5) / (n - 1) if n > 1 and rank < n - 1 else rank / max(1, n - 1))
        assert value is not None
        assert lower - abs(lower) * slack <= value <= bounds[bucket] + abs(bounds[bucket]) * slack


@pytest.mark.parametrize("seed", range(4))
def test_counts_and_sums_are_exact_and_bounds_are_kept(seed: int) -> None:
    source = random.Random(seed)
    values = [source.lognormvariate(-2, 1.2) for _ in range(1000)]
    values = [value for value in values if value < 10]
    counts = counted(values)
    found = exponential(BOUNDS, counts, sum(values))
    assert (found.count, found.total) == (len(values), sum(values))
    assert found.zero + sum(found.positive.values()) == len(values)
    within(found, BOUNDS, counts)
    assert found.low <= min(values)
    assert found.high >= max(values)
    estimated = sum(midpoint(bucket, found.scale) * n for bucket, n in found.positive.items())
    assert isclose(estimated, sum(values), rel_tol=0.011)


def test_one_value_and_values_of_one_bucket_have_an_exact_mean() -> None:
    one = exponential(BOUNDS, counted([0.3172]), 0.3172)
    assert (one.low, one.high, one.quantile(0.5)) == (0.3172, 0.3172, 0.3172)
    some = exponential(BOUNDS, counted([0.26, 0.3, 0.34]), 0.9)
    assert some.quantile(0.5) == pytest.approx(0.3, rel=0.011)
    assert some.low == 0.25
    assert some.high == pytest.approx(0.4)


def test_beyond_the_last_bound_is_what_the_sum_leaves() -> None:
    values = [0.3, 40.0, 60.0]
    found = exponential(BOUNDS, counted(values), sum(values))
    assert found.quantile(1.0) == pytest.approx(50.0, rel=0.01)
    assert found.count == 3
    # A sum that leaves less than the bound is no reason to go below it.
    assert exponential(BOUNDS, counted(values), 1.0).quantile(1.0) == 10.0
    assert exponential(BOUNDS, counted(values), None).quantile(1.0) == 10.0
    assert exponential((inf,), [4], 10.0).quantile(0.5) == 2.5


def test_a_sum_that_is_off_by_rounding_puts_values_at_the_bound() -> None:
    found = exponential((0.1, 0.3, inf), [0, 3, 0], 0.3 * 3 + 1e-15)
    assert found.quantile(0.5) == pytest.approx(0.3)
    assert exponential((0.1, 0.3, inf), [3, 0, 0], -1e-18).zero == 3


def test_few_buckets_are_filled() -> None:
    counts = [100_000] * len(BOUNDS)
    found = exponential(BOUNDS, counts, None)
    assert len(found.positive) <= PLACES * len(BOUNDS)
    assert found.count == 100_000 * len(BOUNDS)


def test_nothing_zero_and_below_zero() -> None:
    assert exponential(BOUNDS, [0] * len(BOUNDS), 0.0) == Histogram()
    assert exponential((), [], None) == Histogram()
    assert exponential((0.0, 1.0, inf), [3, 0, 0], 0.0).zero == 3
    zeros = exponential((1.0, inf), [2, 0], 0.0)
    assert (zeros.zero, zeros.low, zeros.high) == (2, 0.0, 0.0)
    below = exponential((-1.0, 0.0, 1.0, inf), [1, 2, 1, 0], -1.8)
    assert (below.count, below.total, sum(below.negative.values())) == (4, -1.8, 3)
    assert below.low == -1.0
    assert below.high <= 1.0


def test_windows_add_up_to_the_whole() -> None:
    source = random.Random(5)
    values = [source.expovariate(4) for _ in range(600)]
    parts = [values[at : at + 40] for at in range(0, 600, 40)]
    merged = Histogram()
    for part in parts:
        merged = merged.merged(exponential(BOUNDS, counted(part), sum(part)))
    assert merged.count == 600
    assert isclose(merged.total, sum(values))
    for q in (0.5, 0.9, 0.99):
        exact = sorted(values)[int(q * 599)]
        at = bisect_left(BOUNDS, exact)
        assert (BOUNDS[at - 1] if at else 0.0) * 0.98 <= (merged.quantile(q) or 0.0) <= BOUNDS[at] * 1.02


FINITE = st.floats(-1e12, 1e12).map(lambda value: value + 0.0)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(FINITE, max_size=12, unique=True),
    st.lists(st.integers(0, 1000), min_size=13, max_size=13),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_whatever_a_server_tells(bounds: list[float], counts: list[int], total: float | None) -> None:
    edges = (*sorted(bounds), inf)
    found = exponential(edges, counts[: len(edges)], total)
    n = sum(counts[: len(edges)])
    assert found.count == n == found.zero + sum(found.positive.values()) + sum(found.negative.values())
    assert all(map(isfinite, (found.total, found.low, found.high)))
    assert found.low <= found.high or not n
    if total is not None and n:
        assert found.total == total
    quantiles = [found.quantile(q / 10) for q in range(11)]
    if n:
        assert all(a <= b for a, b in pairwise([value for value in quantiles if value is not None]))
