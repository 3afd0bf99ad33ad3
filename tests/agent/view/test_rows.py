"""Windows become rows and sparklines; what is absent stays visibly absent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship.records import Key
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from agent.view import rows
from agent.view.rows import BARS, GAP, Board, Row, Window, natural, spark
from tests.captures import capture
from tests.messages import content, gauge, minute, series

CPU = series("cpu")


def key(first: int, last: int | None = None) -> Key:
    return Key(7, "windows", first, first if last is None else last)


def board(*values: tuple[int, Summary]) -> Board:
    """A board with one minute of the series "cpu" for each (number, window)."""
    made = Board()
    for number, summary in values:
        made.add(key(number), content(60.0 * number, {CPU: summary}))
    return made


def only(made: Board, now: float, cells: int = 8) -> Row:
    (row,) = made.rows(now, cells)
    return row


def test_a_row_shows_the_latest_window_and_its_age() -> None:
    row = only(board((0, gauge(1.0, 3.0)), (1, gauge(2.0, 4.0))), now=125.0)
    assert (row.now, row.mean, row.low, row.high, row.age) == (4.0, 3.0, 2.0, 4.0, 5.0)
    assert not row.late


def test_a_row_without_news_for_two_windows_is_late() -> None:
    assert only(board((0, gauge(1.0))), now=60.0 + 153.0).late


def test_a_counter_shows_its_rate_over_the_seconds_watched() -> None:
    made = Board()
    span = Span("boot", 0.0, 60.0, 30.0, 0.0, "synchronised")
    made.add(key(0), Content((Frame(span, {series("io", "By", "counter"): Counter(30, 600.0, 99.0, 0)}),)))
    row = only(made, 60.0)
    assert (row.now, row.high, row.unit) == (20.0, 99.0, "By/s")


@pytest.mark.parametrize(
    "summary", [Gauge(0, 0.0, 0.0, 0.0, 0.0), Counter(0, 0.0, 0.0, 0), Histogram(), Histogram.of([math.nan])]
)
def test_an_empty_window_shows_no_number(summary: Summary) -> None:
    row = only(board((0, summary)), 60.0)
    assert (row.now, row.mean, row.low, row.high) == (None, None, None, None)
    assert row.spark.strip() in ("", GAP)


def test_a_histogram_and_a_top_have_a_second_line() -> None:
    made = Board()
    made.add(key(0), minute(0.0, 0))
    details = {row.series.name: row.shown_detail() for row in made.rows(60.0, 4)}
    assert details["model.inference.duration"][-1] == "n 3"
    assert details["model.inference.duration"][0].startswith("p50 ")
    assert details["model.errors"] == ["timeout 3", "oom 1"]


def test_a_gap_is_a_gap_and_nothing_stands_before_the_first_window() -> None:
    line = only(board((0, gauge(1.0)), (1, gauge(4.0)), (4, gauge(8.0))), now=300.0).spark
    assert line[:3] == "   "
    assert line[5:7] == GAP * 2
    assert all(mark in BARS for mark in line[3:5] + line[7])


def test_silence_up_to_now_is_a_gap() -> None:
    made = board((0, gauge(1.0)), (1, gauge(4.0)))
    assert only(made, now=125.0).spark.endswith(BARS[7])
    assert only(made, now=125.0 + 240.0).spark.endswith(BARS[7] + GAP * 2)


def test_a_series_read_less_often_than_windows_close_has_no_gaps_between_its_readings() -> None:
    made = Board()
    for step in (0, 1, 2, 3, 5):
        made.add(key(step * 10), content(10.0 * step, {CPU: gauge(5.0)}, length=1.0))
    row = only(made, now=59.0, cells=7)
    assert row.spark == f" {BARS[3] * 4}{GAP}{BARS[3]}"
    assert not row.late
    assert only(made, now=79.0).late


def test_a_first_window_that_ended_early_makes_no_gaps() -> None:
    made = Board()
    made.add(key(0), content(58.0, {CPU: gauge(5.0)}, length=2.0))
    for step in range(1, 8):
        made.add(key(step), content(60.0 * step, {CPU: gauge(5.0)}))
    assert only(made, now=485.0, cells=7).spark == BARS[3] * 7


def test_a_counter_read_less_often_than_windows_close_is_not_inflated() -> None:
    made = Board()
    grown = Counter(1, 100.0, 10.0, 0)  # in ten seconds, of which the window has two
    made.add(key(0), content(0.0, {series("faults", "{fault}", "counter"): grown}, length=2.0))
    assert only(made, 2.0).now == 10.0


def test_a_late_window_fills_its_gap() -> None:
    made = board((0, gauge(1.0)), (2, gauge(2.0)))
    assert GAP in only(made, 180.0).spark
    made.add(key(1), content(60.0, {CPU: gauge(1.5)}))
    assert GAP not in only(made, 180.0).spark
    assert only(made, 180.0).now == 2.0


def test_a_block_takes_the_place_of_the_finer_windows_inside_it() -> None:
    made = board((0, gauge(1.0)), (1, gauge(2.0)), (2, gauge(9.0)))
    made.add(key(0, 1), content(0.0, {CPU: gauge(5.0)}, length=120.0))
    line = only(made, 180.0, cells=3).spark
    assert line[0] == line[1]
    assert line[2] == BARS[7]


def test_windows_and_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_SERIES", 3)
    monkeypatch.setattr(rows, "MAX_WINDOWS", 4)
    made = Board()
    for number in range(10):
        made.add(key(number), content(60.0 * number, {series(f"m{i}"): gauge(1.0) for i in range(5)}))
    assert len(made.rows(600.0, 10)) == 3
    assert made.refused == 20
    assert made.rows(600.0, 10)[0].spark.count(BARS[3]) == 4


def test_old_windows_expire_with_their_series() -> None:
    made = board((0, gauge(1.0)))
    made.add(key(9), content(540.0, {series("memory"): gauge(1.0)}))
    made.expire(600.0)
    assert len(made.rows(600.0, 4)) == 2
    made.expire(500.0)
    assert [row.series.name for row in made.rows(600.0, 4)] == ["memory"]


def test_processors_are_listed_in_the_order_of_their_numbers() -> None:
    names = [series("cpu", cpu=str(n)) for n in (10, 2, 1)]
    assert [dict(s.attributes)["cpu"] for s in sorted(names, key=natural)] == ["1", "2", "10"]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.floats(allow_nan=True, allow_infinity=True)), max_size=20),
    st.integers(0, 30),
)
def test_a_sparkline_is_as_long_as_asked_and_has_a_bar_only_where_a_window_is(
    points: list[tuple[int, float]], cells: int
) -> None:
    values = {-2: 0.0, -1: 0.0, **dict(points)}  # two neighbours: this series has a window a minute
    held = [Window(key(n), 60.0 * n, 60.0 * n + 60, 60.0, gauge(v)) for n, v in sorted(values.items())]
    line = spark(held, 41 * 60.0, 41 * 60.0, cells)
    finite = {window.start // 60 for window in held if math.isfinite(window.summary.total)}  # type: ignore[union-attr]
    assert len(line) == cells
    for cell, mark in enumerate(line):
        assert (mark in BARS) == (41 - cells + cell in finite)


def test_a_flat_line_is_flat_and_zero_lies_on_the_ground() -> None:
    assert only(board((0, gauge(5.0)), (1, gauge(5.0))), 120.0, 2).spark == BARS[3] * 2
    assert only(board((0, gauge(0.0)), (1, gauge(0.0))), 120.0, 2).spark == BARS[0] * 2


@pytest.mark.parametrize("high", [1.7e308, 5e-324])
def test_the_ends_of_the_doubles_are_drawn(high: float) -> None:
    line = only(board((0, gauge(-high)), (1, gauge(high))), 120.0, 2).spark
    assert len(line) == 2
    assert set(line) <= set(BARS)


def test_top_windows_are_drawn_by_their_number() -> None:
    made = board((0, Top.of([("a", 1)])), (1, Top.of([("a", 8)])))
    assert only(made, 120.0, 2).spark == f"{BARS[1]}{BARS[7]}"


def test_raw_samples_are_none_of_a_board() -> None:
    made = Board()
    made.add(Key(1, "samples", 0, 0), capture())
    assert made.rows(0.0, 8) == []
    assert made.events == ()


def test_a_window_that_came_late_stands_in_its_own_time() -> None:
    made = board((60, gauge(1.0)))
    late, live = content(600.0, {CPU: gauge(5.0)}), content(3660.0, {CPU: gauge(2.0)})
    made.add(key(61), Content((*live.frames, *late.frames)))
    assert [window.start for window in made.held(CPU)] == [600.0, 3600.0, 3660.0]
    assert only(made, now=3725.0).now == 2.0


def test_errors_of_models_have_the_words_that_events_tell_however_many_events_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "MAX_EVENTS", 2)
    monkeypatch.setattr(rows, "MAX_MEANINGS", 3)
    template = series("model.errors.template", "{error}", "top")._replace(attributes=(("log.name", "api"),))
    made = Board()
    assert not made.faults
    events = tuple(
        Event(
            "boot",
            0.0,
            float(n),
            "model.error",
            (("log.name", "api"), ("error.template", f"t{n}")),
            f"text {n}",
        )
        for n in range(5)
    )
    made.add(Key(7, "events", 0, 5), Content(events=events))
    for number in range(3):
        made.add(key(number), content(60.0 * number, {template: Top({"t4": 2, "t0": 1})}))
    often, rare = made.faults
    assert (often.text, often.count, often.first, often.last) == ("text 4", 6, 0.0, 180.0)
    assert (rare.text, rare.count) == ("", 3)
