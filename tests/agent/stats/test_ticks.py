"""Rows of the ring as frames: a rate is over the time in which it grew, and nothing is made up."""

from __future__ import annotations

from agent.stats.ticks import Polls
from agent.stats.window import Counter, Gauge
from collectors.api import Series

LOAD = Series("system.cpu.utilization", "1", "gauge", ())
BYTES = Series("system.disk.io", "By", "counter", ())
SLOW = Series("system.filesystem.inodes", "1", "counter", ())


def test_what_was_polled_a_tick_before_is_one_frame() -> None:
    polls = Polls("boot", "synchronised")
    polls.frames(10.0, {LOAD: 0.5, BYTES: 100.0}, 0.0)
    (frame,) = polls.frames(11.1, {LOAD: 0.25, BYTES: 110.0}, 1000.0)
    span = frame.span
    assert (span.boot, span.start, span.end, span.offset, span.quality) == (
        "boot", 10.0, 11.1, 1000.0, "synchronised",
    )  # fmt: skip
    assert span.covered == span.end - span.start
    assert frame.windows == {
        LOAD: Gauge(1, 0.25, 0.25, 0.25, 0.25),
        BYTES: Counter(1, 110.0, 110.0 / (11.1 - 10.0), 0),
    }


def test_a_counter_that_is_read_each_tenth_tick_has_a_frame_of_ten_seconds() -> None:
    polls = Polls("boot")
    polls.frames(0.0, {LOAD: 0.5, SLOW: 1.0}, 0.0)
    for at in range(1, 10):
        assert len(polls.frames(float(at), {LOAD: 0.5}, 0.0)) == 1
    frames = {frame.span.start: frame.windows for frame in polls.frames(10.0, {LOAD: 0.5, SLOW: 50.0}, 0.0)}
    assert frames[0.0] == {SLOW: Counter(1, 50.0, 5.0, 0)}
    assert set(frames[9.0]) == {LOAD}


def test_the_increase_over_an_unknown_time_has_no_window() -> None:
    assert Polls("boot").frames(5.0, {BYTES: 7.0}, 0.0) == ()


def test_after_a_gap_a_value_stands_for_a_second_only() -> None:
    polls = Polls("boot")
    polls.frames(0.0, {LOAD: 0.5}, 0.0)
    (frame,) = polls.frames(60.0, {LOAD: 0.5}, 0.0)
    assert (frame.span.start, frame.span.end) == (59.0, 60.0)
