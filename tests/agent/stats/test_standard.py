"""Standardised numbers: robust, short where told, and histograms that see a shift beside a large mean."""

from __future__ import annotations

from math import inf, ldexp, log2, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.bins import Rows
from agent.stats.histogram import Histogram, index
from agent.stats.standard import NEAR, SCALE, Standard, Sums

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


@given(
    st.lists(
        st.tuples(st.integers(0, 3), FINITE | st.sampled_from([nan, inf, -inf, 10.0, 11.0, 12.0, 1e300]))
    ),
    st.sampled_from([Standard(), Standard(10.0, 1.0), Standard(-3.0, 1e-6), Standard(0.0, 1e150)]),
)
def test_a_column_has_the_histogram_of_each_cells_values(
    rows: list[tuple[int, float]], standard: Standard
) -> None:
    cells = np.array([cell for cell, _ in rows], np.int64)
    values = np.array([value for _, value in rows], np.float64)
    sums = Sums([Standard(), standard])
    _, absent = sums.add(Rows(cells), [np.ones(len(cells)), values])
    found = {cell: own for (cell, place), own in sums.histograms().items() if place == 1}
    for cell in set(cells.tolist()):
        scaled = standard.of_all(values[(cells == cell) & np.isfinite(values)])
        near = [0.0 if abs(value) <= NEAR else value for value in scaled.tolist()]
        expected = Histogram.of(near, SCALE)
        own = found.get(cell, Histogram(SCALE))
        assert own.count == len(near)
        assert (own.zero, own.positive, own.negative) == (expected.zero, expected.positive, expected.negative)
        assert own.total == pytest.approx(scaled.sum(), rel=1e-9, abs=1e-9)
        assert not near or (own.low, own.high) == (scaled.min(), scaled.max())
    assert sorted(absent.tolist()) == np.flatnonzero(~np.isfinite(values)).tolist()
    assert set(found) <= set(cells.tolist())


def test_buckets_are_those_of_the_index_but_for_a_last_digit() -> None:
    bounds = [ldexp(2 ** (part / 4), octave) for octave in range(-4, 25) for part in range(4)]
    exact = [bound for bound in bounds if log2(bound) % 1 == 0]
    near = [bound * factor for bound in bounds for factor in (1 - 1e-15, 1 + 1e-15)]
    for value in (*exact[1:], *near[1:]):
        for sign in (1.0, -1.0):
            one = Standard().histogram(np.array([sign * value]))
            buckets = one.positive if sign > 0 else one.negative
            assert buckets == {index(value, SCALE): 1}
    assert Standard().histogram(np.array([NEAR, -NEAR])).zero == 2


def test_many_cells_in_any_order() -> None:
    random = np.random.default_rng(5)
    cells, values = random.integers(0, 3000, 5000) * 1000, random.normal(0, 1, 5000)
    sums = Sums([Standard()])
    for part in (slice(0, 2000), slice(2000, None)):
        sums.add(Rows(cells[part]), [values[part]])
    found = sums.histograms()
    assert sum(each.count for each in found.values()) == 5000
    for cell in cells[:20].tolist():
        assert found[cell, 0].count == np.count_nonzero(cells == cell)
        assert found[cell, 0].low == values[cells == cell].min()
