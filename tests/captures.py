"""A capture as the flight recorder writes it, made up: a value that leaps in the middle of three minutes."""

from __future__ import annotations

from agent.stats.frame import Content, Event, Frame
from agent.stats.ticks import Polls
from collectors.api import Series

HEAT = Series("hw.temperature", "Cel", "gauge", (("hw.id", "thermal_zone0/0"), ("hw.name", "cpu-thermal")))
BYTES = Series("system.network.io", "By", "counter", (("network.io.direction", "receive"),))
TRIGGER = 2000.0
OFFSET = 1_700_000_000.0 - TRIGGER
NAME = "20231114T221320Z-3fa2"


def event(name: str = NAME, **told: str) -> Event:
    """The event that tells of it."""
    about = {"id": name, "before": "120.0", "after": "60.0", "ticks": "181", "series": "2", "cut": "0"}
    about |= {"joined": "0", "by": "alert.fired", "rule": "too-hot", "metric": HEAT.name, **told}
    attributes = (*((f"outrider.capture.{key}", text) for key, text in about.items()), *HEAT.attributes)
    return Event("boot", TRIGGER, OFFSET, "recorder.capture", attributes, "the board will throttle")


def frames() -> tuple[Frame, ...]:
    """A poll a second: 50 degrees, 90 from the trigger on; 1,000 bytes more in each."""
    polls = Polls("boot", "synchronised")
    polls.frames(TRIGGER - 121, {BYTES: 0.0}, OFFSET)
    times = [TRIGGER + n for n in range(-120, 61)]
    made = [polls.frames(at, {HEAT: 90.0 if at >= TRIGGER else 50.0, BYTES: 1000.0}, OFFSET) for at in times]
    return tuple(frame for tick in made for frame in tick)


def capture(name: str = NAME, **told: str) -> Content:
    """The whole record."""
    return Content(frames(), (event(name, **told),))
