"""The writer and the flight recorder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.config.recording import Recorder as Recording
from agent.control_socket import Asked, Request
from agent.flush.recorder import STATE
from agent.flush.writer import Judged
from agent.stats.capture import Capture, under_way
from agent.stats.frame import Content, Event
from agent.stats.ring import Ring
from agent.store.reader import Reader
from collectors.api import Reading
from tests.agent.flush.rig import OFFSET, REQUESTS, Rig, failing, taken
from tests.waiting import until


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Rig]:
    """A writer whose recorder has a ring; a capture is over a second and a half after its trigger."""
    ring = Ring.open(tmp_path / "ring", "boot", 3000)
    for at in range(800, 1800):
        ring.write(float(at), [("all", Reading((REQUESTS,), [at]))])
    rig = Rig(tmp_path / "state", recording=Recording(before=30.0, after=0.5), ring=ring.path)
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    yield rig
    rig.writer.stop(20)


def captures(rig: Rig) -> list[Content]:
    with closing(Reader.open(rig.directory)) as reader:
        return [each.content() for each in reader.stored(streams=("samples",))]


def asked(rig: Rig) -> list[str]:
    """The answers to somebody who asks for a capture, as they come."""
    heard: list[str] = []
    rig.writer.put(Asked(Request(), lambda fields: heard.append(str(fields["state"]))))
    return heard


def test_a_capture_is_a_record_of_its_own_and_is_told_as_an_event(recording: Rig) -> None:
    heard = asked(recording)
    until(lambda: heard == ["begun", "captured"], lambda: heard)
    assert recording.writer.stop(20)
    (capture,) = captures(recording)
    assert len(capture.frames) >= 31
    assert [event.name for event in capture.events] == ["recorder.capture"]
    assert recording.events() == ["recorder.capture", "recorder.capture"], "in `events` and in the record"


def test_a_capture_is_not_handed_to_the_link_but_waits_in_the_store(recording: Rig) -> None:
    heard = asked(recording)
    until(lambda: "captured" in heard, lambda: heard)
    assert recording.writer.stop(20)
    assert {key.stream for post in recording.flushes() for key in post.fresh} == {"events"}
    assert [row.key.stream for row in recording.outbox.take(10**6)] == ["events", "samples"]


def test_a_capture_that_could_not_be_written_is_written_once_the_disk_has_room(
    recording: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = asked(recording)
    until(lambda: heard == ["begun"], lambda: heard)
    monkeypatch.setattr(recording.opened[0], "flush", failing(recording.opened[0], 2))
    until(lambda: recording.counted("outrider.store.errors") >= 1)
    recording.window()
    recording.window()
    until(lambda: heard == ["begun", "captured"], lambda: heard)
    assert recording.writer.stop(20)
    assert len(captures(recording)) == 1


def test_an_alert_late_in_a_window_is_stored_with_the_capture_that_it_begins(recording: Rig) -> None:
    recording.window()
    recording.judged("alert.cleared", hot=b"1")
    fired = Event("boot", 1001.0, OFFSET, "alert.fired", (), "")
    recording.writer.put(Judged((fired,), {"hot": b"2"}))
    until(lambda: len(captures(recording)) == 1)
    assert recording.writer.stop(20)
    assert recording.written() == {"hot": b"2"}


def pending(rig: Rig) -> Capture | None:
    """The capture that a crash would leave behind now."""
    with closing(Reader.open(rig.directory)) as reader:
        return under_way(reader.states("kept").get(STATE, b""), "boot")


@pytest.fixture
def long(tmp_path: Path) -> Iterator[Rig]:
    """A writer with a capture under way, which is not over before the test is."""
    ring = Ring.open(tmp_path / "ring", "boot", 100)
    rig = Rig(tmp_path / "state", recording=Recording(before=30.0, after=600.0), ring=ring.path)
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    asked(rig)
    until(lambda: pending(rig) is not None)
    yield rig
    rig.writer.stop(20)


def joins(rig: Rig) -> None:
    """Somebody asks, and an alert fires, in the midst of a window and without one that ends."""
    rig.judged("alert.cleared")
    rig.writer.put(Asked(Request(500.0, None, "the fan rattled"), lambda _: None))
    rig.writer.put(Judged((Event("boot", 1010.0, OFFSET, "alert.fired", (), ""),), {}))
    taken(rig)


def test_what_joins_a_capture_outlives_a_crash(long: Rig) -> None:
    joins(long)
    kept = pending(long)
    assert kept is not None
    assert (kept.joined, kept.trigger.text) == (2, "the fan rattled")
    assert kept.trigger.at - kept.start == pytest.approx(500.0, abs=1.0)
    assert kept.end > 1600.0


def test_what_joins_a_capture_waits_for_the_next_commit_while_the_budget_of_writes_is_short(
    long: Rig,
) -> None:
    long.wear.thrift.thrifty = True
    flushed = len(long.flushes())
    joins(long)
    assert len(long.flushes()) == flushed
    long.window(early="stop")
    taken(long)
    kept = pending(long)
    assert kept is not None
    assert kept.joined == 2
