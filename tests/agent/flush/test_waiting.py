"""What waits for the store is bounded, late windows keep their own time, and too late ones are counted."""

from __future__ import annotations

from random import Random

from agent.flush.waiting import AHEAD, LATE, TIGHT, WAITING, Waiting
from agent.ledger import Entry
from agent.ship.records import Key, Row
from agent.stats.frame import MAX_FRAMES, Frame, Span
from agent.stats.window import Counter
from agent.store.codec import pack
from collectors.api import Series
from collectors.tally import Tally

REQUESTS = Series("model.requests", "{request}", "counter", ())
NOW = 1_795_689_600.0


def frame(start: float, length: float = 60.0, offset: float = 0.0) -> Frame:
    return Frame(
        Span("b", start, start + length, length, offset, "unknown"), {REQUESTS: Counter(1, 1.0, 1.0, 0)}
    )


class Rig:
    def __init__(self) -> None:
        self.tally = Tally()
        self.entries: list[tuple[str, str, int | None]] = []
        self.waiting = Waiting(self.tally, self._enter)

    def _enter(self, entry: Entry) -> None:
        assert entry.span is not None
        self.entries.append((entry.what, entry.reason, entry.records))

    def total(self) -> float:
        windows = (frame.windows[REQUESTS] for frame in self.waiting.content.frames)
        return sum(window.delta for window in windows if isinstance(window, Counter))

    def counted(self, name: str) -> dict[str, float]:
        mine = [each for each in self.tally.snapshot() if each.name == name]
        return {dict(each.attributes).get("reason", ""): each.value for each in mine}


def test_beyond_the_bound_neighbours_are_merged() -> None:
    rig = Rig()
    for n in range(100):
        rig.waiting.take(frame(60.0 * n), WAITING)
    assert len(rig.waiting.content.frames) <= WAITING
    assert rig.total() == 100
    assert {entry[:2] for entry in rig.entries} == {("merged", "unwritten")}


def test_fewer_wait_while_memory_is_short_or_their_record_would_be_too_large() -> None:
    rig = Rig()
    assert rig.waiting.room(None) == rig.waiting.room(1000) == WAITING
    rig.waiting.take(frame(0.0), WAITING)
    rig.waiting.take(frame(60.0), WAITING)
    key = Key(1, "windows", 0, 0)
    rig.waiting.written((Row(key, b"", False, 200, None),))
    assert rig.waiting.room(1000) == 8
    assert rig.waiting.room(50) == 1
    assert rig.waiting.room(None) == WAITING
    rig.waiting.tight = True
    assert rig.waiting.room(1000) == rig.waiting.room(None) == TIGHT


def test_fewer_share_a_commit_where_the_budget_of_writes_asks_for_it_and_none_is_dropped() -> None:
    rig = Rig()
    for n in range(60):
        rig.waiting.take(frame(60.0 * n), WAITING, 1)
    (only,) = rig.waiting.content.frames
    assert (only.span.start, only.span.end, rig.total()) == (0.0, 3600.0, 60)
    assert {entry[:2] for entry in rig.entries} == {("merged", "budget")}
    rig.waiting.take(frame(3600.0, offset=1000.0), WAITING, 1)
    assert rig.total() == 61, "across a step of the clock nothing is merged"


def test_windows_of_a_clock_that_keeps_jumping_are_dropped_and_that_is_said() -> None:
    rig = Rig()
    for n in range(WAITING + 3):
        rig.waiting.take(frame(60.0 * n, offset=1000.0 * n), WAITING)
    assert rig.total() == WAITING
    assert rig.entries[:2] == [("lost", "unwritten", 1), ("merged", "unwritten", WAITING + 1)]
    assert rig.counted("outrider.windows.dropped") == {"": 3.0}


def test_an_hour_late_is_its_own_time_and_a_day_is_too_late() -> None:
    rig = Rig()
    rig.waiting.take(frame(NOW - 60.0), WAITING)
    late = [NOW - 3600.0, NOW - 3540.0, NOW - LATE - 61.0, NOW - LATE - 59.0, NOW + AHEAD]
    rig.waiting.take_late([frame(at) for at in late], NOW)
    assert [f.span[1:3] for f in rig.waiting.content.frames] == [
        (NOW - LATE - 59.0, NOW - LATE + 1.0),
        (NOW - 3600.0, NOW - 3540.0),
        (NOW - 3540.0, NOW - 3480.0),
        (NOW - 60.0, NOW),
    ]
    assert rig.counted("outrider.windows.refused") == {"late": 1.0, "early": 1.0}
    assert rig.entries == [("lost", "late", 1), ("lost", "early", 1)]


def test_a_window_without_anything_is_none() -> None:
    rig = Rig()
    empty = frame(NOW - 60.0)._replace(windows={})
    rig.waiting.take(empty, WAITING)
    rig.waiting.take_late([empty], NOW)
    assert rig.waiting.content.frames == ()


def test_late_windows_are_bounded_and_nothing_is_lost() -> None:
    rig = Rig()
    rig.waiting.take_late([frame(NOW - 100.0 * n - 60.0) for n in range(3 * MAX_FRAMES)], NOW)
    assert len(rig.waiting.content.frames) == MAX_FRAMES
    assert rig.total() == 3 * MAX_FRAMES
    assert rig.counted("outrider.windows.coarsened") == {"": 2.0 * MAX_FRAMES}


def test_late_windows_go_into_one_record_and_the_newest_keep_their_minutes() -> None:
    chance = Random(1)
    late = [
        frame(NOW - 60.0 * n)._replace(windows={REQUESTS: Counter(1, 1.0, chance.random(), 0)})
        for n in range(1, 61)
    ]
    rig = Rig()
    rig.waiting.take_late(late, NOW)
    largest = len(pack(rig.waiting.content)) * 2 // 3
    rig = Rig()
    rig.waiting.take_late(late, NOW, largest)
    assert len(pack(rig.waiting.content)) <= largest
    lengths = [each.span.end - each.span.start for each in rig.waiting.content.frames]
    assert len(lengths) > 20
    assert lengths[1:] == [60.0] * (len(lengths) - 1)
    assert sum(lengths) == 3600.0
    assert rig.total() == 60
    assert {entry[:2] for entry in rig.entries} == {("merged", "late")}
    assert sum(records or 0 for *_, records in rig.entries) == 60 - len(lengths)


def test_late_windows_of_which_one_alone_is_too_large_become_one() -> None:
    rig = Rig()
    rig.waiting.take_late([frame(NOW - 60.0 * n) for n in range(1, 61)], NOW, 1)
    assert len(rig.waiting.content.frames) == 1
    assert rig.total() == 60


def test_what_is_written_waits_no_more() -> None:
    rig = Rig()
    rig.waiting.take(frame(NOW), WAITING)
    rig.waiting.take_late([frame(NOW - 3600.0)], NOW)
    rig.waiting.written()
    assert rig.waiting.content.frames == ()
