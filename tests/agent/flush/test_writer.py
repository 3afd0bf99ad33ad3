"""Each window becomes a record; what cannot be written waits, gets coarser, and is not lost unsaid."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.config.recording import Recorder as Recording
from agent.control_socket import Asked, Request
from agent.flash import Flash
from agent.flush.leftover import Leftover
from agent.flush.recorder import Place, Recorder
from agent.flush.shipping import Shipping
from agent.flush.waiting import WAITING
from agent.flush.wear import Wear
from agent.flush.writer import STATES, Judged, Writer
from agent.judge.thrift import Thrift
from agent.ledger import Entry, entry_of
from agent.poller import Clocks, Closed
from agent.ship import protocol as shipped
from agent.ship.outbox import Outbox
from agent.ship.purse import Purse
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.ring import Ring
from agent.stats.window import Counter
from agent.store.account import Change
from agent.store.errors import StoreCorrupt, StoreFull
from agent.store.reader import Reader
from agent.store.sizing import Limits
from agent.store.store import Flush, Flushed, Store
from collectors.api import Reading, Series
from collectors.host import Host
from collectors.runner import Transition
from collectors.tally import Tally
from tests.waiting import until

REQUESTS = Series("model.requests", "{request}", "counter", ())
OFFSET = 1_700_000_000.0


OFF = Recording(enabled=False)


class Rig:
    """A writer on a real store, with its log and what it tells the link; its boot clock goes a second on
    each time that it is asked."""

    def __init__(
        self,
        directory: Path,
        clock_wait: float = 600.0,
        a_day: float = 50e6,
        recording: Recording = OFF,
        ring: Path | None = None,
    ) -> None:
        self.directory = directory
        self.tally = Tally()
        self.lines: list[tuple[str, str]] = []
        self.posts: list[shipped.Event] = []
        self.outbox = Outbox("")
        self.opened: list[Store] = []
        self.now, self.offset, self.quality = 1000.0, OFFSET, "unknown"
        clocks = Clocks(self._tick, lambda: self.now + self.offset, lambda: self.quality)
        self.wear = Wear(Thrift(a_day), lambda: Flash(Host(), directory), self.tally)
        ship = Shipping(self.outbox, threading.Lock(), self.posts.append, Purse(), self.tally, clock_wait)
        recorder = Recorder(recording, Place(ring, 600.0, "boot"), clocks, self.tally)
        self.writer = Writer(
            self._open,
            ship,
            clocks,
            "boot",
            self.tally,
            lambda *line: self.lines.append(line),
            self.wear,
            recorder,
        )
        self.number = 0

    def _tick(self) -> float:
        self.now += 0.001
        return self.now

    def _open(self) -> Store:
        serial = itertools.count(int(time.time() * 1e6))
        store = Store.open(self.directory, Limits(1 << 20), now=OFFSET, new_epoch=lambda: next(serial))
        self.opened.append(store)
        return store

    def window(self, *, offset: float = OFFSET, quality: str = "unknown", early: str = "") -> None:
        start = 60.0 * self.number
        span = Span("boot", start, start + 60, 60.0, offset, quality)
        self.writer.put(Closed(Frame(span, {REQUESTS: Counter(60, 1.0, 1.0, 0)}), early, ()))
        self.number += 1

    def judged(self, name: str, **states: bytes | None) -> None:
        self.writer.put(Judged((Event("boot", 1.0, OFFSET, name, (), ""),), states))

    def written(self) -> dict[str, bytes]:
        """The states that the store holds; the writer has ended."""
        store = self._open()
        try:
            return store.alerts()
        finally:
            store.close()

    def events(self) -> list[str]:
        reader = Reader.open(self.directory)
        try:
            return [event.name for each in reader.stored() for event in each.content().events]
        finally:
            reader.close()

    def entries(self) -> list[Entry]:
        with closing(Reader.open(self.directory)) as reader:
            events = [event for each in reader.stored() for event in each.content().events]
        return [entry for event in events if (entry := entry_of(event)) is not None]

    def contents(self) -> list[Content]:
        reader = Reader.open(self.directory)
        try:
            return [each.content() for each in reader.stored() if each.row.key.stream == "windows"]
        finally:
            reader.close()

    def total(self) -> float:
        return sum(
            window.delta
            for content in self.contents()
            for frame in content.frames
            for window in frame.windows.values()
            if isinstance(window, Counter)
        )

    def flushes(self) -> list[shipped.Flushed]:
        return [post for post in self.posts if isinstance(post, shipped.Flushed)]

    def counted(self, name: str) -> float:
        return sum(value for counted, _, _, value in self.tally.snapshot() if counted == name)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "state")
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    yield rig
    rig.writer.stop(20)


def failing(store: Store, times: int) -> Callable[[Flush], Flushed]:
    """The store's own flush, which first fails so often as a full disk makes it."""
    left = [times]
    real = store.flush

    def flush(what: Flush) -> Flushed:
        if left[0] > 0:
            left[0] -= 1
            raise StoreFull("the disk is full; free space")
        return real(what)

    return flush


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
    while not rig.outbox.claims().pending:
        time.sleep(0.01)
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
    assert sum(each.records for each in lost) == dropped
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
    while len(rig.flushes()) < 2:
        time.sleep(0.01)
    monkeypatch.undo()
    rig.writer.enter(Entry("refused", "windows", "packet_too_large", "link"))
    assert rig.writer.stop(20)
    assert sorted(each[:5] for each in rig.entries()) == [
        ("lost", "samples", "full", "store", 1),
        ("merged", "windows", "crowded", "store", 3),
        ("merged", "windows", "space", "store", 8),
        ("refused", "windows", "packet_too_large", "link", 1),
    ]


