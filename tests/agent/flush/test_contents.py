from __future__ import annotations

from pathlib import Path

from agent.flush.contents import dated, fresh
from agent.stats.clocks import Clock
from agent.stats.frame import Content
from agent.store.store import Flush
from tests.agent.store.device import LIMITS, START, Device, content


def test_the_link_is_handed_the_records_of_this_flush_and_no_capture(tmp_path: Path) -> None:
    with Device(tmp_path / "state", LIMITS) as device:
        device.flush(quarantine=[row.key for row in device.rows()])
        contents = {"windows": content(START + 10.0), "samples": content(START), "events": Content()}
        flushed = device.apply(Flush(START + 20.0, contents, aging=False))
        handed = fresh(flushed, contents)
    assert {key.stream: key.first for key in handed} == {"windows": 1}
    assert list(handed.values()) == [contents["windows"]]


def test_contents_are_dated_by_the_clock_and_readers_hear_of_it(tmp_path: Path) -> None:
    with Device(tmp_path / "state", LIMITS) as device:
        waiting = {"windows": content(START, offset=1000.0), "events": Content()}
        told, made = dated(device.store, Clock("boot-1", 5000.0, "synchronised"), 60.0, waiting)
    assert told == Clock("boot-1", 5000.0, "synchronised")
    assert made["windows"].frames[0].span.offset == 5000.0
    assert [(event.name, event.at) for event in made["events"].events] == [("clock", 60.0)]
