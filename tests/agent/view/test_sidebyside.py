"""Shares by rows, against counting the values themselves."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.baseline import Feature
from agent.stats.drift import Seen
from agent.stats.standard import Standard
from agent.stats.topk import Top
from agent.view.sidebyside import MOST, OTHER, Row, rows

VALUES = st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=60)


def of(reference: list[float], window: list[float], standard: Standard) -> list[Row]:
    one, two = (standard.histogram(np.array(values, np.float64)) for values in (reference, window))
    return rows(Feature(one, standard), Seen(two))


def test_shares_are_those_of_the_values() -> None:
    random = np.random.default_rng(5)
    standard = Standard(20.0, 2.0)
    one, two = random.normal(20, 2, 20_000), random.normal(24, 3, 20_000)
    found = of(one.tolist(), two.tolist(), standard)
    assert 8 <= len(found) <= MOST + 3
    for row in found:
        for values, told in ((one, row.reference), (two, row.window)):
            real = np.count_nonzero((values >= row.low) & (values < row.high)) / len(values)
            assert told == pytest.approx(real, abs=0.03)


@given(VALUES, VALUES, st.floats(-1e5, 1e5), st.floats(1e-3, 1e4))
def test_all_values_are_in_rows_of_equal_width_without_gaps(
    reference: list[float], window: list[float], center: float, spread: float
) -> None:
    found = of(reference, window, Standard(center, spread))
    assert math.fsum(row.reference for row in found) == pytest.approx(1.0)
    assert math.fsum(row.window for row in found) == pytest.approx(1.0)
    assert len(found) <= MOST + 3
    for before, after in pairwise(found):
        assert before.high == after.low
    widths = [row.high - row.low for row in found if math.isfinite(row.high - row.low)]
    assert widths == pytest.approx([widths[0]] * len(widths))


def test_one_value_is_one_row_and_none_are_none() -> None:
    (only,) = [row for row in of([5.0] * 9, [5.0], Standard(5.0, 1.0)) if row.reference]
    assert only.low <= 5.0 < only.high
    assert (only.reference, only.window) == (1.0, 1.0)
    assert of([], [], Standard()) == []


def test_categories_are_told_by_name_and_the_rest_together() -> None:
    reference = Feature(Top({"north": 4, "south": 2}, 2))
    assert rows(reference, Seen(Top({"north": 1, "east": 3}))) == [
        Row(0.0, 0.0, "east", 0.0, 0.75),
        Row(0.0, 0.0, "north", 0.5, 0.25),
        Row(0.0, 0.0, "south", 0.25, 0.0),
        Row(0.0, 0.0, OTHER, 0.25, 0.0),
    ]
    many = Feature(Top({f"c{n}": n + 1 for n in range(40)}))
    found = rows(many, many.seen)
    assert len(found) == MOST + 1
    assert math.fsum(row.reference for row in found) == pytest.approx(1.0)


def test_two_kinds_have_no_rows() -> None:
    assert rows(Feature(Top({"a": 1})), Seen(Standard().histogram(np.ones(3)))) == []
