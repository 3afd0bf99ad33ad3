"""The flush: one thread that puts each ended window, and each capture, into the store and tells the link.

What cannot be written now waits in memory, at most `WAITING` frames: beyond that neighbours are
merged, so that coverage stays whole while resolution falls, as in the store itself.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from agent.control_socket import Asked
from agent.flush.contents import dated
from agent.flush.entered import entered
from agent.flush.feed import Feed, Said, placed, rated
from agent.flush.happenings import Batch, Happenings
from agent.flush.leftover import Leftover
from agent.flush.recorder import Due, Recorder, awaited
from agent.flush.shipping import Shipping, Taken
from agent.flush.states import States
from agent.flush.transitions import tell
from agent.flush.waiting import Waiting
from agent.flush.wear import Wear
from agent.judge.thrift import KEPT
from agent.ledger import Entry
from agent.poller import Clocks, Closed
from agent.ship.records import STREAMS
from agent.stats.clocks import WRONG, Clock
from agent.stats.frame import Content, Event, Frame
from agent.stats.window import Summary, merge_into
from agent.store.errors import StoreCorrupt, StoreError
from agent.store.flush import Flush, Flushed
from agent.store.store import Store
from collectors.api import Attributes, Series
from collectors.tally import Tally

# States of alerts in one transaction; the others follow with the next.
STATES = 32
# How long a feed may take to hand over, in s.
PATIENCE = 1.0
DEADLINE = 120.0


class Judged(NamedTuple):
    """What alert rules found in the middle of a window: the changes, for the stream of alerts, and the
    states that go with them."""

    events: tuple[Event, ...]
    states: Mapping[str, bytes | None]


class Begun(NamedTuple):
    """A feed has begun where nobody stood before; `take` gives the positions that are not handed over yet."""

    take: Callable[[], Mapping[str, bytes | None]]


Item = Closed | Judged | Asked | Begun


class Writer:
    """Owns the store. Its thread wakes when a window ends, and for the first alert in it.

    `leftover` is what an earlier life of this boot left in the ring, `spent` what the one before in this
    process spent on the link; set before the start. `feeds` are asked for what they made with each window
    that ends.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        ship: Shipping,
        clocks: Clocks,
        boot: str,
        tally: Tally,
        say: Callable[[str, str], None],
        wear: Wear,
        recorder: Recorder,
    ) -> None:
        """`open_store` runs in the writer's thread; `say(level, text)` logs a line."""
        self._wear = wear
        self._open = open_store
        self._ship = ship
        self._clocks = clocks
        self._boot = boot
        self._tally = tally
        self._say = say
        self._recorder = recorder
        self._inbox: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._store: Store
        self._waiting = Waiting(tally, self.enter)
        self.leftover: Leftover | None = None
        self.feeds: tuple[Feed, ...] = ()
        self._began, self._ended = clocks.wall(), 0.0
        self.spent: Mapping[str, bytes] = {}
        self._happenings = Happenings(clocks.boot, tally)
        self._alerts, self._positions = States(), States()
        self._early = False
        self._ending = False
        self._broken = False
        self.degraded = ""
        self._busy_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.ready = threading.Event()
        self.fault: Exception | None = None

    def start(self) -> None:
        """Open the store and wait for windows; `ready` is set when it is open, or `fault` says why not."""
        self._thread.start()

    def put(self, item: Item) -> None:
        """Take a window that ended, what alert rules found, where a feed begins, or a request for a capture;
        returns at once."""
        self._inbox.put(item)

    @property
    def alerts(self) -> Mapping[str, bytes]:
        """The states of alert rules that the store kept over the restart; for use once `ready` is set."""
        return self._alerts.stored

    @property
    def positions(self) -> Mapping[str, bytes]:
        """Where logs stood that the store kept over the restart; for use once `ready` is set."""
        return self._positions.stored

    @property
    def lost(self) -> bool:
        """Whether a damaged store was set aside, and all that it kept with it; once `ready` is set."""
        return self._store.set_aside is not None

    def stop(self, patience: float) -> bool:
        """Write what has come, and end; False if that takes longer than `patience` s."""
        self._inbox.put(None)
        self._thread.join(patience)
        return not self._thread.is_alive()

    def tighten(self, tight: bool) -> None:
        """Whether memory is short: less waits in it then, SQLite keeps no pages between flushes, and nothing
        is captured."""
        self._waiting.tight = self._recorder.tight = tight

    def alive(self, now: float) -> bool:
        """Whether the thread lives and is not stuck in one write."""
        since = self._busy_since
        return self._thread.is_alive() and (since is None or now < since + DEADLINE)

    def event(self, name: str, text: str, attributes: Attributes = ()) -> None:
        """Something that happened once; it goes with the next flush."""
        at = self._clocks.boot()
        self._happenings.note(
            "events", (Event(self._boot, at, self._clocks.offset(), name, attributes, text),)
        )

    def _note(self, said: tuple[Said, ...]) -> None:
        """What a feed tells, as events of now."""
        at, offset = self._clocks.boot(), self._clocks.offset()
        for each in said:
            event = Event(self._boot, at, offset, each.name, each.attributes, each.text)
            self._happenings.note(each.stream, (event,))

    def enter(self, entry: Entry) -> None:
        """Something that was lost, cut, refused or made coarser: into the ledger, and with it to people."""
        self._happenings.enter(entry)

    def _run(self) -> None:
        try:
            self._store = self._opened()
        except (StoreError, ValueError) as error:
            self.fault = error
            self.ready.set()
            return
        self._recover()
        self._flush()
        self.ready.set()
        while (item := awaited(self._inbox, self._recorder.patience())) is not None:
            self._busy_since = self._clocks.boot()
            if isinstance(item, Closed):
                self._take(item)
                self._count()
                if item.early or self._must_commit() or self._wear.thrift.may_commit(self._clocks.boot()):
                    self._flush()
            elif isinstance(item, Judged):
                self._judged(item)
            elif isinstance(item, Begun):
                self._begun(item.take())
            elif isinstance(item, Due):
                self._happenings.note("events", self._recorder.freeze())
                self._flush()
            elif self._presses(self._recorder.asked(item)):
                self._flush()
            self._busy_since = None
        self._flush(ending=True)
        if not self._broken:
            self._store.close()

    def _judged(self, judged: Judged) -> None:
        """Write an alert before the window ends, so that a crash forgets none; once a window, for flash, and
        not at all while the budget runs short: it goes with the next commit."""
        self._happenings.note("alerts", judged.events)
        self._alerts.note(judged.states)
        presses = self._presses(self._recorder.judged(judged.events))
        if presses or (not self._early and self._wear.thrift.may_hurry()):
            self._early = True
            self._flush()

    def _begun(self, positions: Mapping[str, bytes | None]) -> None:
        """Write where a feed begins at once: a crash before would have it begin anew, somewhere else."""
        if positions:
            self._positions.note(positions)
            self._flush()

    def _presses(self, capture: str) -> bool:
        """Whether a capture has to be written now, so that a crash forgets nothing of it: they are few, and
        each is written as it begins; what joins one may wait where the budget runs short."""
        return capture == "begun" or (capture == "joined" and self._wear.thrift.may_hurry())

    def _opened(self) -> Store:
        """The store, and the link's index of what is in it."""
        store = self._open()
        self._alerts.begin(store.alerts())
        self._positions.begin(store.positions())
        kept = store.kept()
        self._wear.begin(kept.get(KEPT, b""), self._clocks.boot(), self._clocks.wall(), store.owed)
        self._happenings.note("events", self._recorder.restore(kept, store.share.largest))
        if store.set_aside:
            self._damaged(store.set_aside.name)
        if store.former:
            text = f"this store was written as the device {store.former}: that stays, and is not sent as ours"
            self.event("store.renamed", text)
            self._say("warning", text)
        if store.resize_fault:
            self._tally.add("outrider.store.errors", reason=store.resize_fault.reason)
            self._say("warning", f"store.max_size is not yet in force: {store.resize_fault}")
        self._ship.begin(store, {**kept, **self.spent}, self._clocks.boot(), self.event)
        return store

    def _recover(self) -> None:
        """Take what a life of this boot that was killed left in the ring: with the first flush, which is what
        makes it once."""
        now = Clock(self._boot, self._clocks.offset(), self._clocks.quality())
        try:
            ended = self._store.ended(self._boot)
            frames = [] if self.leftover is None else self.leftover.take(ended, now)
        except StoreError as error:
            # When the store works, nobody knows any more what of the ring is in it.
            self._failed(error)
            return
        self._ended = frames[-1].span.wall[1] if frames else ended + now.offset
        if not frames:
            return
        seconds = f"{frames[-1].span.end - frames[0].span.start:.0f}"
        for frame in frames:
            self._waiting.take(frame, self._waiting.room(None))
        self._tally.add("outrider.windows.recovered", len(frames))
        text = f"{seconds} s of an earlier run of the daemon are not in the store, and come from the ring"
        self.event("agent.recovered", text, (("seconds", seconds),))
        self._say("info", text)

    def _damaged(self, kept: str) -> None:
        self._tally.add("outrider.store.set_aside")
        self.event("store.set_aside", f"the store was damaged and is kept as {kept}; a new one was begun")
        self._say("error", f"the store was damaged: it is kept as {kept} beside the new one")
        for stream in STREAMS:
            self.enter(Entry("lost", stream, "corrupt", "store", None))

    def _take(self, closed: Closed) -> None:
        self._early = False
        self._ending = closed.early == "stop"
        self._alerts.note(closed.alerts)
        largest = None if self._broken else self._store.share.largest
        frame = self._fed(closed.frame, largest)
        self._waiting.take(frame, self._waiting.room(largest), self._wear.thrift.most)
        tell(closed.transitions, self.event, self._say)
        if closed.early == "clock step":
            self._tally.add("outrider.clock.steps")
            self.event("clock.step", "the wall clock jumped; the window was closed before its time")

    def _fed(self, frame: Frame, largest: int | None) -> Frame:
        """The window that ended with what the feeds have for it; what they have for other times waits as late
        windows, for a record of at most `largest` bytes, and where they stand with both."""
        for feed in self.feeds:
            fed = feed.gather(PATIENCE)
            self._positions.note(fed.positions)
            self._note(fed.said)
            frame = _with(frame, fed.now)
            late: list[Frame] = []
            for one in fed.dated:
                other = placed(one, frame.span, self._ended, self._began)
                if other is None:
                    frame = _with(frame, rated(one.windows, frame.span.covered))
                else:
                    late.append(other)
            self._waiting.take_late(late, self._clocks.wall(), largest)
        return frame

    def _must_commit(self) -> bool:
        """Whether what waits may not wait longer, whatever the budget says."""
        return self._happenings.pressing or self._ship.epoch_due

    def _count(self) -> int:
        """Bytes that were written or became owed since the count before; tells what that changed."""
        written, turn = self._wear.look(self._clocks.boot(), self._store.owed)
        if turn is not None:
            self.event(*turn)
            self._say("warning" if self._wear.thrifty else "info", turn.text)
        return written

    def _flush(self, *, ending: bool = False) -> None:
        """One transaction for all that waits; when it fails, all of it waits on. At the end only where
        something is left to say."""
        if self._broken and not self._begun_anew():
            return
        batch = self._happenings.take(ending=ending)
        if ending and not batch.told and not self._waiting.content.frames:
            return
        taken, boot = self._ship.take(), self._clocks.boot()
        clock = Clock(self._boot, self._clocks.offset(), self._clocks.quality())
        try:
            flush = self._transaction(batch, taken, clock, boot)
            flushed = self._store.flush(flush)
        except StoreError as error:
            self._ship.give_back(taken)
            self._happenings.give_back(batch)
            self._failed(error)
            return
        self._happenings.written(batch)
        self._written(flush, flushed, boot)
        self._worked(flushed)
        warning = self._ship.committed(taken, flushed, flush.contents, clock.quality, boot)
        if warning:
            self._say("warning", warning)

    def _transaction(self, batch: Batch, taken: Taken, clock: Clock, boot: float) -> Flush:
        """All that waits, dated by this clock, at `boot` on the boot clock.

        Raises:
            StoreError: the store cannot say what it knows of the clock.
        """
        now = boot + clock.offset
        windows, samples = self._waiting.content, self._recorder.content
        samples = samples._replace(events=(*samples.events, *batch.contents["samples"].events))
        waiting = {**batch.contents, "windows": windows, "samples": samples}
        state = self._wear.thrift.state(now, last=self._ending)
        thrift = {} if state is None else {KEPT: state}
        link = {**self._ship.spent(), **self._ship.holds(clock.boot, clock.quality, boot)}
        told, contents = dated(self._store, clock, boot, waiting)
        entries = batch.entries(self._boot, boot, clock.offset)
        contents["events"] = Content(events=(*contents["events"].events, *entries))
        return Flush(
            now,
            contents,
            alerts=self._alerts.some(STATES),
            positions=self._positions.all(),
            kept={**self._recorder.states(), **link, **thrift},
            clock=told,
            trusted=clock.quality != WRONG,
            aging=self._wear.thrift.merging(boot),
            **taken._asdict(),
        )

    def _written(self, flush: Flush, flushed: Flushed, boot: float) -> None:
        """It is committed: none of it waits any more."""
        self._wear.thrift.committed(boot, self._count())
        if self.leftover is not None:
            self.leftover.kept(self._waiting.content, self._boot)
        self._waiting.written(flushed.added)
        self._alerts.written(flush.alerts)
        self._positions.written(flush.positions)
        self._recorder.written()
        if self._waiting.tight:
            self._store.give_back()

    def _worked(self, flushed: Flushed) -> None:
        for what, count in flushed.counts.items():
            self._tally.add("outrider.store.rows", count, reason=what)
        self._tally.set("outrider.store.pages", flushed.pages)
        for change in flushed.changes:
            entry = entered(change)
            if entry is not None:
                self.enter(entry)
        if self.degraded:
            self.degraded = ""
            self._say("info", "the store works again")

    def _failed(self, error: StoreError) -> None:
        """Count it, and say it once; a damaged file is closed, which sets it aside."""
        self._tally.add("outrider.store.errors", reason=error.reason)
        if self.degraded != error.reason:
            self.degraded = error.reason
            self._say("error", str(error))
        if isinstance(error, StoreCorrupt) and not self._broken:
            self._broken = True
            try:
                self._store.close()
            except StoreError as another:
                self._failed(another)

    def _begun_anew(self) -> bool:
        """Whether a store could be opened in place of the damaged one; if not, the next flush tries.

        The link's index follows with the flush: until then no epoch is committed that it could name.
        """
        try:
            self._store = self._open()
        except StoreError as error:
            self._failed(error)
            return False
        self._broken = False
        self._alerts.anew()
        self._positions.anew()
        self._recorder.forgotten()
        self._ship.begun_anew()
        self._damaged(f"{self._store.path.name}.corrupt-*")
        return True


def _with(frame: Frame, windows: Mapping[Series, Summary]) -> Frame:
    """The frame with more windows of its time."""
    if not windows:
        return frame
    found = dict(frame.windows)
    merge_into(found, windows)
    return frame._replace(windows=found)
