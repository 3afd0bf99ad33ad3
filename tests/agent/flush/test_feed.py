from __future__ import annotations

import pytest

from agent.flush.feed import Dated, placed, rated
from agent.stats.frame import Span
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

REQUESTS = Series("model.requests", "{request}", "counter", ())
LEVEL = Series("model.queue.length", "{request}", "gauge", ())
NOON = 1_795_689_600.0


def live(start: float, end: float) -> Span:
    """A window of the boot clock, whose zero is 1,000 s before noon."""
    return Span("boot", 1000.0 + start, 1000.0 + end, end - start, NOON - 1000.0, "synchronised")


def minute(start: float, *, first: bool = True) -> Dated:
    return Dated(NOON + start, 60.0, first, {REQUESTS: Counter(60, 60.0, 1.0, 0)})


@pytest.mark.parametrize(
    ("start", "window"),
    [
        (0.0, (0.0, 60.02)),
        (0.0, (-0.3, 59.9)),
        (60.0, (0.0, 60.02)),
        (0.0, (20.0, 21.0)),
        (0.0, (0.0, 10.0)),
        (0.0, (31.0, 60.0)),
        (120.0, (0.0, 300.0)),
        (90.0, (0.0, 60.0)),
    ],
)
def test_a_minute_that_the_window_watched_is_part_of_it(start: float, window: tuple[float, float]) -> None:
    assert placed(minute(start), live(*window), 0.0, NOON - 3600.0) is None


@pytest.mark.parametrize(
    ("start", "first", "until", "since", "covered"),
    [
        (-3600.0, True, -7200.0, -60.0, 60.0),
        (-3600.0, False, -7200.0, -60.0, 0.0),
        (-3600.0, True, -60.0, -60.0, 60.0),
        (-60.0, True, -7200.0, -30.0, 30.0),
        (-60.0, True, -40.0, -30.0, 10.0),
        (-60.0, True, -20.0, 0.0, 20.0),
        (-60.0, True, -7200.0, 0.0, 60.0),
        (-60.0, True, -7200.0, -90.0, 0.0),
    ],
)
def test_a_minute_of_another_time_keeps_it_and_what_nobody_watched_of_it_is_covered(
    start: float, first: bool, until: float, since: float, covered: float
) -> None:
    frame = placed(minute(start, first=first), live(0.0, 60.0), NOON + until, NOON + since)
    assert frame is not None
    assert frame.span == Span("boot", 1000.0 + start, 1060.0 + start, covered, NOON - 1000.0, "synchronised")
    assert frame.windows == minute(start).windows


def test_what_came_after_a_window_ended_early_does_not_lie_in_the_future() -> None:
    """The ring and the store are told that all is kept up to the end of the newest window."""
    frame = placed(minute(0.0), live(-90.0, 20.0), 0.0, NOON - 3600.0)
    assert frame is not None
    assert frame.span.end == 1020.0


def test_the_rate_in_a_short_window_is_that_of_the_window() -> None:
    gauge = Gauge(1, 2.0, 2.0, 2.0, 2.0)
    windows: dict[Series, Summary] = {REQUESTS: Counter(60, 60.0, 1.0, 0), LEVEL: gauge}
    assert rated(windows, 10.0) == {REQUESTS: Counter(60, 60.0, 6.0, 0), LEVEL: gauge}
    assert rated(windows, 60.0) == windows
    assert rated(windows, 0.0) == windows
