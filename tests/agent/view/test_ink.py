from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agent.view.ink import STYLES, Ink, Line, aside, changed, fill, fit, line, plain, sgr, span, spread
from agent.view.units import columns

SGR = re.compile(r"\x1b\[[0-9;]*m")
pieces = st.builds(Ink, st.text("ab…日\u0301 ", max_size=6), st.sampled_from(sorted(STYLES)))
lines = st.lists(pieces, max_size=5).map(lambda found: line(*found))


@given(lines, st.integers(0, 30))
def test_a_line_fits_and_says_what_it_lost(whole: Line, width: int) -> None:
    fitted = fit(whole, width)
    assert span(fitted) <= width
    if span(whole) <= width:
        assert fitted == whole
    elif width:
        assert plain(fitted).endswith("…")


@given(lines, st.integers(0, 30))
def test_a_filled_line_has_its_width(whole: Line, width: int) -> None:
    assert span(fill(whole, width)) == width


@given(lines, lines)
def test_outside_the_changed_cells_two_lines_are_alike(one: Line, two: Line) -> None:
    found = changed(one, two)
    if found is None:
        assert cells(one) == cells(two)
        return
    start, end = found
    assert 0 <= start < end <= max(span(one), span(two))
    assert cells(one)[:start] == cells(two)[:start]
    if span(one) == span(two):
        assert cells(one)[end:] == cells(two)[end:]


def cells(of: Line) -> list[tuple[str, str]]:
    """Each cell's letter and style; a wide letter fills two, one without width joins the cell before."""
    found: list[tuple[str, str]] = []
    for piece in of:
        for letter in piece.text:
            if columns(letter):
                found += [(letter, piece.style)] * columns(letter)
            elif found:
                found[-1] = (found[-1][0] + letter, piece.style)
    return found


def test_one_digit_that_counts_is_one_cell() -> None:
    assert changed(line("cpu  41%  3s"), line("cpu  41%  4s")) == (10, 11)


def test_two_ends_stand_apart_and_the_right_one_goes_first() -> None:
    assert plain(spread(line("left"), line("right"), 12)) == "left   right"
    assert plain(spread(line("left"), line("right"), 6)) == "left"


def test_columns_stand_beside_each_other() -> None:
    beside = aside([line("a"), line("b")], [line("c")], 3)
    assert [plain(each) for each in beside] == ["a    c", "b"]


@given(lines)
def test_colour_adds_nothing_but_colour(whole: Line) -> None:
    assert SGR.sub("", sgr(whole, colour=True)) == sgr(whole, colour=False) == plain(whole)


def test_every_style_ends_where_its_text_ends() -> None:
    drawn = sgr(line(Ink("x", "bad"), "y"), colour=True)
    assert drawn == "\x1b[1;31mx\x1b[0my"
