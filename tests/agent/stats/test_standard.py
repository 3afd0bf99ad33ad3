"""Standardised numbers: robust, short where told, and histograms that see a shift beside a large mean."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.bins import Cells
from agent.stats.histogram import Histogram
from agent.stats.standard import NEAR, SCALE, Standard

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def told(*values: float) -> Standard:
    return Standard.of(np.array(values, np.float64))


def test_it_is_where_most_values_lie_whatever_the_few_are() -> None:
    values = np.random.default_rng(1).normal(300, 2, 10_000)
    clean, spoilt = Standard.of(values), Standard.of(np.append(values, [1e9, -1e300, nan, inf]))
    assert clean == spoilt
    assert clean.center == pytest.approx(300, abs=0.05)
    assert clean.spread == pytest.approx(2, rel=0.05)


def test_it_is_short_where_it_is_told() -> None:
    values = np.random.default_rng(2).normal(size=1000)
    for factor, digits in ((1.0, 4), (1e-12, 8), (12345.678, 6)):
        one = Standard.of(values * factor)
        assert len(f"{one.center:g}") <= digits + 4
        assert float(f"{one.spread:.1e}") == one.spread


def test_where_half_of_all_are_one_what_lies_further_out_tells() -> None:
    assert told(*[0.0] * 80, *[3.29] * 20) == (0.0, 1.0)
    assert told(*[0.0] * 97, *[4.653] * 3) == (0.0, 1.0)
    assert told(*[5.0] * 9999, 13.0) == (5.0, 1.0)


def test_without_any_spread_it_is_one() -> None:
    assert told(7.5, 7.5, 7.5) == (7.5, 1.0)
    assert told(0.0) == told(nan) == told() == (0.0, 1.0)


@given(st.lists(FINITE, min_size=1))
def test_any_numbers_have_one(values: list[float]) -> None:
    one = Standard.of(np.array(values))
    assert one.spread > 0
    assert np.isfinite([*one, *one.of_all(np.array(values))]).all()
    assert one.histogram(np.array(values)).count == len(values)


def test_a_histogram_is_that_of_the_standardised_values() -> None:
    values = np.random.default_rng(3).normal(300, 2, 500)
    one = Standard(300.0, 2.0)
    scaled = (values - 300) / 2
    held = [0.0 if abs(value) <= NEAR else value for value in scaled.tolist()]
    expected = Histogram.of(held, SCALE)
    found = one.histogram(values)
    assert found._replace(total=0.0) == expected._replace(total=0.0)
    assert found.total == pytest.approx(scaled.sum())
    assert one.histogram(np.array([])) == Histogram(SCALE)


def test_a_column_has_a_histogram_a_cell() -> None:
    found = Standard(10.0, 1.0).column(Cells(np.array([4, 2, 4])).column(np.array([11.0, 9.0, 10.0])))
    assert found == {4: Histogram.of([1.0, 0.0], SCALE), 2: Histogram.of([-1.0], SCALE)}
