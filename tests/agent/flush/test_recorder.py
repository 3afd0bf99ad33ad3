"""What begins a capture, what it holds, and what becomes of it when ring, disk or daemon fail."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.config.recording import Recorder as Settings
from agent.control_socket import Asked, Request
from agent.flush.recorder import ASKERS, SLACK, STATE, VALUES, Due, Place, Recorder, awaited
from agent.poller import Clocks
from agent.ship.body import encode_body
from agent.stats.frame import Event
from agent.stats.ring import Ring
from agent.store import codec
from agent.view.captures import Captured, of
from collectors.api import Reading, Series
from collectors.tally import Tally

WALL = 1_700_000_000.0
HEAT = Series("hw.temperature", "Cel", "gauge", (("hw.id", "cpu"),))
BYTES = Series("system.network.io", "By", "counter", ())
SETTINGS = Settings(before=20.0, after=10.0, cooldown=100.0, per_day=3)


def heat(now: float) -> float:
    """Noise that a float32 holds, the same at the same time."""
    return Random(now).randrange(2**20) / 2**13


class Rig:
    """A recorder on a real ring, whose clock the test turns."""

    def __init__(self, directory: Path, settings: Settings = SETTINGS, series: int = 2) -> None:
        self.now = 1000.0
        self.tally = Tally()
        self.path = directory / "ring"
        self.ring = Ring.open(self.path, "boot", 300)
        self.layout = (HEAT, BYTES, *(Series(f"m{n}", "1", "gauge", ()) for n in range(series - 2)))
        self.settings = settings
        self.recorder = self.made()
        self.told: list[dict[str, object]] = []

    def made(self, boot: str = "boot", ring: bool = True) -> Recorder:
        clocks = Clocks(lambda: self.now, lambda: self.now + WALL, lambda: "synchronised")
        place = Place(self.path if ring else None, 300.0, boot)
        return Recorder(self.settings, place, clocks, self.tally)

    def pass_time(self, seconds: int) -> None:
        """So many polls, a second each."""
        for _ in range(seconds):
            self.now += 1.0
            values = [heat(self.now), 100 * self.now, *(1.0 for _ in self.layout[2:])]
            self.ring.write(self.now, [("all", Reading(self.layout, values))])

    def fires(self, rule: str = "hot", severity: str = "warning") -> str:
        about = {"rule": rule, "severity": severity, "metric": HEAT.name, "value": "57"}
        told = (*((f"outrider.alert.{key}", text) for key, text in about.items()), *HEAT.attributes)
        return self.recorder.judged((Event("boot", self.now, WALL, "alert.fired", told, "too hot"),))

    def asks(self, *request: float | str | None) -> str:
        return self.recorder.asked(Asked(Request(*request), self.told.append))  # type: ignore[arg-type]

    def captured(self) -> Captured:
        """Time passes until the capture is due; what it is."""
        patience = self.recorder.patience()
        assert patience is not None
        self.pass_time(int(patience))
        assert self.recorder.patience() == 0
        (event,) = self.recorder.freeze()
        assert self.recorder.content.events == (event,)
        found = of(self.recorder.content)
        assert found is not None
        return found

    def counted(self) -> dict[str, float]:
        return {
            f"{name} {dict(attributes).get('reason', '')}".strip(): value
            for name, attributes, _, value in self.tally.snapshot()
            if name.startswith("outrider.recorder.")
        }


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = Rig(tmp_path)
    made.pass_time(100)
    return made


def test_an_alert_keeps_every_second_before_and_after_it(rig: Rig) -> None:
    assert rig.recorder.patience() is None
    at = rig.now
    assert rig.fires()
    assert rig.recorder.patience() == 10.0 + 2 * SLACK
    found = rig.captured()
    assert (found.by, found.rule, found.metric, found.text) == ("alert.fired", "hot", HEAT.name, "too hot")
    assert (found.at, found.before, found.after) == (at + WALL, 20.0, 10.0)
    assert (found.ticks, found.series, found.cut, found.joined) == (31, 2, 0, 0)
    frames = rig.recorder.content.frames
    assert [frame.span.end for frame in frames] == [at - 20 + n for n in range(31)]
    assert [frame.windows[HEAT].last for frame in frames] == [heat(at - 20 + n) for n in range(31)]  # type: ignore[union-attr]
    assert all(frame.windows[BYTES].delta == 100.0 for frame in frames)  # type: ignore[union-attr]
    assert {frame.span.quality for frame in frames} == {"synchronised"}


def test_once_it_is_written_the_next_may_begin(rig: Rig) -> None:
    rig.fires()
    rig.captured()
    assert rig.recorder.patience() is None, "it waits for the disk"
    rig.recorder.states()
    rig.recorder.written()
    assert rig.recorder.content.frames == ()
    assert rig.fires("other")
    assert rig.counted() == {"outrider.recorder.captures": 1}


@pytest.mark.parametrize(
    ("least", "severity", "begins"),
    [("warning", "info", False), ("warning", "critical", True), ("critical", "warning", False),
     ("info", "info", True), ("none", "critical", False), ("info", "", False)],
)  # fmt: skip
def test_severity_decides(rig: Rig, least: str, severity: str, begins: bool) -> None:
    rig.settings = SETTINGS._replace(severity=least)
    rig.recorder = rig.made()
    assert rig.fires("hot", severity) == ("begun" if begins else "")


def test_other_events_begin_nothing(rig: Rig) -> None:
    names = ("alert.cleared", "agent.start", "recorder.capture")
    assert not rig.recorder.judged(Event("boot", rig.now, WALL, name, (), "") for name in names)
    assert rig.recorder.patience() is None


def test_a_thousand_alerts_make_no_more_captures_than_the_bound(rig: Rig) -> None:
    made = 0
    for n in range(1000):
        rig.fires(f"rule-{n % 50}")
        if n % 10 == 9 and rig.recorder.patience() is not None:
            rig.captured()
            made += 1
            rig.recorder.states()
            rig.recorder.written()
        rig.now += 1.0
    assert made == SETTINGS.per_day
    counted = rig.counted()
    assert counted["outrider.recorder.captures"] == SETTINGS.per_day
    assert counted["outrider.recorder.refused per_day"] > 900


def test_people_ask_and_are_told_what_was_captured(rig: Rig) -> None:
    assert rig.asks(5.0, 3.0, "the fan rattled")
    found = rig.captured()
    assert (found.by, found.rule, found.text, found.before, found.after) == (
        "command", "", "the fan rattled", 5.0, 3.0,
    )  # fmt: skip
    rig.recorder.states()
    rig.recorder.written()
    begun, captured = rig.told
    assert (begun["state"], begun["id"], begun["seconds"]) == ("begun", found.id, 3.0)
    assert (captured["state"], captured["id"], captured["ticks"]) == ("captured", found.id, "9")


def test_who_asks_and_hangs_up_again_and_again_takes_no_memory(rig: Rig) -> None:
    for _ in range(3 * ASKERS):
        rig.asks()
    rig.told.clear()
    rig.captured()
    rig.recorder.written()
    assert len(rig.told) == ASKERS


def test_who_asks_while_one_is_under_way_waits_for_that(rig: Rig) -> None:
    rig.fires()
    assert rig.asks() == "joined"
    assert rig.captured().joined == 1
    rig.recorder.states()
    rig.recorder.written()
    assert [each["state"] for each in rig.told] == ["joined", "captured"]


def test_who_joins_one_is_heard_with_a_note_and_a_longer_before(rig: Rig) -> None:
    rig.fires()
    rig.pass_time(3)
    rig.asks(60.0, None, "the fan rattled")
    found = rig.captured()
    assert (found.by, found.rule, found.text) == ("alert.fired", "hot", "too hot; the fan rattled")
    assert (found.before, found.after, found.ticks, found.joined) == (57.0, 13.0, 71, 1)


def test_who_joins_and_looks_back_beyond_the_ring_gets_what_it_has(rig: Rig) -> None:
    rig.fires()
    rig.asks(3600.0)
    assert rig.captured().before == 99.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"per_day": 0}, "per_day"), ({"enabled": False}, "disabled"), ({}, "no_ring")],
)
def test_who_asks_in_vain_hears_why(rig: Rig, change: dict[str, Any], reason: str) -> None:
    rig.settings = SETTINGS._replace(**change)
    rig.recorder = rig.made(ring=reason != "no_ring")
    assert not rig.asks()
    assert rig.told == [{"state": "refused", "reason": reason}]
    assert rig.counted() == {f"outrider.recorder.refused {reason}": 1}


def test_an_alert_without_a_ring_is_counted(rig: Rig) -> None:
    rig.recorder = rig.made(ring=False)
    assert not rig.fires()
    assert rig.counted() == {"outrider.recorder.refused no_ring": 1}


def test_none_is_begun_or_taken_while_memory_is_short(rig: Rig) -> None:
    rig.asks()
    rig.pass_time(11)
    rig.recorder.tight = True
    (event,) = rig.recorder.freeze()
    assert (event.name, event.text) == ("recorder.failed", "memory is short (limits.memory)")
    assert rig.recorder.content.frames == ()
    assert not rig.fires()
    assert not rig.asks()
    assert [each["state"] for each in rig.told] == ["begun", "failed", "refused"]
    assert rig.told[-1]["reason"] == "memory"
    assert rig.counted() == {"outrider.recorder.refused memory": 3}
    rig.recorder.tight = False
    assert rig.asks()


def lost(rig: Rig) -> None:
    rig.path.unlink()


def damaged(rig: Rig) -> None:
    rig.path.write_bytes(b"x" * 500)


def anothers(rig: Rig) -> None:
    Ring.open(rig.path, "another boot", 300)


def begun_anew(rig: Rig) -> None:
    rig.path.unlink()
    Ring.open(rig.path, "boot", 300)


@pytest.mark.parametrize("spoil", [lost, damaged, anothers, begun_anew])
def test_a_ring_that_cannot_be_read_is_said_and_the_next_may_begin(
    rig: Rig, spoil: Callable[[Rig], None]
) -> None:
    rig.asks()
    rig.pass_time(11)
    spoil(rig)
    (event,) = rig.recorder.freeze()
    assert event.name == "recorder.failed"
    assert [each["state"] for each in rig.told] == ["begun", "failed"]
    assert rig.told[1]["reason"] == event.text
    assert rig.recorder.content.frames == ()
    assert rig.recorder.patience() is None
    assert rig.counted() == {"outrider.recorder.refused ring": 1}


def restarted(rig: Rig, boot: str = "boot") -> tuple[Event, ...]:
    """The recorder of a daemon that was killed after its last flush, and what it says."""
    states = {name: blob for name, blob in rig.recorder.states().items() if blob is not None}
    rig.recorder = rig.made(boot)
    return rig.recorder.restore(states, 1 << 20)


def test_a_capture_goes_on_after_a_restart(rig: Rig) -> None:
    at = rig.now
    rig.fires()
    rig.pass_time(4)
    assert restarted(rig) == ()
    assert rig.recorder.patience() == 6.0 + 2 * SLACK
    found = rig.captured()
    assert (found.at, found.ticks, found.before, found.after) == (at + WALL, 31, 20.0, 10.0)


def test_one_that_was_over_meanwhile_is_taken_at_once(rig: Rig) -> None:
    rig.fires()
    rig.pass_time(60)
    restarted(rig)
    assert rig.recorder.patience() == 0
    assert rig.captured().ticks == 31


def test_one_that_ended_with_its_boot_is_said(rig: Rig) -> None:
    rig.fires()
    (event,) = restarted(rig, "another boot")
    assert (event.name, dict(event.attributes)["outrider.capture.rule"]) == ("recorder.missed", "hot")
    assert rig.recorder.patience() is None
    assert rig.counted() == {"outrider.recorder.refused reboot": 1}


def test_a_capture_and_the_state_that_it_is_taken_go_into_one_flush(rig: Rig) -> None:
    rig.fires()
    first = rig.recorder.states()[STATE]
    rig.recorder.written()
    assert rig.recorder.states() == {}, "nothing is new"
    rig.captured()
    with_capture = rig.recorder.states()[STATE]
    assert first is not None
    assert with_capture is not None
    assert b'"pending":null' in with_capture
    assert b'"pending":null' not in first
    # The flush failed: all of it is offered again.
    assert rig.recorder.states() == {STATE: with_capture}
    rig.recorder.written()
    assert rig.recorder.states() == {}
    rig.recorder.forgotten()
    assert STATE in rig.recorder.states(), "a store begun anew knows nothing"


def test_nothing_is_stored_where_nothing_happens(rig: Rig) -> None:
    assert rig.recorder.restore({}, 1 << 20) == ()
    assert rig.recorder.states() == {}


def test_a_small_store_gets_the_ticks_around_the_trigger(rig: Rig) -> None:
    rig.recorder.restore({}, 220)
    rig.fires()
    found = rig.captured()
    assert len(codec.pack(rig.recorder.content._replace(events=()))) <= 220
    assert 0 < found.cut == 31 - found.ticks


def test_a_store_too_small_for_two_ticks_gets_none(rig: Rig) -> None:
    rig.recorder.restore({}, 10)
    rig.fires()
    rig.pass_time(11)
    assert [each.name for each in rig.recorder.freeze()] == ["recorder.failed"]


def test_of_very_many_series_the_values_are_bounded_and_the_record_can_be_sent(tmp_path: Path) -> None:
    rig = Rig(tmp_path, SETTINGS._replace(before=60.0, after=60.0, max_size=900 << 10), series=1000)
    rig.pass_time(80)
    rig.fires()
    found = rig.captured()
    values = sum(len(frame.windows) for frame in rig.recorder.content.frames)
    assert VALUES // 2 < values <= VALUES
    assert found.cut > 0
    assert found.ticks > 40
    encode_body(rig.recorder.content, 3)


def test_only_the_metrics_that_are_wanted(rig: Rig) -> None:
    rig.settings = SETTINGS._replace(metrics=("hw.*",))
    rig.recorder = rig.made()
    rig.fires()
    assert rig.captured().series == 1


def test_a_capture_goes_back_no_further_than_the_ring(rig: Rig) -> None:
    rig.settings = SETTINGS._replace(before=3600.0, after=10.0)
    rig.recorder = rig.made()
    rig.fires()
    found = rig.captured()
    assert found.before == 99.0, "100 polls, the last of them at the trigger"


def test_what_comes_is_taken_in_order_but_a_capture_that_is_due_goes_first() -> None:
    inbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    late = awaited(inbox, 0.01)
    inbox.put("window")
    inbox.put(None)
    due, first, second = awaited(inbox, 0), awaited(inbox, 5.0), awaited(inbox, None)
    assert [type(late), type(due)] == [Due, Due]
    assert (first, second) == ("window", None)
