from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.ink import plain, span
from agent.view.paint import FIRES, LATE, VALUE, across, bar, heading, sections, titles, value
from agent.view.units import NONE
from tests.pictures import ERRORS, HEAT, LATENCY, NOW, board

ROWS = board().rows(NOW, 64)


def one(name: str) -> str:
    """The line of a series, at 80 cells."""
    lines = [plain(each.line) for _, found in sections(ROWS, across(80)) for each in found]
    return next(each for each in lines if name in each)


@given(st.integers(24, 250))
def test_every_row_keeps_to_the_width(width: int) -> None:
    of = across(width)
    assert of.width <= width
    assert span(titles(of)) <= width
    for _, entries in sections(ROWS, of):
        assert max(span(each.line) for each in entries) <= width


def test_a_late_row_is_marked_and_says_how_old_it_is() -> None:
    assert one("temperature cpu-thermal").startswith(LATE)
    assert " 20m " in one("temperature cpu-thermal")


def test_a_row_whose_alert_fires_is_marked() -> None:
    (entry,) = [e for _, found in sections(ROWS, across(80), {HEAT}) for e in found if e.series == HEAT]
    assert plain(entry.line).startswith(FIRES)


def test_no_data_is_no_zero() -> None:
    assert f" {NONE} " in one("accuracy")
    assert "0" not in one("accuracy").partition("s")[0]


def test_a_share_is_a_bar_and_another_number_its_range() -> None:
    assert "▕" in one("utilization /")
    assert "peak 2.86MiB/s" in one("io eth0 receive")


def test_values_are_named_where_they_are_not_the_last() -> None:
    named = {row.series: value(row) for row in ROWS}
    assert named[LATENCY].startswith("p50 ")
    assert named[ERRORS] == "40 seen"
    assert max(map(len, named.values())) <= VALUE


@pytest.mark.parametrize("wanted", ["thermal", "CEL", "temperature", "hw.temp"])
def test_a_filter_looks_at_all_that_a_row_is_called(wanted: str) -> None:
    found = [each.series for _, entries in sections(ROWS, across(80), (), wanted) for each in entries]
    assert (HEAT in found) == (wanted != "CEL")


@given(st.floats(-1.0, 3.0), st.integers(2, 60))
def test_a_bar_has_its_width(share: float, width: int) -> None:
    assert span(tuple(bar(share, width, ""))) == width


def test_a_bar_is_true_to_an_eighth_of_a_cell() -> None:
    assert plain(bar(0.5, 10, "")) == "▕████    ▏"
    assert plain(bar(33 / 64, 10, "")) == "▕████▏   ▏"
    assert plain(bar(1.0, 10, "")) == "▕████████▏"


def test_a_heading_fills_the_width_with_a_rule() -> None:
    assert plain(heading("cpu", 20, "2 late")) == "── cpu · 2 late ────"
