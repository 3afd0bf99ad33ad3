"""Each window becomes a record; what cannot be written waits, gets coarser, and is not lost unsaid."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agent.flush.waiting import WAITING
from agent.flush.writer import STATES, Begun
from agent.ledger import Entry, entry_of
from agent.poller import Closed
from agent.ship.holds import HOLDS, Holds
from agent.ship.records import STREAMS
from agent.stats.frame import Frame, Span
from agent.store.account import Change
from agent.store.errors import StoreCorrupt, StoreFull
from agent.store.flush import Flush, Flushed
from agent.store.reader import Reader
from agent.store.store import Store
from collectors.runner import Transition
from tests.agent.flush.rig import OFFSET, Rig, failing
from tests.waiting import until


def test_the_epoch_begins_before_the_first_window(rig: Rig) -> None:
    assert len(rig.flushes()) == 1
    assert rig.outbox.epochs[0].id > 0


def test_each_window_is_a_record_and_the_link_gets_it_from_memory(rig: Rig) -> None:
    rig.window()
    rig.window()
    assert rig.writer.stop(20)
    assert rig.total() == 2
    fresh = [key.first for post in rig.flushes() for key in post.fresh if key.stream == "windows"]
    assert fresh == [0, 1]
    assert len(rig.outbox.claims().pending) >= 1


def test_events_go_with_the_next_flush_and_are_bounded(rig: Rig) -> None:
    for n in range(300):
        rig.writer.event("made.up", str(n))
    rig.window()
    assert rig.writer.stop(20)
    reader = Reader.open(rig.directory)
    events = [e for each in reader.stored() for e in each.content().events]
    reader.close()
    assert [e.text for e in events[:3]] == ["0", "1", "2"]
    entries = [entry for event in events if (entry := entry_of(event)) is not None]
    dropped = rig.counted("outrider.events.dropped")
    assert len(events) - len(entries) + dropped == 300
    assert [each[:4] for each in entries] == [("lost", "events", "too_many", "writer")]
    assert entries[0].records == dropped == 100


def test_what_the_outbox_settled_is_confirmed_with_the_next_flush(rig: Rig) -> None:
    rig.window()
    until(lambda: bool(rig.outbox.claims().pending))
    for row in rig.outbox.take(10**6):
        rig.outbox.sent(row.key, row.digest)
    rig.window()
    assert rig.writer.stop(20)
    reader = Reader.open(rig.directory)
    confirmed = [row.row.key.first for row in reader.stored() if row.row.confirmed]
    reader.close()
    assert confirmed == [0]
    assert rig.outbox.settled() == []


def test_a_full_disk_costs_nothing_but_resolution(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig.opened[0], "flush", failing(rig.opened[0], WAITING + 5))
    for _ in range(WAITING + 10):
        rig.window()
    assert rig.writer.stop(20)
    assert rig.total() == WAITING + 10
    assert rig.counted("outrider.store.errors") == WAITING + 5
    assert rig.counted("outrider.windows.dropped") == 0
    assert [level for level, _ in rig.lines] == ["error", "info"]


def test_where_nothing_can_merge_the_oldest_go_and_it_is_said(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.opened[0], "flush", failing(rig.opened[0], WAITING + 5))
    for n in range(WAITING + 10):
        rig.window(offset=OFFSET + 100.0 * n)
    assert rig.writer.stop(20)
    dropped = rig.counted("outrider.windows.dropped")
    assert dropped > 0
    assert rig.total() == WAITING + 10 - dropped
    lost = [each for each in rig.entries() if each.what == "lost"]
    assert {each[:4] for each in lost} == {("lost", "windows", "unwritten", "writer")}
    assert sum(each.records or 0 for each in lost) == dropped
    assert any(each.what == "merged" for each in rig.entries())


def test_what_the_store_merges_drops_and_deletes_is_entered_and_nothing_twice(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = (
        Change("merged", "windows", "space", 8, 4000, 0.0, 480.0),
        Change("merged", "events", "age", 2, 100, 0.0, 480.0),
        Change("joined", "windows", "crowded", 3, 500, 0.0, 480.0),
        Change("lost", "samples", "full", 1, 900, 0.0, 60.0),
    )
    real = rig.opened[0].flush
    monkeypatch.setattr(rig.opened[0], "flush", lambda what: real(what)._replace(changes=changes))
    rig.window()
    until(lambda: len(rig.flushes()) >= 2)
    monkeypatch.undo()
    rig.writer.enter(Entry("refused", "windows", "packet_too_large", "link"))
    assert rig.writer.stop(20)
    assert sorted(each[:5] for each in rig.entries()) == [
        ("lost", "samples", "full", "store", 1),
        ("merged", "windows", "crowded", "store", 3),
        ("merged", "windows", "space", "store", 8),
        ("refused", "windows", "packet_too_large", "link", 1),
    ]


def garbled(rig: Rig) -> Path:
    """Have the open store's file written over, and the writer find that and end; the file's path."""
    path = rig.opened[0].path
    with path.open("r+b") as file:
        file.write(b"\xa5" * path.stat().st_size)
    for _ in range(40):
        rig.window()
    assert rig.writer.stop(20)
    assert rig.counted("outrider.store.set_aside") == 1
    return path


def test_a_store_that_breaks_while_open_is_set_aside_and_a_new_one_begun(rig: Rig) -> None:
    rig.window()
    until(lambda: bool(rig.outbox.claims().pending))
    path = garbled(rig)
    assert list(path.parent.glob("*.corrupt-*"))
    assert any("damaged" in text for _, text in rig.lines)
    assert rig.total() > 0
    gone = [entry for entry in rig.entries() if entry.reason == "corrupt"]
    assert gone == [Entry("lost", stream, "corrupt", "store", None) for stream in STREAMS]


def test_a_store_that_cannot_be_opened_is_a_fault_and_no_thread(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    rig = Rig(tmp_path / "file" / "state")
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    assert "file" in str(rig.writer.fault)
    assert not rig.writer.alive(0.0)


def test_a_store_found_damaged_at_the_start_is_entered_as_lost_and_by_no_number(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for spoilt in (False, True):
        rig = Rig(state)
        if spoilt:
            (path,) = state.glob("*.db")
            path.write_bytes(b"\xa5" * path.stat().st_size)
        rig.writer.start()
        assert rig.writer.ready.wait(20)
        assert rig.writer.lost == spoilt
        rig.window()
        assert rig.writer.stop(20)
    assert rig.entries() == [Entry("lost", stream, "corrupt", "store", None) for stream in STREAMS]


def test_a_damaged_store_in_whose_place_none_can_be_made_at_once_gets_one_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.window()
    until(lambda: bool(rig.outbox.claims().pending))
    real, refusals = rig._open, [StoreFull("the disk is full; free space")] * 3

    def reopen() -> Store:
        if refusals:
            raise refusals.pop()
        return real()

    def damaged(_flush: Flush) -> Flushed:
        raise StoreCorrupt("the file is damaged")

    monkeypatch.setattr(rig.writer, "_open", reopen)
    monkeypatch.setattr(rig.opened[0], "flush", damaged)
    before = rig.outbox.epochs
    for _ in range(6):
        rig.window()
    assert rig.writer.stop(20)
    assert [error for level, error in rig.lines if level == "error"][:2] == [
        "the file is damaged",
        "the disk is full; free space",
    ]
    assert rig.lines[-1] == ("info", "the store works again")
    assert rig.outbox.epochs[0].id not in {epoch.id for epoch in before}


def test_a_row_that_can_never_be_sent_is_known_after_a_restart_and_not_tried_again(rig: Rig) -> None:
    rig.window()
    rig.window()
    until(lambda: len(rig.flushes()) == 3)
    first, second = rig.outbox.take(10_000)
    rig.outbox.refused(first.key, first.digest, "packet_too_large")
    rig.outbox.failed(second.key, second.digest)
    rig.window()
    assert rig.writer.stop(20)
    assert rig.outbox.refusals() == {}
    again = Rig(rig.directory)
    again.writer.start()
    assert again.writer.ready.wait(20)
    waiting = [row.key for row in again.outbox.take(10_000)]
    assert second.key in waiting
    assert first.key not in waiting
    assert again.writer.stop(20)


def test_an_alert_is_written_before_the_window_ends_with_its_state_and_once_a_window(rig: Rig) -> None:
    rig.judged("alert.fired", hot=b"1")
    until(lambda: len(rig.flushes()) >= 2)
    assert rig.events() == ["alert.fired"]
    rig.judged("alert.cleared", hot=None, dark=b"2")
    rig.judged("alert.fired", hot=b"3")
    rig.window()
    rig.judged("alert.cleared", hot=None)
    assert rig.writer.stop(20)
    assert rig.events() == ["alert.fired", "alert.cleared", "alert.fired", "alert.cleared"]
    assert len(rig.flushes()) == 4
    assert rig.written() == {"dark": b"2"}
    assert rig.writer.alerts == {"dark": b"2"}


def test_where_a_feed_begins_is_stored_before_the_window_ends(rig: Rig) -> None:
    rig.writer.put(Begun(lambda: {"api/1": b"here"}))
    rig.writer.put(Begun(dict))
    until(lambda: rig.writer.positions == {"api/1": b"here"})
    assert len(rig.flushes()) == 2
    assert rig.writer.stop(20)
    with closing(rig._open()) as store:
        assert store.positions() == {"api/1": b"here"}


def test_changes_of_alerts_have_a_stream_of_their_own(rig: Rig) -> None:
    rig.judged("alert.fired", hot=b"1")
    rig.writer.event("made.up", "")
    rig.window()
    assert rig.writer.stop(20)
    with closing(Reader.open(rig.directory)) as reader:
        found = {
            stream: [e.name for each in reader.stored(streams=(stream,)) for e in each.content().events]
            for stream in ("events", "alerts")
        }
    assert found == {"events": ["made.up"], "alerts": ["alert.fired"]}


def test_states_come_with_a_window_and_are_there_after_a_restart(rig: Rig) -> None:
    span = Span("boot", 0.0, 60.0, 60.0, OFFSET, "unknown")
    rig.writer.put(Closed(Frame(span, {}), "", (), {"hot": b"1", "dark": b"2"}))
    rig.writer.put(Closed(Frame(span, {}), "", (), {"dark": None}))
    assert rig.writer.stop(20)
    again = Rig(rig.directory)
    again.writer.start()
    assert again.writer.ready.wait(20)
    assert again.writer.alerts == {"hot": b"1"}
    assert again.writer.stop(20)


def test_what_could_not_be_written_of_alerts_is_written_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.opened[0], "flush", failing(rig.opened[0], 2))
    rig.judged("alert.fired", hot=b"1")
    rig.window()
    rig.window()
    assert rig.writer.stop(20)
    assert rig.written() == {"hot": b"1"}
    assert rig.events() == ["alert.fired"]


def test_one_transaction_holds_only_so_many_states(rig: Rig) -> None:
    rig.judged("alert.fired", **{f"r{n}": b"x" for n in range(STATES + 8)})
    until(lambda: len(rig.flushes()) >= 2)
    assert len(rig.writer.alerts) == STATES
    rig.window()
    assert rig.writer.stop(20)
    assert len(rig.written()) == STATES + 8


def test_a_store_begun_anew_learns_the_states_again(rig: Rig) -> None:
    rig.judged("alert.fired", hot=b"1")
    until(lambda: len(rig.flushes()) >= 2)
    garbled(rig)
    assert rig.written() == {"hot": b"1"}


def test_what_this_host_lacks_is_one_line_and_what_fails_a_warning_each(rig: Rig) -> None:
    span = Span("boot", 0.0, 60.0, 60.0, OFFSET, "unknown")
    changes = (
        Transition("thermal", 1.0, "absent", "no sensor"),
        Transition("memory", 1.0, "failing", "OSError: gone"),
        Transition("power", 1.0, "absent", "no battery"),
        Transition("cpu", 2.0, "ok", ""),
    )
    rig.writer.put(Closed(Frame(span, {}), "", changes))
    assert rig.writer.stop(20)
    assert [line for line in rig.lines if "store" not in line[1]] == [
        ("warning", "collector memory: failing OSError: gone"),
        ("info", "collector cpu: ok "),
        ("info", "nothing here for thermal, power; `outrider test` tells why"),
    ]
    assert rig.events().count("collector.absent") == 2


def test_records_of_a_wrong_clock_wait_until_it_is_right_and_go_with_the_right_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "state")
    rig.offset, rig.quality = 0.0, "unsynchronised"
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.window(offset=0.0, quality="unsynchronised")
    rig.window(offset=0.0, quality="unsynchronised")
    until(lambda: len(rig.flushes()) == 3)
    assert rig.outbox.take(10**6) == []
    assert [key[1:] for key in rig.outbox.claims().pending] == [("windows", 0, 1)]
    rig.offset, rig.quality = OFFSET, "synchronised"
    rig.window(offset=0.0, quality="unsynchronised")
    until(lambda: len(rig.flushes()) == 4)
    assert [row.key.stream for row in rig.outbox.take(10**6)].count("windows") == 3
    assert rig.writer.stop(20)
    fresh = rig.flushes()[-1].fresh
    [window] = [content for key, content in fresh.items() if key.stream == "windows"]
    assert window.frames[0].span[4:] == (OFFSET, "synchronised")
    assert rig.events() == ["clock"]
    frames = [frame for content in rig.contents() for frame in content.frames]
    assert {frame.span[4:] for frame in frames} == {(OFFSET, "synchronised")}


def test_records_of_a_wrong_clock_go_marked_when_they_have_waited_enough(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "state", clock_wait=600.0)
    rig.offset, rig.quality = 0.0, "unsynchronised"
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.window(offset=0.0, quality="unsynchronised")
    until(lambda: len(rig.flushes()) == 2)
    assert rig.outbox.take(10**6) == []
    assert Holds.load(rig.opened[0].kept()[HOLDS]).clock == pytest.approx(1600.0, abs=1.0)
    rig.now += 600.0
    rig.window(offset=0.0, quality="unsynchronised")
    until(lambda: len(rig.flushes()) == 3)
    assert [row.key.first for row in rig.outbox.take(10**6)] == [1, 0]
    assert rig.writer.stop(20)
    [window] = rig.flushes()[-1].fresh.values()
    assert window.frames[0].span.quality == "unsynchronised"
    assert rig.events() == []
    warned = [text for level, text in rig.lines if level == "warning"]
    assert [text.partition(": ")[0] for text in warned] == ["the wall clock is surely wrong"]
    with closing(Reader.open(tmp_path / "state")) as reader:
        assert HOLDS not in reader.states("kept")


def test_what_an_earlier_life_recorded_does_not_wait(tmp_path: Path) -> None:
    first = Rig(tmp_path / "state")
    first.writer.start()
    assert first.writer.ready.wait(20)
    first.window()
    assert first.writer.stop(20)
    rig = Rig(tmp_path / "state")
    rig.offset, rig.quality = 0.0, "unsynchronised"
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    assert [row.key.first for row in rig.outbox.take(10**6)] == [0]
    assert rig.writer.stop(20)


def test_a_flush_that_fails_tells_the_clock_with_the_next(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.window(offset=0.0, quality="unsynchronised")
    until(lambda: len(rig.flushes()) == 2)
    store = rig.opened[0]
    assert store.clocks["boot"].offset == pytest.approx(OFFSET)
    monkeypatch.setattr(store, "flush", failing(store, 1))
    rig.offset += 100.0
    rig.window(offset=OFFSET + 100.0)
    rig.window(offset=OFFSET + 100.0)
    assert rig.writer.stop(20)
    assert rig.events() == ["clock", "clock"]
    assert store.clocks["boot"].offset == pytest.approx(OFFSET + 100.0)