def test_a_store_that_breaks_while_open_is_set_aside_and_a_new_one_begun(rig: Rig) -> None:
    rig.window()
    while not rig.outbox.claims().pending:
        time.sleep(0.01)
    path = rig.opened[0].path
    with path.open("r+b") as file:
        file.write(b"\xa5" * path.stat().st_size)
    for _ in range(40):
        rig.window()
    assert rig.writer.stop(20)
    assert rig.counted("outrider.store.set_aside") == 1
    assert list(path.parent.glob("*.corrupt-*"))
    assert any("damaged" in text for _, text in rig.lines)
    assert rig.total() > 0


def test_a_store_that_cannot_be_opened_is_a_fault_and_no_thread(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    rig = Rig(tmp_path / "file" / "state")
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    assert "file" in str(rig.writer.fault)
    assert not rig.writer.alive(0.0)


def test_a_damaged_store_in_whose_place_none_can_be_made_at_once_gets_one_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.window()
    while not rig.outbox.claims().pending:
        time.sleep(0.01)
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
    while len(rig.flushes()) < 2:
        time.sleep(0.01)
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
    while len(rig.flushes()) < 2:
        time.sleep(0.01)
    assert len(rig.writer.alerts) == STATES
    rig.window()
    assert rig.writer.stop(20)
    assert len(rig.written()) == STATES + 8


def test_a_store_begun_anew_learns_the_states_again(rig: Rig) -> None:
    rig.judged("alert.fired", hot=b"1")
    while len(rig.flushes()) < 2:
        time.sleep(0.01)
    path = rig.opened[0].path
    with path.open("r+b") as file:
        file.write(b"\xa5" * path.stat().st_size)
    for _ in range(40):
        rig.window()
    assert rig.writer.stop(20)
    assert rig.counted("outrider.store.set_aside") == 1
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
    rig.now += 600.0
    rig.window(offset=0.0, quality="unsynchronised")
    until(lambda: len(rig.flushes()) == 3)
    assert [row.key.first for row in rig.outbox.take(10**6)] == [1, 0]
    assert rig.writer.stop(20)
    [window] = rig.flushes()[-1].fresh.values()
    assert window.frames[0].span.quality == "unsynchronised"
    assert rig.events() == []


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


# --- the budget of writes


@pytest.fixture
def spare(tmp_path: Path) -> Iterator[Rig]:
    """A writer whose budget is used up: the next commit is due in an hour."""
    rig = Rig(tmp_path / "state", a_day=1e6)
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.wear.thrift.left = -1e5
    yield rig
    rig.writer.stop(20)


def taken(rig: Rig) -> None:
    """Return when the writer has taken all that came."""
    deadline = time.monotonic() + 20
    while not rig.writer._inbox.empty() or rig.writer._busy_since is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_windows_share_a_commit_while_the_budget_is_short_and_all_of_them_are_in_it(spare: Rig) -> None:
    """iotedge#1274 and go.d.plugin#437: flash worn out by hundreds of megabytes a day."""
    before = len(spare.flushes())
    for _ in range(10):
        spare.window()
    taken(spare)
    assert len(spare.flushes()) == before, "none came before its time"
    assert spare.wear.thrifty
    assert spare.writer.stop(20)
    assert spare.total() == 10.0, "an end is no loss"


def test_what_waits_for_the_budget_is_written_when_it_ends(spare: Rig) -> None:
    for _ in range(10):
        spare.window()
    taken(spare)
    spare.window(early="stop")
    taken(spare)
    assert spare.total() == 11.0
    assert len(spare.contents()) == 1
    assert len(spare.contents()[0].frames) == 11


def test_an_hour_without_a_commit_keeps_every_window_covered_and_little_in_memory(spare: Rig) -> None:
    for _ in range(60):
        spare.window()
    taken(spare)
    assert len(spare.writer._waiting.content.frames) <= WAITING
    spare.window(early="stop")
    taken(spare)
    (content,) = spare.contents()
    assert spare.total() == 61.0
    spans = [frame.span for frame in content.frames]
    assert (spans[0].start, spans[-1].end) == (0.0, 61 * 60.0)
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))


