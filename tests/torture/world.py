"""A small world for the record algebra: the real store, outbox, link and receiver, and a bad broker.

Each record that a device flushes carries tokens, one a number. The world knows which life of the
store gave which token, and checks after every step what the sinks hold:

    crossing  a record is set aside: no block, or other content under a known key
    torn      a record held by a sink has other tokens than its numbers gave in any one life
    twice     two records held by a sink overlap
    false     a number that a sink misses, or was told is lost, while the device still has to send it
    early     a row is sent that its device withholds: its block of windows grows, or it waits for the clock
    unheld    the device confirms a record that its sink never held
    unsaid    after the world has calmed down: a number neither held nor said to be lost
    stuck     the same: a block of windows that is complete and does not go
    idle      the same: a record that the device has and its sink has not; a store that went back unnoticed
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from agent.flush.shipping import fresh, recorded_in
from agent.ship import protocol as p
from agent.ship.budget import Lane
from agent.ship.claims import Claims
from agent.ship.link import Link
from agent.ship.outbox import Outbox
from agent.ship.purse import Purse
from agent.ship.records import Key, Message, Row, Spans, covered, minus, union, within
from agent.ship.settling import FLIGHT, OPEN, UNSENT
from agent.ship.wire import decode_message, encode_ack
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.window import Gauge
from agent.store.errors import StoreError
from agent.store.flush import Flush
from agent.store.reader import Reader
from agent.store.sizing import POLICIES as DEFAULT_POLICIES
from agent.store.sizing import Limits
from agent.store.store import Store
from agent.view.fleet import FleetStore
from agent.view.reception import Outcome
from collectors.api import Series

DEVICE = "d"
BOOT = "boot"
OFFSET = 1_700_000_000.0
TIERS = ((2, 300.0), (8, 1_200.0), (32, 4_800.0))
POLICIES = {name: policy._replace(max_age=9_000.0) for name, policy in DEFAULT_POLICIES.items()}
MAX_SIZE = 1 << 20


class ViolationError(AssertionError):
    """The algebra was broken."""


class Token(NamedTuple):
    """One number as one life gave it."""

    serial: int
    epoch: int
    stream: str
    number: int


class Life:
    """The numbers that one line of stores has given, each with its token."""

    def __init__(self, tokens: dict[tuple[int, str, int], int] | None = None) -> None:
        self.tokens = dict(tokens or {})

    def copy(self) -> Life:
        return Life(self.tokens)


class Spy(Outbox):
    """The real outbox, which also remembers all that waited when it made its claims, and what it gave to
    the link `early`."""

    waiting: frozenset[Key] = frozenset()
    early: tuple[Row, ...] = ()
    clock_waits = False

    def claims(self) -> Claims:
        self.waiting = frozenset(k for k, e in self._entries.items() if e.state in (UNSENT, FLIGHT))
        return super().claims()

    def take(self, budget: int, lane: Lane | None = None) -> list[Row]:
        taken = super().take(budget, lane)
        self.early += tuple(row for row in taken if self._is_early(row))
        return taken

    def overdue(self) -> list[Key]:
        """Windows that are not settled although nothing holds them back."""
        return [
            key
            for key, entry in self._entries.items()
            if key.stream == "windows"
            and entry.state in (UNSENT, FLIGHT, OPEN)
            and not self._is_early(entry.row)
        ]

    def _is_early(self, row: Row) -> bool:
        """Said anew, from the numbers alone."""
        key, own = row.key, self.epochs[0]
        if key.epoch != own.id or self._entries[key].extra:
            return False
        whole = key.last - key.first + 1 >= self.grain
        grows = key.first // self.grain == own.next.get(key.stream, 0) // self.grain
        data = key.stream == "windows" and row.tombstone is None
        return (data and grows and not whole) or self.clock_waits


class Moody(Purse):
    """A purse of unlimited means, whose grain is what the world asks for."""

    def __init__(self, asked: Callable[[], int]) -> None:
        super().__init__()
        self._asked = asked

    @property
    def grain(self) -> int:
        return self._asked()


class Inbox(NamedTuple):
    """What the broker has for one sink, and where that sink keeps what it got."""

    path: Path
    queue: list[bytes]


def content_of(stream: str, serials: Iterable[int], now: float) -> Content:
    """A record's content that carries these tokens."""
    if stream == "events":
        return Content(events=tuple(Event(BOOT, now, OFFSET, str(s), (), "") for s in serials))
    windows = {Series(str(s), "1", "gauge", ()): Gauge(1, 1.0, 1.0, 1.0, 1.0) for s in serials}
    return Content(frames=(Frame(Span(BOOT, now - 1, now, 1.0, OFFSET, "unknown"), windows),))


