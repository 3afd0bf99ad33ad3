"""Values, ages and names as people read them: short, and never of the wrong width."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.clean import clean
from agent.view.units import NONE, age, clock, columns, cut, human, left, right, tail, tariff


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0, "By", "0B"),
        (1023, "By", "1023B"),
        (1536, "By", "1.50KiB"),
        (3.2e9, "By", "2.98GiB"),
        (1.25e6, "By/s", "1.19MiB/s"),
        (0, "s", "0s"),
        (0.0000005, "s", "500ns"),
        (0.00021, "s", "210µs"),
        (0.0121, "s", "12.1ms"),
        (1.5, "s", "1.50s"),
        (5000, "s", "83.3min"),
        (90000, "s", "25h"),
        (1e6, "s", "11.6d"),
        (0.5, "s/s", "50%"),
        (54.25, "Cel", "54.2°C"),
        (2.4e9, "Hz", "2.40GHz"),
        (0.25, "W", "0.25W"),
        (1234567, "{packet}/s", "1.23M/s"),
        (12, "1", "12"),
        (0.000004, "1", "4.0e-06"),
        (7, "rpm", "7rpm"),
        (None, "By", NONE),
        (math.nan, "By", "nan"),
        (-math.inf, "s", "-inf"),
    ],
)
def test_a_value_has_the_unit_people_read(value: float | None, unit: str, expected: str) -> None:
    assert human(value, unit) == expected


def test_a_share_of_one_is_shown_in_per_cent() -> None:
    assert human(0.032, "1", ratio=True) == "3.20%"
    assert human(1, "1", ratio=True) == "100%"


def test_absence_and_zero_look_different() -> None:
    assert human(None, "1") != human(0.0, "1")
    assert age(None) != age(0.0)


@pytest.mark.parametrize("base", ["", "By", "s", "1", "Cel", "W", "{x}", "{"])
@pytest.mark.parametrize("rest", ["\x1b[2J", "/\x1b]0;title\x07", "/s\u202e", "/\n"])
def test_a_foreign_unit_cannot_steer_the_terminal(base: str, rest: str) -> None:
    shown = human(1.0, base + rest)
    assert clean(shown) == shown


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["By", "s", "1", "Cel", "W", "{x}"]))
def test_every_value_fits_its_column(value: float, unit: str) -> None:
    assert 0 < columns(human(value, unit)) <= 12


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (86400 * 3, "3d"), (-12, "+12s")],
)
def test_an_age_is_short_and_a_clock_ahead_is_seen(seconds: float, expected: str) -> None:
    assert age(seconds) == expected


@given(st.text(st.characters(exclude_categories=["C"]), max_size=40), st.integers(0, 30))
def test_fields_are_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert columns(cut(text, width)) <= width
    assert columns(left(text, width)) == columns(right(text, width)) == width


def test_wide_letters_take_two_cells_and_marks_none() -> None:
    assert columns("日本") == 4
    assert columns("e\u0301") == 1
    assert cut("日本語", 5) == "日本…"


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (999, "999 B"), (5_094, "5.09 KB"), (200_000, "200 KB"), (10e6, "10 MB"), (100e9, "100 GB")],
)
def test_a_budget_is_counted_in_thousands(size: float, expected: str) -> None:
    assert tariff(size) == expected


@pytest.mark.parametrize(
    ("at", "expected"), [(1_700_000_000.0, "22:13:20Z"), (-1.0, "00:00:00Z"), (float("nan"), "00:00:00Z")]
)
def test_a_clock_is_of_the_day_in_utc_whatever_a_device_says(at: float, expected: str) -> None:
    assert clock(at) == expected
    assert len(clock(math.inf)) == len(expected)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("greenhouse-1", 12, "greenhouse-1"),
        ("greenhouse-1", 4, "…e-1"),
        ("日本 ab", 5, "… ab"),
        ("ab", 0, ""),
    ],
)
def test_of_a_text_that_is_too_long_the_end_may_stay(text: str, width: int, expected: str) -> None:
    assert tail(text, width) == expected


@given(st.text(max_size=30), st.integers(0, 40))
def test_the_end_of_a_text_keeps_to_its_width(text: str, width: int) -> None:
    assert columns(tail(text, width)) <= width