def test_an_alert_is_not_committed_ahead_of_its_time_while_the_budget_is_short(spare: Rig) -> None:
    before = len(spare.flushes())
    spare.wear.look(0.0)
    assert spare.wear.thrifty
    spare.judged("alert.fired", hot=b"1")
    taken(spare)
    assert len(spare.flushes()) == before
    spare.window(early="stop")
    taken(spare)
    spare.writer.stop(20)
    assert spare.written() == {"hot": b"1"}
    assert "alert.fired" in spare.events()


def test_the_budget_says_when_it_runs_short_in_an_event_and_in_the_log(spare: Rig) -> None:
    spare.window()
    taken(spare)
    assert [level for level, text in spare.lines if "store.write_budget" in text] == ["warning"]
    spare.window(early="stop")
    taken(spare)
    assert "flash.thrifty" in spare.events()


def test_the_budget_is_known_over_a_restart(spare: Rig) -> None:
    spare.window(early="stop")
    taken(spare)
    left = spare.wear.thrift.left
    spare.writer.stop(20)
    again = Rig(spare.directory, a_day=1e6)
    again.writer.start()
    assert again.writer.ready.wait(20)
    assert again.wear.thrift.left == pytest.approx(left, abs=5e4)
    again.writer.stop(20)


def test_windows_that_wait_never_become_a_record_too_large_for_the_store(spare: Rig) -> None:
    spare.writer._waiting._frame_size = spare.opened[0].share.largest / 3
    for _ in range(12):
        spare.window()
    taken(spare)
    assert len(spare.writer._waiting.content.frames) <= 2


# --- the flight recorder


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Rig]:
    """A writer whose recorder has a ring; a capture is over a few looks at the clock after its trigger."""
    ring = Ring.open(tmp_path / "ring", "boot", 3000)
    for at in range(800, 1800):
        ring.write(float(at), [("all", Reading((REQUESTS,), [at]))])
    rig = Rig(tmp_path / "state", recording=Recording(before=30.0, after=5.0), ring=ring.path)
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
    assert len(capture.frames) >= 35
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
    fired = Event("boot", 1010.0, OFFSET, "alert.fired", (), "")
    recording.writer.put(Judged((fired,), {"hot": b"2"}))
    until(lambda: len(captures(recording)) == 1)
    assert recording.writer.stop(20)
    assert recording.written() == {"hot": b"2"}


