"""Cells as numbers and as categories."""

from __future__ import annotations

import numpy as np
import pytest

from agent.tables.chunk import Cell, categories, is_absent, numbers, text_of


def test_a_column_of_numbers() -> None:
    read = numbers(["1", "-2.5e3", " 7 "])
    assert (read.values.tolist(), read.missing, read.texts) == ([1.0, -2500.0, 7.0], 0, {})


def test_what_is_no_number_is_told_from_what_is_missing() -> None:
    read = numbers(["1", "", "NA", "nan", "null", None, "inf", "-Infinity", "much", "much", "1_000"])
    np.testing.assert_array_equal(read.values, [1, *[np.nan] * 5, np.inf, -np.inf, *[np.nan] * 3])
    assert (read.missing, read.texts) == (5, {"much": 2, "1_000": 1})


@pytest.mark.parametrize("cells", [["1_000", "2"], ["1_000", 2.0], [2, "1_000"]])
def test_digits_with_a_line_between_are_no_number_as_in_logs(cells: list[Cell]) -> None:
    assert numbers(cells).texts == {"1_000": 1}


def test_numbers_that_no_double_holds_are_infinite() -> None:
    assert numbers([10**400, 1]).values.tolist() == [np.inf, 1.0]


def test_an_array_has_its_own_gaps() -> None:
    read = numbers(np.array([1.0, np.nan, np.inf]))
    assert (read.missing, read.texts) == (1, {})
    assert read.values[2] == np.inf


def test_categories_are_counted_as_logs_have_them() -> None:
    assert categories(["de", "", None, "NA", "de", 3, 3.5]) == {"de": 2, "": 2, "NA": 1, "3": 1, "3.5": 1}
    assert categories(np.array([3.0, np.nan, 3.0, 0.5])) == {"3": 2, "": 1, "0.5": 1}


def test_single_cells() -> None:
    assert [is_absent(cell) for cell in ("", " ", "N/A", None, float("nan"), "0", 0.0, "x")] == [
        *[True] * 5,
        *[False] * 3,
    ]
    assert [text_of(cell) for cell in ("a", None, float("nan"), 3, 2.5)] == ["a", "", "", "3", "2.5"]
