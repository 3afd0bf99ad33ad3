"""The exponential histogram: bucket rules, scales, merging, quantiles."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.histogram import MAX_BUCKETS, MIN_SCALE, SCALE, Histogram, index, midpoint

ERROR = 0.0109
FINITE = st.floats(allow_nan=False, allow_infinity=False)
DYADIC = st.integers(-(2**20), 2**20).map(lambda n: n / 64)
POSITIVE = st.floats(min_value=5e-324, max_value=sys.float_info.max)


def test_powers_of_two_are_the_upper_end_of_their_bucket_at_every_scale() -> None:
    for exponent in range(-1022, 1024):
        power = math.ldexp(1.0, exponent)
        for scale in range(5, -5, -1):
            assert index(power, scale) == (exponent * 2 ** (scale + 10) - 1) >> 10
            assert index(math.nextafter(power, 0), 5) == (exponent << 5) - 1
        assert index(math.nextafter(power, math.inf), 5) == exponent << 5


@given(POSITIVE)
def test_a_value_lies_in_its_bucket_by_exact_arithmetic(value: float) -> None:
    i = index(value)
    # base^i < value <= base^(i+1), raised to the 32nd power: 2^i < value^32 <= 2^(i+1).
    power = Fraction(value) ** 32
    assert Fraction(2) ** i < power <= Fraction(2) ** (i + 1)


@given(POSITIVE, st.integers(MIN_SCALE, SCALE))
def test_the_index_of_a_coarser_scale_is_the_finer_one_shifted(value: float, scale: int) -> None:
    assert index(value, scale) == index(value) >> (SCALE - scale)


def test_indexes_fit_an_int32_for_the_smallest_and_the_largest_double() -> None:
    assert index(5e-324) == (-1074 << 5) - 1
    assert index(sys.float_info.max) == (1024 << 5) - 1
    assert index(5e-324, MIN_SCALE) == -2
    assert index(sys.float_info.max, MIN_SCALE) == 0


@given(st.floats(min_value=1e-300, max_value=sys.float_info.max))
def test_a_midpoint_is_within_the_guaranteed_error_of_every_value_of_its_bucket(value: float) -> None:
    assert abs(midpoint(index(value), SCALE) / value - 1) <= ERROR


@given(st.integers(-(2**31), 2**31 - 1), st.integers(MIN_SCALE, SCALE))
def test_a_midpoint_is_a_positive_double_for_any_int32(bucket: int, scale: int) -> None:
    assert 0 < midpoint(bucket, scale) <= sys.float_info.max


def test_zero_negative_and_nonfinite_values_are_told_apart() -> None:
    histogram = Histogram.of([0.0, -0.0, 3.0, -3.0, -3.0, math.nan, math.inf, -math.inf])
    i = index(3.0)
    assert histogram == Histogram(5, 2, {i: 1}, {i: 2}, 5, -3.0, -3.0, 3.0, 3)


def test_an_empty_histogram_has_no_quantile() -> None:
    assert Histogram.of([]).quantile(0.5) is None
    assert Histogram.of([math.nan]) == Histogram(nonfinite=1)
    assert Histogram.of([math.nan]).quantile(0.5) is None


@given(st.lists(FINITE, min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_is_within_the_error_of_the_exact_one(values: list[float], q: float) -> None:
    exact = sorted(values)[math.floor(q * (len(values) - 1))]
    found = Histogram.of(values)
    got = found.quantile(q)
    assert got is not None
    error = (1.0900 / 100) * 2 ** (SCALE - found.scale)
    assert abs(got - exact) <= error * abs(exact) + 1e-322


def test_the_error_is_at_most_1_08_percent_over_a_latency_distribution() -> None:
    values = [0.001 * 1.0007**n for n in range(10_000)]
    histogram = Histogram.of(values)
    for q in (0.01, 0.5, 0.9, 0.99, 0.999):
        got = histogram.quantile(q)
        assert got is not None
        assert abs(got / values[math.floor(q * 9_999)] - 1) <= 0.01084


def test_the_ends_are_exact() -> None:
    histogram = Histogram.of([0.3, 1.7, 9.1])
    assert (histogram.quantile(0.0), histogram.quantile(1.0)) == (0.3, 9.1)


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_a_quantile_outside_0_to_1_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match=r"within \[0, 1\]"):
        Histogram.of([1.0]).quantile(q)


@pytest.mark.parametrize("scale", [6, -11])
def test_a_scale_out_of_range_is_refused(scale: int) -> None:
    with pytest.raises(ValueError, match="scale must be within"):
        Histogram.of([1.0], scale)


@given(st.lists(FINITE, max_size=40), st.integers(MIN_SCALE, SCALE))
def test_downscaling_equals_counting_at_the_coarser_scale(values: list[float], scale: int) -> None:
    assert Histogram.of(values).at(scale) == Histogram.of(values, scale)


@given(st.lists(DYADIC, max_size=40), st.lists(DYADIC, max_size=40), st.lists(DYADIC, max_size=40))
def test_merging_equals_counting_all_and_is_associative(
    a: list[float], b: list[float], c: list[float]
) -> None:
    one, two, three = Histogram.of(a), Histogram.of(b), Histogram.of(c)
    assert one.merged(two).merged(three) == one.merged(two.merged(three)) == Histogram.of(a + b + c)
    assert one.merged(two) == two.merged(one)
    assert one.merged(Histogram()) == one == Histogram().merged(one)


@given(st.lists(DYADIC, max_size=30), st.lists(DYADIC, max_size=30), st.integers(MIN_SCALE, SCALE))
def test_merging_different_scales_gives_the_coarser(a: list[float], b: list[float], scale: int) -> None:
    assert Histogram.of(a).merged(Histogram.of(b, scale)) == Histogram.of(a + b, scale)


def test_merging_changes_neither() -> None:
    one, two = Histogram.of([1.0, 2.0, -1.0]), Histogram.of([2.0, 0.0, math.nan])
    copies = Histogram.of([1.0, 2.0, -1.0]), Histogram.of([2.0, 0.0, math.nan])
    one.merged(two)
    assert (one, two) == copies


def test_beyond_the_cap_the_scale_is_halved_and_said() -> None:
    values = [2.0 ** (n / 32 + 1 / 64) for n in range(MAX_BUCKETS + 1)]
    assert Histogram.of(values[:-1]).scale == SCALE
    assert Histogram.of(values).scale == SCALE - 1
    assert Histogram.of(values) == Histogram.of(values, SCALE - 1)
    assert Histogram.of([-value for value in values]).scale == SCALE - 1


def test_the_cap_holds_in_whichever_order_parts_are_merged() -> None:
    parts = [Histogram.of([2.0 ** (n / 8 + k / 256) for n in range(-4000, 4000, 7)]) for k in range(6)]
    forward, backward = parts[0], parts[-1]
    for part in parts[1:]:
        forward = forward.merged(part)
    for part in parts[-2::-1]:
        backward = part.merged(backward)
    assert len(forward.positive) <= MAX_BUCKETS
    assert forward.scale < 3
    assert (forward.scale, forward.positive) == (backward.scale, backward.positive)


def test_a_sum_beyond_the_doubles_is_held_at_the_largest() -> None:
    big = sys.float_info.max
    assert Histogram.of([big, big]).total == big
    assert Histogram.of([-big]).merged(Histogram.of([-big])).total == -big
    assert Histogram.of([big, big, -big]).total == big


def test_huge_and_tiny_values_share_a_histogram() -> None:
    histogram = Histogram.of([5e-324, 1.0, sys.float_info.max])
    assert histogram.count == 3
    assert histogram.quantile(0.0) == 5e-324
    assert histogram.quantile(1.0) == sys.float_info.max
