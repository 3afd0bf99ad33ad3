from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.ship.records import Key
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from agent.view.chart import (
    BAND,
    LEVELS,
    Columns,
    Point,
    Scale,
    axis,
    body,
    laid_out,
    meaning,
    point,
    scale,
    single,
)
from agent.view.rows import GAP, Window
from tests.messages import gauge


def window(minute: int, summary: Summary) -> Window:
    return Window(Key(7, "windows", minute, minute), 60.0 * minute, 60.0 * minute + 60, 60.0, summary)


def drawn(held: list[Window], width: int = 8, height: int = 4) -> list[str]:
    columns = laid_out(held, held[-1].end, width)
    return body(columns, scale(columns), height)


def test_a_band_reaches_from_the_least_to_the_greatest_around_the_mean() -> None:
    (column,) = zip(*drawn([window(0, Gauge(2, 12.0, 0.0, 12.0, 12.0))], width=1), strict=True)
    assert column == (BAND, LEVELS[0], BAND, BAND)


def test_a_gap_is_never_connected() -> None:
    held = [window(n, gauge(5.0, 9.0)) for n in (0, 1, 4, 5)]
    assert [row[2:4] for row in drawn(held, width=6)] == [GAP * 2] * 4
    assert all(set(row[:2] + row[4:]) <= {*BAND, *LEVELS, " "} for row in drawn(held, width=6))


def test_before_the_first_window_all_is_blank() -> None:
    held = [window(n, gauge(float(n))) for n in range(3)]
    columns = laid_out(held, held[-1].end, 5)
    assert columns.blank == 2
    assert {row[:2] for row in body(columns, scale(columns), 3)} == {"  "}


def test_few_windows_are_wide_and_many_share_a_column() -> None:
    few = laid_out([window(n, gauge(1.0)) for n in range(2)], 120.0, 20)
    assert (few.step, few.blank) == (15.0, 12)
    many = laid_out([window(n, gauge(float(n))) for n in range(100)], 6000.0, 25)
    assert many.step == 240.0
    assert laid_out([window(n, gauge(1.0)) for n in range(30)], 1800.0, 25).step == 90.0
    assert many.points[-1] == Point(96.0, 97.5, 99.0)


@given(st.integers(2, 300), st.integers(10, 120))
def test_sharing_columns_makes_no_gaps(count: int, width: int) -> None:
    columns = laid_out([window(n, gauge(1.0)) for n in range(count)], 60.0 * count, width)
    assert None not in columns.points[columns.blank :]


def test_silence_up_to_now_is_drawn() -> None:
    held = [window(n, gauge(1.0)) for n in range(10)]
    assert laid_out(held, 600.0 + 300.0, 15).points[-3:] == (None,) * 3


@pytest.mark.parametrize(
    ("summary", "words", "found"),
    [
        (Gauge(2, 6.0, 1.0, 5.0, 5.0), ("min", "mean", "max"), Point(1.0, 3.0, 5.0)),
        (Counter(60, 120.0, 9.0, 0), ("", "rate", "peak"), Point(None, 2.0, 9.0)),
        (Top({"a": 3}, 1), ("", "seen", ""), Point(None, 4.0, None)),
        (Gauge(0, 0.0, 0.0, 0.0, 0.0), ("min", "mean", "max"), Point(None, None, None)),
        (Histogram(), ("p10", "p50", "p99"), Point(None, None, None)),
    ],
)
def test_each_kind_draws_what_it_knows(summary: Summary, words: tuple[str, ...], found: Point) -> None:
    assert meaning(window(0, summary)) == words
    assert point(window(0, summary)) == found


@pytest.mark.parametrize(
    ("summary", "words"),
    [(Gauge(1, 3.0, 3.0, 3.0, 3.0), ("", "value", "")), (Counter(1, 9.0, 9.0, 0), ("", "rate", ""))],
)
def test_polls_have_one_number_each(summary: Summary, words: tuple[str, ...]) -> None:
    polls = [window(n, summary) for n in range(3)]
    assert single(polls)
    assert meaning(polls[0], single=True) == words


@pytest.mark.parametrize(
    "other", [Gauge(2, 6.0, 1.0, 5.0, 5.0), Counter(60, 1.0, 9.0, 0), Histogram(), Top({}, 0)]
)
def test_one_window_of_several_polls_makes_all_of_them_windows(other: Summary) -> None:
    assert not single([window(0, gauge(1.0)), window(1, other)])
    assert not single([])


def test_several_windows_in_a_column_are_said() -> None:
    held = [window(n, gauge(1.0)) for n in range(20)]
    assert not laid_out(held, 1200.0, 20).joined
    assert laid_out(held, 1200.0, 15).joined


def test_the_scale_begins_at_zero_where_that_is_near_and_is_never_flat() -> None:
    def of(*values: float) -> Scale:
        return scale(Columns(tuple(Point(v, v, v) for v in values), 1.0, 0.0, 0))

    assert of(1.0, 9.0) == Scale(0.0, 9.0)
    assert of(8.0, 9.0) == Scale(8.0, 9.0)
    assert of(5.0).low < 5.0 < of(5.0).high
    assert of(0.0) == Scale(0.0, 1.0)
    assert of() == Scale(0.0, 1.0)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(st.integers(0, 60), finite, finite), min_size=1, max_size=30), st.integers(1, 80),
       st.integers(1, 30))  # fmt: skip
@example([(0, 0.0, 5e-324)], 1, 1)
def test_any_windows_make_a_chart_of_the_size_asked_for(
    points: list[tuple[int, float, float]], width: int, height: int
) -> None:
    held = [
        window(at, Gauge(1, one, min(one, two), max(one, two), two))
        for at, one, two in sorted({at: (at, one, two) for at, one, two in points}.values())
    ]
    columns = laid_out(held, held[-1].end, width)
    rows = body(columns, scale(columns), height)
    assert [len(row) for row in rows] == [width] * height
    assert len(axis(scale(columns), height, lambda value: f"{value:g}")) == height
    assert any(mark in "".join(rows) for mark in LEVELS)


def test_what_is_not_finite_is_not_drawn() -> None:
    assert point(window(0, Gauge(1, math.inf, 1.0, math.inf, math.inf))) == Point(1.0, None, None)
