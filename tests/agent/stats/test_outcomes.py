"""Columns of pairs to counts and sums: as one row after another gives them; what does not count is told."""

from __future__ import annotations

from collections import Counter
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.outcomes import calibrations, confusions, errors, ranks
from agent.stats.quality import BINS, MISTAKEN, Bin

NAMES = ["cat", "dog", "other"]
ROWS = st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=50)


def number(name: str) -> int:
    return min("abcd".index(name), 2)


@given(ROWS)
def test_confusions_are_those_of_single_rows(rows: list[tuple[int, str, str]]) -> None:
    told = confusions(
        np.array([cell for cell, _, _ in rows], np.int64),
        np.array([number(truth) for _, truth, _ in rows], np.int64),
        np.array([number(taken) for _, _, taken in rows], np.int64),
        np.array([truth == taken for _, truth, taken in rows], np.bool_),
        NAMES,
        other=2,
    )
    expected: dict[int, Counter[tuple[str, str]]] = {}
    for cell, truth, taken in rows:
        column = NAMES[number(taken)]
        if number(truth) == number(taken) == 2 and truth != taken:
            column = MISTAKEN
        expected.setdefault(cell, Counter())[NAMES[number(truth)], column] += 1
    assert told == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 64), st.booleans()), max_size=50))
def test_calibrations_are_those_of_single_rows(rows: list[tuple[int, int, bool]]) -> None:
    told, refused = calibrations(
        np.array([cell for cell, _, _ in rows], np.int64),
        np.array([part / 64 for _, part, _ in rows], np.float64),
        np.array([right for _, _, right in rows], np.bool_),
    )
    assert refused == 0
    for cell in {cell for cell, _, _ in rows}:
        mine = [(part / 64, right) for own, part, right in rows if own == cell]
        expected: dict[int, Bin] = {}
        for confidence, right in mine:
            place = min(int(confidence * BINS), BINS - 1)
            before = expected.get(place, Bin())
            expected[place] = Bin(before.count + 1, before.confidence + confidence, before.right + right)
        assert told[cell].bins == expected
        assert told[cell].squares == sum((confidence - right) ** 2 for confidence, right in mine)
    assert set(told) == {cell for cell, _, _ in rows}


def test_a_confidence_that_is_none_is_told() -> None:
    stated = np.array([0.0, 1.0, 1.5, -0.1, nan, inf])
    found, refused = calibrations(np.zeros(6, np.int64), stated, np.ones(6, np.bool_))
    assert refused == 4
    assert found[0].bins == {0: Bin(1, 0.0, 1), 9: Bin(1, 1.0, 1)}


def test_ranks_beyond_the_most_are_none() -> None:
    found = ranks(np.array([1, 1, 1, 5, 5]), np.array([1, 1, 3, 4, 0]), 3)
    assert found == {1: {1: 2, 3: 1}}


def test_errors_leave_out_what_is_no_number_and_tell_it() -> None:
    truth = np.array([1.0, 2.0, nan, 1e200, inf, 4.0])
    predicted = np.array([2.0, 0.0, 1.0, 0.0, inf, 4.0])
    found, refused = errors(np.array([3, 3, 3, 3, 3, 8]), truth, predicted, 1.0)
    assert refused == 3
    assert found[3] == (1.0, 2, 3.0, 5.0, -1.0, 1.0, 1.0, 1.0)
    assert found[8] == (1.0, 1, 0.0, 0.0, 0.0, 3.0, 3.0, 9.0)


@pytest.mark.parametrize("size", [0, 1])
def test_nothing_gives_nothing(size: int) -> None:
    cells, numbers = np.zeros(size, np.int64), np.full(size, nan)
    assert calibrations(cells, numbers, np.zeros(size, np.bool_)) == ({}, size)
    assert errors(cells, numbers, numbers, 0.0) == ({}, size)
    assert ranks(cells, cells, 3) == {}