# --- what a killed life left, and what comes late


def polled(ring: Ring, first: int, last: int) -> None:
    """Poll a counter of one a second."""
    for second in range(first, last + 1):
        ring.write(float(second), [("model", Reading((REQUESTS,), (second,)))])


def killed(directory: Path) -> Path:
    """A life that stored a minute and was killed 31 s after; where its ring lies."""
    ring = Ring.open(directory.with_name("ring"), "boot", 100, 64)
    rig = Rig(directory)
    rig.writer.leftover = Leftover(directory, "boot", 2.0, 60.0)
    rig.writer.leftover.ring = ring
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    polled(ring, 0, 60)
    rig.window()
    until(lambda: len(rig.flushes()) == 2)
    polled(ring, 61, 91)
    assert ring.kept == 60.0
    ring.close()
    assert rig.writer.stop(20)
    return directory.with_name("ring")


def again(directory: Path) -> Rig:
    rig = Rig(directory)
    rig.writer.leftover = Leftover(directory.with_name("ring"), "boot", 2.0, 60.0)
    return rig


def test_what_a_killed_life_left_in_the_ring_is_stored_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    killed(state)
    for _ in range(3):
        rig = again(state)
        rig.writer.start()
        assert rig.writer.ready.wait(20)
        assert rig.writer.stop(20)
    spans = [frame.span[1:4] for content in rig.contents() for frame in content.frames]
    assert spans == [(0.0, 60.0, 60.0), (60.0, 91.0, 31.0)]
    assert rig.total() == 1 + 31
    assert rig.events() == ["agent.recovered"]


def test_a_crash_in_the_midst_of_recovery_neither_doubles_nor_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    killed(state)
    rig = again(state)
    real = rig._open

    def opened() -> Store:
        store = real()
        monkeypatch.setattr(store, "flush", failing(store, 1))
        return store

    monkeypatch.setattr(rig.writer, "_open", opened)
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.writer.stop(20)
    after = again(state)
    after.writer.start()
    assert after.writer.ready.wait(20)
    assert after.writer.stop(20)
    assert after.total() == 1 + 31


def test_a_store_begun_anew_does_not_get_again_what_was_shipped(tmp_path: Path) -> None:
    killed(tmp_path / "state")
    (tmp_path / "state").rename(tmp_path / "away")
    rig = again(tmp_path / "state")
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    assert rig.writer.stop(20)
    assert [frame.span[1:3] for content in rig.contents() for frame in content.frames] == [(60.0, 91.0)]


def test_late_windows_go_with_the_next_flush_and_keep_their_time(rig: Rig) -> None:
    rig.number = 1000
    hour = OFFSET + rig.now - 3600.0
    span = Span("before", 0.0, 60.0, 0.0, hour, "unknown")
    rig.writer.put_late([Frame(span, {REQUESTS: Counter(60, 7.0, 1.0, 0)})])
    rig.window()
    assert rig.writer.stop(20)
    [content] = rig.contents()
    assert [(frame.span.boot, frame.span.wall[0]) for frame in content.frames] == [
        ("before", hour),
        ("boot", OFFSET + 60_000.0),
    ]
    assert rig.total() == 8


def test_a_store_that_cannot_tell_what_it_has_costs_the_remains_and_not_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    killed(state)
    rig = again(state)
    real = rig._open

    def opened() -> Store:
        store = real()
        monkeypatch.setattr(store, "ended", lambda _: no_space())
        return store

    monkeypatch.setattr(rig.writer, "_open", opened)
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.number = 10
    rig.window()
    assert rig.writer.stop(20)
    assert rig.total() == 2
    assert rig.counted("outrider.store.errors") == 1


def no_space() -> float:
    raise StoreFull("the disk is full; free space")
