from __future__ import annotations

from pathlib import Path

from agent.flush.contents import dated
from agent.stats.clocks import Clock
from agent.stats.frame import Content
from tests.agent.store.device import LIMITS, START, Device, content


def test_contents_are_dated_by_the_clock_and_readers_hear_of_it(tmp_path: Path) -> None:
    with Device(tmp_path / "state", LIMITS) as device:
        waiting = {"windows": content(START, offset=1000.0), "events": Content()}
        told, made = dated(device.store, Clock("boot-1", 5000.0, "synchronised"), 60.0, waiting)
    assert told == Clock("boot-1", 5000.0, "synchronised")
    assert made["windows"].frames[0].span.offset == 5000.0
    assert [(event.name, event.at) for event in made["events"].events] == [("clock", 60.0)]
