"""A writer on a real store, for tests of what it writes."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from agent.config.recording import Recorder as Recording
from agent.flash import Flash
from agent.flush.recorder import Place, Recorder
from agent.flush.shipping import Shipping
from agent.flush.wear import Wear
from agent.flush.writer import Judged, Writer
from agent.judge.thrift import Thrift
from agent.ledger import Entry, entry_of
from agent.poller import Clocks, Closed
from agent.ship import protocol as shipped
from agent.ship.outbox import Outbox
from agent.ship.purse import Purse
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.window import Counter
from agent.store.errors import StoreFull
from agent.store.flush import Flush, Flushed
from agent.store.reader import Reader
from agent.store.sizing import Limits
from agent.store.store import Store
from collectors.api import Series
from collectors.host import Host
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
        purse: Purse | None = None,
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
        purse = purse or Purse()
        ship = Shipping(self.outbox, threading.Lock(), self.posts.append, purse, self.tally, clock_wait)
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


def taken(rig: Rig) -> None:
    """Return when the writer has taken all that came."""
    until(lambda: rig.writer._inbox.empty() and rig.writer._busy_since is None)
