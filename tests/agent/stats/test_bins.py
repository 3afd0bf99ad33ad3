"""Histograms of columns are those of single values, to the bucket."""

from __future__ import annotations

from math import isclose, ldexp, nextafter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.stats import histogram
from agent.stats.bins import Cells, distinct, indexes
from agent.stats.histogram import Histogram

POSITIVE = st.floats(min_value=5e-324, max_value=1.7976931348623157e308)
VALUES = st.floats(allow_nan=False, allow_infinity=False)


def told(values: list[float]) -> list[int]:
    return indexes(np.array(values, np.float64)).tolist()


@given(st.lists(POSITIVE, min_size=1))
def test_an_index_is_that_of_the_single_value(values: list[float]) -> None:
    assert told(values) == [histogram.index(value) for value in values]


def test_the_bounds_of_each_bucket_are_exact() -> None:
    bounds = [
        ldexp(bound, exponent)
        for bound in histogram._BOUNDS
        for exponent in (-1073, -1021, -3, 0, 1, 1024)
        if ldexp(bound, exponent) > 0
    ]
    near = [v for b in bounds for v in (nextafter(b, 0.0), b, nextafter(b, 1e308)) if v > 0]
    assert told(near) == [histogram.index(value) for value in near]


def test_powers_of_two_belong_to_the_bucket_below() -> None:
    powers = [ldexp(1.0, exponent) for exponent in range(-1074, 1024)]
    assert told(powers) == [(exponent << 5) - 1 for exponent in range(-1074, 1024)]


@given(st.lists(st.tuples(st.integers(0, 5), VALUES), min_size=1))
def test_a_histogram_of_a_cell_is_that_of_its_values(rows: list[tuple[int, float]]) -> None:
    found = Cells(np.array([c for c, _ in rows])).column(np.array([v for _, v in rows])).histograms()
    for cell in {c for c, _ in rows}:
        values = [v for c, v in rows if c == cell]
        expected = Histogram.of(values)
        assert found[cell]._replace(total=0.0) == expected._replace(total=0.0)
        assert isclose(found[cell].total, expected.total, rel_tol=1e-9, abs_tol=1e-12 * max(map(abs, values)))
    assert set(found) == {c for c, _ in rows}


def test_many_cells_over_a_wide_range_are_counted_by_sorting() -> None:
    values = [ldexp(1.0, exponent) for exponent in range(-1000, 1000)]
    found = Cells(np.arange(2000)).column(np.array(values)).histograms()
    assert [found[cell] for cell in range(2000)] == [Histogram.of([value]) for value in values]


def test_absent_values_are_in_no_cell() -> None:
    column = Cells(np.array([1, 0, 1])).column(np.array([np.nan, 2.0, np.nan]))
    assert column.histograms() == {0: Histogram.of([2.0])}
    assert Cells(np.array([1])).column(np.array([np.nan])).gauges() == {}


def test_a_gauge_ends_with_the_last_row_of_its_cell() -> None:
    found = Cells(np.array([7, 3, 7])).column(np.array([5.0, 1.0, 2.0])).gauges()
    assert found[7] == (2, 7.0, 2.0, 5.0, 2.0)
    assert found[3] == (1, 1.0, 1.0, 1.0, 1.0)


def test_keys_that_occur_are_told_once() -> None:
    assert distinct(np.array([5, -1, 5, 3])).tolist() == [-1, 3, 5]
    assert distinct(np.array([], np.int64)).tolist() == []
