"""The whole way of the data in one process: real store, outbox, link and fleet store on a simulated
clock, and a broker that is a switch: there or not, with or without PUBACKs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from agent.ship import protocol as p
from agent.ship.link import Link
from agent.ship.outbox import Outbox
from agent.ship.records import Key
from agent.ship.wire import decode_message, encode_ack
from agent.stats.frame import Content, Frame, Span
from agent.stats.window import Gauge
from agent.store.flush import Flush
from agent.store.reader import Reader
from agent.store.sizing import Limits
from agent.store.store import Store
from agent.view.fleet import FleetStore
from collectors.api import Series

DEVICE = "d"
SPAN = 60.0
PAUSE = 40.0
OFFSET = 1_700_000_000.0
SERIES = [Series("made.up", "1", "gauge", (("n", str(n)),)) for n in range(60)]
ACK_TOPIC = f"outrider/v1/f/{DEVICE}/ack/main"


class Arrival(NamedTuple):
    """What one message brought the sink: the simulated time, and the keys of its whole records."""

    at: float
    keys: tuple[Key, ...]


class Pipeline:
    """One device with `confirm = "sink:main"` and its sink.

    `offset` is by how much the wall clock is ahead of the boot clock; `there` says whether the broker
    takes connections, `answers` whether PUBACKs and the sink's answers come back.
    """

    def __init__(
        self, directory: Path, limits: Limits, *, largest: int | None = None, pause: float = PAUSE
    ) -> None:
        """`largest` is the most bytes of one packet; `pause` the longest between two attempts to connect, in
        s."""
        self.state = directory / "state"
        self.fleet = FleetStore.open(directory / "fleet.db", "main")
        self.there = self.answers = True
        self.arrivals: list[Arrival] = []
        self.now, self.offset = 1000.0, OFFSET
        self._largest = largest
        self._random = Random(1)
        self._events: list[p.Event] = []
        self._wake_at: float | None = None
        self._connected = False
        epochs = itertools.count(1 << 40)
        self._store = Store.open(self.state, limits, now=self.wall, new_epoch=lambda: next(epochs))
        self._reader = Reader.open(self.state)
        self._outbox = Outbox("main")
        settings = p.Settings("f", DEVICE, sink="main", digits=None, in_flight=20, backoff_max=pause)
        self._link = Link(settings, self._outbox, self._random.random)

    @property
    def wall(self) -> float:
        """The simulated wall clock."""
        return self.now + self.offset

    def close(self) -> None:
        """Give the files back."""
        self._reader.close()
        self._store.close()
        self.fleet.close()

    def window(self, after: float = SPAN) -> Key:
        """So many seconds pass, a window ends with the last of them, and the link does what it can."""
        self.pass_time(after)
        span = Span("boot", self.now - SPAN, self.now, SPAN, self.offset, "unknown")
        values = {each: self._random.uniform(0, 1) for each in SERIES}
        content = Content((Frame(span, {each: Gauge(1, v, v, v, v) for each, v in values.items()}),))
        flushed = self._store.flush(Flush(self.wall, {"windows": content}, self._outbox.settled()))
        self._outbox.flushed(flushed.epochs, flushed.added, flushed.removed)
        own = flushed.epochs[0]
        key = Key(own.id, "windows", own.next["windows"] - 1, own.next["windows"] - 1)
        self._tell(p.Flushed({key: content}))
        return key

    def pass_time(self, seconds: float) -> None:
        """Time passes, and the link is woken whenever it asked to be."""
        end = self.now + seconds
        while self._wake_at is not None and self._wake_at <= end:
            self.now, self._wake_at = max(self.now, self._wake_at), None
            self._tell(p.Tick())
        self.now = end

    def lose(self) -> None:
        """The connection breaks, and the broker is gone."""
        self.there = False
        if self._connected:
            self._connected = False
            self._tell(p.Lost("reset", ""))

    def held(self) -> list[Key]:
        """What the sink holds."""
        return self.fleet.spans(DEVICE, "data")

    def rows(self) -> list[Key]:
        """The data in the device's store."""
        return [each.row.key for each in self._reader.stored() if each.row.tombstone is None]

    def unsynced(self) -> None:
        """Do not wait for the disk: for tests of many windows that do not ask what a power cut leaves."""
        for connection in (self._store._connection, self.fleet._db):
            connection.execute("PRAGMA synchronous = OFF")

    def entries(self) -> int:
        """How many rows the outbox knows."""
        return len(self._outbox._entries)

    def unconfirmed(self) -> int:
        """How many rows nobody has confirmed, before the next flush."""
        return len(self._store.unconfirmed())

    def until(self, what: Callable[[], bool], windows: int = 200) -> None:
        """Windows end, one after the other, until it is so."""
        for _ in range(windows):
            if what():
                return
            self.window()
        raise AssertionError(f"not within {windows} windows")

    def _tell(self, event: p.Event) -> None:
        """Give the link an event, do what it says, and tell it of that in turn."""
        self._events.append(event)
        while self._events:
            for command in self._link.handle(self._events.pop(0), self.now, self.wall):
                self._perform(command)

    def _perform(self, command: p.Command) -> None:
        if isinstance(command, p.Connect):
            self._connected = self.there
            answer = p.Connected(maximum_packet_size=self._largest) if self.there else p.Refused("r", "")
            self._events.append(answer)
        elif isinstance(command, p.Disconnect):
            self._connected = False
        elif isinstance(command, p.Publish):
            self._publish(command)
        elif isinstance(command, p.Load):
            found = {row.key: self._reader.read(row.key) for row in command.rows}
            self._events.append(p.Loaded(command.token, {k: r for k, r in found.items() if r is not None}))
        elif isinstance(command, p.Lookup):
            self._events.append(p.Found(command.wanted, self._reader.rows(*command.wanted)))
        elif isinstance(command, p.Wake):
            self._wake_at = command.at

    def _publish(self, command: p.Publish) -> None:
        if not self._connected:
            return
        if self.answers:
            self._events.append(p.Puback(command.token))
        if not command.topic.endswith("/data"):
            return
        outcome = self.fleet.receive(decode_message(command.payload), self.wall)
        self.arrivals.append(Arrival(self.now, tuple(key for key, _ in outcome.applied)))
        if outcome.ack is not None and self.answers:
            self._events.append(p.Received(ACK_TOPIC, encode_ack(outcome.ack)))
