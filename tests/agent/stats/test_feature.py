"""Columns of inputs by cell: values and faults as one row after another gives them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import inf, isinf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.bins import Rows
from agent.stats.feature import FINE, MISSING, TYPE, Inputs, Numbers, Run, prolonged
from agent.stats.histogram import Histogram
from agent.stats.standard import SCALE, Standard
from agent.stats.topk import Top

STANDARD = Standard(10.0, 2.0)
VALUE = st.tuples(
    st.integers(0, 3),
    st.one_of(
        st.tuples(st.floats(-50, 50) | st.sampled_from([nan, inf, -inf]), st.just(FINE)),
        st.tuples(st.just(nan), st.sampled_from([MISSING, TYPE])),
    ),
)


def fault_of(value: float, code: int, extent: tuple[float, float]) -> str:
    if code:
        return "missing" if code == MISSING else "type"
    if isnan(value):
        return "nan"
    if isinf(value):
        return "infinite"
    return "" if extent[0] <= value <= extent[1] else "range"


@given(st.lists(VALUE, max_size=40), st.sampled_from([(-inf, inf), (0.0, 20.0)]), st.integers(0, 40))
def test_numbers_are_those_of_single_rows(
    rows: list[tuple[int, tuple[float, int]]], extent: tuple[float, float], cut: int
) -> None:
    cells = np.array([cell for cell, _ in rows], np.int64)
    values = np.array([value for _, (value, _) in rows], np.float64)
    codes = np.array([code for _, (_, code) in rows], np.uint8)
    numbers = Numbers([STANDARD, STANDARD], [extent, (-inf, inf)])
    # In two batches, and with a column beside it that has everything.
    for part in (slice(0, cut), slice(cut, None)):
        whole = np.full(len(cells[part]), 10.0)
        numbers.add(Rows(cells[part]), [values[part], whole], [codes[part], np.zeros(len(whole), np.uint8)])
    found = {cell: window for (cell, place), window in numbers.windows().items() if place == 0}
    assert set(found) == set(cells.tolist())
    for cell, window in found.items():
        mine = [pair for own, pair in rows if own == cell]
        finite = [value for value, _ in mine if not isnan(value) and not isinf(value)]
        expected = STANDARD.histogram(np.array(finite, np.float64))
        assert isinstance(window.values, Histogram)
        assert window.values._replace(total=0.0) == expected._replace(total=0.0)
        faults = Counter(fault_of(value, code, extent) for value, code in mine)
        assert window.faults == {fault: n for fault, n in faults.items() if fault}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "de", "fr", "xx"])), max_size=40),
    st.booleans(),
)
def test_categories_are_those_of_single_rows(rows: list[tuple[int, str]], stated: bool) -> None:
    names = ["", "de", "fr", "xx"]
    known = {"de", "fr"} if stated else None
    cells = np.array([cell for cell, _ in rows], np.int64)
    numbers = np.array([names.index(name) for _, name in rows], np.int64)
    found = Inputs(cells).categories(numbers, names, known)
    assert set(found) == set(cells.tolist())
    for cell, window in found.items():
        mine = Counter(name for own, name in rows if own == cell)
        expected = {"missing": mine[""], "unseen": mine["xx"] if stated else 0}
        assert window.faults == {fault: n for fault, n in expected.items() if n}
        assert window.values == Top.of((name, n) for name, n in mine.items() if name)


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.booleans(), min_size=4, max_size=4)), max_size=30))
def test_pairs_that_are_missing_together_are_counted(rows: list[tuple[int, list[bool]]]) -> None:
    names = ["a", "b", "c", "d"]
    cells = np.array([cell for cell, _ in rows], np.int64)
    missing = np.array([row for _, row in rows], np.bool_).reshape(-1, 4)
    expected: dict[int, Counter[str]] = {}
    for cell, row in rows:
        absent = [name for name, gone in zip(names, row, strict=True) if gone]
        for pair in combinations(absent, 2):
            expected.setdefault(cell, Counter())[", ".join(pair)] += 1
    found = Inputs(cells).together(missing, names)
    assert {cell: top.counts for cell, top in found.items()} == expected
    assert all(top.other == 0 for top in found.values())


def test_only_the_most_frequent_pairs_are_told() -> None:
    missing = np.zeros((100, 30), np.bool_)
    missing[:, :2] = True
    missing[:60, 2] = True
    missing[0] = True
    found = Inputs(np.zeros(100, np.int64)).together(missing, [f"f{n}" for n in range(30)], 3)
    assert found == {0: Top({"f0, f1": 100, "f0, f2": 60, "f1, f2": 60})}


def test_a_feature_that_becomes_text_is_told_by_its_type_alone() -> None:
    numbers = Numbers([STANDARD], [(-inf, inf)])
    numbers.add(Rows(np.zeros(3, np.int64)), [np.full(3, nan)], [np.full(3, TYPE, np.uint8)])
    assert numbers.windows() == {(0, 0): (Histogram(SCALE), {"type": 3})}


def test_no_rows_give_nothing() -> None:
    rows = Inputs(np.zeros(0, np.int64))
    numbers = Numbers([STANDARD], [(-inf, inf)])
    numbers.add(Rows(np.zeros(0, np.int64)), [np.zeros(0)], [np.zeros(0, np.uint8)])
    assert numbers.windows() == {}
    assert rows.categories(np.zeros(0, np.int64), ["", "de"]) == {}
    assert rows.together(np.zeros((0, 2), np.bool_), ["a", "b"]) == {}


@given(st.lists(st.lists(st.sampled_from([1.0, 2.0, nan]), max_size=6), max_size=6))
def test_a_run_is_that_of_single_rows(chunks: list[list[float]]) -> None:
    run, expected, time = None, None, 0.0
    for chunk in chunks:
        times = np.arange(len(chunk), dtype=np.float64) + time
        for at, value in zip(times.tolist(), chunk, strict=True):
            if isnan(value):
                continue
            same = expected is not None and expected.value == value
            expected = expected._replace(count=expected.count + 1) if same and expected else Run(value, at, 1)
        time += len(chunk)
        run = prolonged(run, np.array(chunk, np.float64), times)
        assert run == expected


@pytest.mark.parametrize("kind", [np.int64, np.uint64])
def test_runs_of_categories_are_those_of_their_numbers(kind: type) -> None:
    run = prolonged(None, np.array([7, 7], kind), np.array([1.0, 2.0]))
    assert prolonged(run, np.array([7], kind), np.array([3.0])) == Run(7, 1.0, 3)