def serials_of(content: Content) -> list[int]:
    """The tokens of a content, counted."""
    found = [int(event.name) for event in content.events]
    for frame in content.frames:
        for series, gauge in frame.windows.items():
            assert isinstance(gauge, Gauge)
            found += [int(series.name)] * gauge.count
    return sorted(found)


class World:
    """One device, one broker, two sinks: "main", whose word confirms, and "other", on its own."""

    def __init__(self, place: Path, seed: int, *, caps: int = 2) -> None:
        place.mkdir(exist_ok=True)
        self.rng = random.Random(seed)
        self.place = place
        self.now = 10_000.0
        self.caps = caps
        self.serial = 0
        self.steps = 0
        self.given: dict[tuple[int, str, int], int] = {}
        self.life = Life()
        self.copies: list[tuple[Path, Life]] = []
        self.sinks = {n: Inbox(place / f"{n}.db", []) for n in ("main", "other")}
        self.stores = {name: FleetStore.open(box.path, name) for name, box in self.sinks.items()}
        self.waiting: dict[tuple[int, int], frozenset[Key]] = {}
        self.order: dict[int, int] = {}
        self.latest: dict[str, tuple[int, int, int]] = {}
        self.ever: dict[str, dict[tuple[int, str], Spans]] = {name: {} for name in self.sinks}
        self.said: dict[str, dict[tuple[int, str], Spans]] = {name: {} for name in self.sinks}
        self.counts: dict[str, int] = {}
        self.acks: list[bytes] = []
        self.uplink: list[p.Publish] = []
        self.pubacks: list[p.Puback] = []
        self.connecting = self.connected = False
        self.fresh_epoch = False
        self.wake_at: float | None = None
        self.sink_copy: Path | None = None
        self.calm = False
        self.grain = 1
        self.up = False
        self.boot()

    # --- the device

    def boot(self) -> None:
        """Start the daemon's parts anew on whatever store stands there."""
        self.store = Store.open(
            self.place / "device",
            Limits(MAX_SIZE, TIERS, POLICIES),
            now=self.now + OFFSET,
            new_epoch=self._epoch,
        )
        self.reader = Reader.open(self.store.directory)
        self.outbox = Spy("main", pending_intervals=self.caps, open_rows=self.caps)
        self.outbox.flushed(self.store.epochs(), self.store.unconfirmed(), ())
        settings = p.Settings("f", DEVICE, sink="main", in_flight=3, digits=None)
        self.link = Link(settings, self.outbox, self.rng.random, Moody(lambda: self.grain))
        self.clock_waits = self.rng.random() < 0.2
        self.begun = False
        self.fresh_epoch = False
        self.wake_at = None
        self.up = True

    def crash(self) -> None:
        """The process is gone: memory, connection and all."""
        self._forget_connection()
        self.reader.close()
        self.store.close()
        self.up = False

    def crash_flush(self, budget: int) -> None:
        """The process dies in a flush after so many instructions of the database."""
        self.store._connection.set_progress_handler(_after(budget), 10)
        first = self.serial
        try:
            self.flush()
        except StoreError:
            self._count("flush crashed")
        finally:
            self.store._connection.set_progress_handler(None, 0)
        self.crash()
        self._recover(range(first, self.serial))

    def _recover(self, serials: range) -> None:
        """Whether a flush that was interrupted is committed is known from the disk alone."""
        reader = Reader.open(self.store.directory)
        for each in reader.stored():
            key = each.row.key
            numbers = range(key.first, key.last + 1)
            unknown = [n for n in numbers if (key.epoch, key.stream, n) not in self.given]
            if each.row.tombstone is None and unknown:
                found = [serial for serial in serials_of(each.content()) if serial in serials]
                self._check(len(found) == len(unknown) == 1, f"torn: {key} was not given {unknown}")
                self._give(key._replace(first=unknown[0]), found[0])
        reader.close()

    def flush(self) -> None:
        """A window ends."""
        streams = ["windows"] + (["events"] if self.rng.random() < 0.3 else [])
        if self.rng.random() < 0.1:
            streams = []
        before = dict(self.store.epochs()[0].next) if self.begun else {}
        anew = not self.begun or self.fresh_epoch
        contents, tokens = {}, []
        for stream in streams:
            contents[stream] = content_of(stream, [self.serial], self.now)
            tokens.append((stream, self.serial))
            self.serial += 1
        settled = self.outbox.settled()
        for key, _ in settled:
            row = self.outbox._entries[key].row
            held = covered(key.first, key.last, self.ever["main"].get(key[:2], []))
            self._check(held or row.tombstone is not None, f"unheld: {key} is confirmed")
        flushed = self.store.flush(
            Flush(
                self.now + OFFSET,
                contents,
                settled,
                join=self.outbox.to_join(),
                fresh_epoch=self.fresh_epoch,
            )
        )
        self.begun, self.fresh_epoch = True, False
        own = flushed.epochs[0]
        for stream, serial in tokens:
            number = 0 if anew else before.get(stream, 0)
            self._check((own.id, stream, number) not in self.given, f"{number} of {own.id:x} given twice")
            self._give(Key(own.id, stream, number, number), serial)
        self.outbox.flushed(flushed.epochs, flushed.added, flushed.removed)
        self._withhold(own.id)
        for change in flushed.changes:
            self._count(f"{change.what} for {change.reason}")
        self.tell(p.Flushed(fresh(flushed, contents)))

    def _give(self, key: Key, serial: int) -> None:
        """The number `key.first` carries a token."""
        self.given[key[:3]] = self.life.tokens[key[:3]] = serial

    def _withhold(self, own: int) -> None:
        """The budget asks for another grain now and then, and the clock is set at some time, at the latest
        when all is calm."""
        if not self.calm and self.rng.random() < 0.05:
            self.grain = self.rng.choice((1, 1, 2, 4, 8, 16))
        self.clock_waits &= not self.calm and self.rng.random() < 0.8
        self.outbox.clock_waits = self.clock_waits
        self.outbox.withhold("clock", recorded_in(own) if self.clock_waits else None)
        self._count("waited for the clock" if self.clock_waits else f"grain {self.grain}")

    def tell(self, event: p.Event) -> None:
        """Give the link an event and perform its commands."""
        for command in self.link.handle(event, self.now, self.now + OFFSET):
            self._perform(command)
        self._check(not self.outbox.early, f"early: {self.outbox.early} of grain {self.outbox.grain}")

    def _perform(self, command: p.Command) -> None:
        if isinstance(command, p.Connect):
            self._forget_connection()
            self.connecting = True
        elif isinstance(command, p.Disconnect):
            self._forget_connection()
        elif isinstance(command, p.Publish):
            self._check(self.connected, "published without a connection")
            if command.topic.endswith("/data"):
                message = decode_message(command.payload)
                self.waiting[message.session[0], message.seq] = self.outbox.waiting
                for stone in message.tombstones:
                    self._check_stone(stone.key, stone.reason)
            self.uplink.append(command)
        elif isinstance(command, p.Load):
            records = {row.key: self._read(row) for row in command.rows}
            self.tell(p.Loaded(command.token, {k: r for k, r in records.items() if r is not None}))
        elif isinstance(command, p.Lookup):
            key = command.wanted
            self.tell(p.Found(key, self.reader.rows(key.epoch, key.stream, key.first, key.last)))
        elif isinstance(command, p.FreshEpoch):
            self.fresh_epoch = True
        elif isinstance(command, p.Wake):
            self.wake_at = command.at

    def _read(self, row: Row) -> tuple[bytes, Content] | None:
        return self.reader.read(row.key)

    def _epoch(self) -> int:
        epoch = self.rng.randrange(1, 1 << 48)
        self.order[epoch] = len(self.order)
        return epoch

    def _forget_connection(self) -> None:
        """What the broker has taken it has; the rest is lost with the connection."""
        self.connecting = self.connected = False
        self.uplink.clear()
        self.pubacks.clear()
        self.acks.clear()

    # --- the broker and the sinks

    def accept(self) -> None:
        """The broker takes a publish: it may lose or repeat it, and its PUBACK may never arrive."""
        publish = self.uplink.pop(0)
        if publish.topic.endswith("/data"):
            for box in self.sinks.values():
                chance = self.rng.random()
                copies = 1 if self.calm else 0 if chance < 0.1 else 2 if chance > 0.9 else 1
                box.queue.extend([publish.payload] * copies)
                del box.queue[:-200]
        nobody = not self.calm and self.rng.random() < 0.02
        self.pubacks.append(p.Puback(publish.token, 0x10 if nobody else 0))

    def deliver(self, name: str, *, crash: bool = False) -> None:
        """A worker of a sink takes one of the waiting messages, not always the first, and may die."""
        box = self.sinks[name]
        place = 0 if self.calm else self.rng.randrange(min(5, len(box.queue)))
        message = decode_message(box.queue[place])
        store = self.stores[name]
        if crash:
            store._db.set_progress_handler(_after(self.rng.randrange(1, 60)), 10)
        try:
            outcome = store.receive(message, self.now + OFFSET)
        except sqlite3.OperationalError:
            self._check(crash, "a sink failed by itself")
            self._count("sink crashed")
            store.close()
            self.stores[name] = FleetStore.open(box.path, name)
            return
        store._db.set_progress_handler(None, 0)
        self._received(name, message, outcome)
        answered = name == "main" and outcome.ack is not None and self.connected and not crash
        if outcome.ack is not None and answered and self._lucky(0.8):
            self.acks.append(encode_ack(outcome.ack))
            del self.acks[:-3]
        if self._lucky(0.95):
            box.queue.pop(place)
        self.check_holes(name)

    def _received(self, name: str, message: Message, outcome: Outcome) -> None:
        """Note what a sink took, and check it."""
        self._delivered(name, message.session[0], message.seq)
        ever, said = self.ever[name], self.said[name]
        for stone in message.tombstones:
            said[stone.key[:2]] = union([*said.get(stone.key[:2], []), stone.key[2:]])
        for key, content in outcome.applied:
            self.check_record(key, content)
            ever[key[:2]] = union([*ever.get(key[:2], []), key[2:]])
        aside = [notice.text for notice in outcome.notices if notice.name in ("aside", "malformed")]
        self._check(not aside, f"crossing: {name} could not take {aside}")

    def _delivered(self, name: str, epoch: int, seq: int) -> None:
        """Remember the newest message that a sink has seen, as the device made them."""
        self.latest[name] = max(self.latest.get(name, (-1, 0, 0)), (self.order[epoch], epoch, seq))

    def retain(self, name: str, age: float) -> None:
        """A sink ends what is older."""
        self.stores[name].retain(self.now + OFFSET - age)

    def sink_copied(self) -> None:
        """A copy of the main sink's store."""
        self.sink_copy = self.place / "main.copy"
        self.copied_latest = self.latest.get("main", (-1, 0, 0))
        self.stores["main"]._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.sinks["main"].path, self.sink_copy)

    def sink_put_back(self) -> None:
        """The main sink's store goes back to its copy."""
        self.stores["main"].close()
        path = self.sinks["main"].path
        for side in ("-wal", "-shm"):
            Path(f"{path}{side}").unlink(missing_ok=True)
        shutil.copy(self.sink_copy or path, path)
        self.stores["main"] = FleetStore.open(path, "main")
        self.sink_copy = None
        self.latest["main"] = self.copied_latest
        self._count("sink put back")

    def check_not_stuck(self) -> None:
        """After the storm: only windows of a block that grows are still to be sent."""
        self._check(not self.outbox.overdue(), f"stuck: {self.outbox.overdue()} of grain {self.grain}")

    def at_rest(self) -> bool:
        """Whether nothing is left to send, to confirm or to ask for."""
        claims = self.outbox.claims()
        return not claims.pending and not claims.open and not self._missing()

    def _missing(self) -> bool:
        return bool(self.stores["main"].spans(DEVICE, "missing"))

    def _lucky(self, chance: float) -> bool:
        return self.calm or self.rng.random() < chance

    # --- what must hold

    def _check(self, holds: bool, words: str) -> None:
        if not holds:
            raise ViolationError(f"step {self.steps}: {words}")

    def check_record(self, key: Key, content: Content) -> None:
        """A record has exactly the tokens that were given to its numbers."""
        found = serials_of(content)
        given = [self.given.get((key.epoch, key.stream, n), -1) for n in range(key.first, key.last + 1)]
        self._check(sorted(given) == found, f"torn: {key} holds {found}, not {given}")

    def check_holes(self, name: str) -> None:
        """Nothing is missed that is held, or that waited when the device spoke last."""
        store = self.stores[name]
        holes = store.holes(DEVICE, self.now + OFFSET)
        if not holes:
            return
        held = store.spans(DEVICE, "data")
        waiting = self.waiting[self.latest[name][1:]]
        for hole in holes:
            for other in (*held, *waiting):
                if other[:2] == hole[:2]:
                    both = within([hole[2:]], [other[2:]])
                    self._check(not both, f"false: {name} misses {hole}, but there is {other}")

    def check_disjoint(self, name: str) -> None:
        """No number is held twice, and every record is whole."""
        last: dict[tuple[int, str], int] = {}
        for key in self.stores[name].spans(DEVICE, "data"):
            self._check(last.get(key[:2], -1) < key.first, f"twice: {name} holds {key}")
            last[key.epoch, key.stream] = key.last
        for key, content in self.stores[name].contents(DEVICE, 0.0):
            self.check_record(key, content)

    def _check_stone(self, key: Key, reason: str) -> None:
        """What is said to be lost is not in the store as data."""
        rows = [
            r for r in self.reader.rows(key.epoch, key.stream, key.first, key.last) if r.tombstone is None
        ]
        known = any(key in each._entries for each in [self.outbox])
        self._check(not rows or known, f"false: {key} is said to be {reason}, and here are {rows}")

    def check_calm(self) -> None:
        """After the storm: every number of the present life is held, said to be lost, or settled."""
        store = self.stores["main"]
        given: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for epoch, stream, number in self.life.tokens:
            given.setdefault((epoch, stream), []).append((number, number))
        known: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for table in ("data", "lost", "ended"):
            for key in store.spans(DEVICE, table):
                known.setdefault((key.epoch, key.stream), []).append(key[2:])
        remembered = {epoch.id for epoch in self.outbox.epochs}
        for name, spans in given.items():
            # What the sink knew, and lost with its store after the device had let go of it, is nobody's.
            known_once = [*self.ever["main"].get(name, []), *self.said["main"].get(name, [])]
            gone = [] if name[0] in remembered else known_once
            left = minus(spans, [*known.get(name, []), *gone])
            self._check(not left, f"unsaid: {name} {left}")
        self._check(not store.holes(DEVICE, self.now + OFFSET), "holes remain")
        self._check_idle(store)
        self._check_restored()

    def _check_restored(self) -> None:
        """The other sink, whose own store never goes back, says so when the device's does."""
        store = self.stores["other"]
        said = {(a, b) for a, b in store._db.execute("SELECT epoch, other FROM restored")}
        for after in self.outbox.epochs:
            for stream, end in after.prev_next.items() if after.prev is not None else ():
                beyond = minus(self.ever["other"].get((after.prev or 0, stream), []), [(0, end - 1)])
                pair = tuple(sorted((after.id, after.prev or 0)))
                heard = store._db.execute("SELECT 1 FROM epochs WHERE epoch = ?", (after.id,)).fetchone()
                self._check(not (beyond and heard) or pair in said, f"unsaid: {pair} went back")

    def _check_idle(self, store: FleetStore) -> None:
        """All data that the device has, confirmed or not, its sink holds or has let go."""
        here: dict[tuple[int, str], Spans] = {}
        for each in self.reader.stored():
            if each.row.tombstone is None:
                here.setdefault(each.row.key[:2], []).append(each.row.key[2:])
        there: dict[tuple[int, str], Spans] = {}
        for key in (*store.spans(DEVICE, "data"), *store.spans(DEVICE, "ended")):
            there.setdefault(key[:2], []).append(key[2:])
        for name, spans in here.items():
            left = minus(spans, there.get(name, []))
            self._check(not left, f"idle: {name} {left}")

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def _after(budget: int) -> Callable[[], bool]:
    """A progress handler that interrupts after so many calls."""
    left = [budget]

    def interrupt() -> bool:
        left[0] -= 1
        return left[0] < 0

    return interrupt


def copy_store(source: Path, target: Path) -> None:
    """Copy a store's directory, side files and all."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
