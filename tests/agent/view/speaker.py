"""A device that says things to a store: blocks of a counter that grew by one for each number. Made up."""

from __future__ import annotations

from hashlib import blake2b
from zlib import crc32

from agent.ship.body import encode_body
from agent.ship.records import Epoch, Key, Message, Part, Tombstone
from agent.stats.frame import Content, Frame, Span
from agent.stats.window import Counter
from agent.view.fleet import FleetStore
from agent.view.reception import Outcome
from collectors.api import Series

ONE, TWO, THREE = 101, 202, 303
REQUESTS = Series("model.requests", "{request}", "counter", ())
WALL = 1_700_000_000.0


def body(first: int, last: int) -> bytes:
    """A record whose counter grew by one for each of its numbers."""
    span = Span("boot", 60.0 * first, 60.0 * (last + 1), 60.0, WALL, "unknown")
    count = last - first + 1
    return encode_body(Content((Frame(span, {REQUESTS: Counter(count, float(count), 1.0, 0)}),)), None)


def part(first: int, last: int | None = None, epoch: int = ONE, other: bytes = b"") -> Part:
    last = first if last is None else last
    data = body(first, last)
    digest = blake2b(data + other, digest_size=8).digest()
    return Part(Key(epoch, "windows", first, last), digest, crc32(data), len(data), 0, data)


def epoch(number: int, upto: int, prev: int | None = None, ended: int = 0) -> Epoch:
    return Epoch(number, prev, {"windows": ended} if prev else {}, {"windows": upto} if upto else {})


class Device:
    """Says things to a store, with a running sequence and a clock."""

    def __init__(self, store: FleetStore) -> None:
        self.store = store
        self.seq = 0
        self.now = WALL

    def says(
        self,
        *parts: Part,
        epochs: tuple[Epoch, ...] = (),
        pending: tuple[tuple[int, int], ...] = (),
        opened: tuple[tuple[int, int], ...] = (),
        stones: tuple[Tombstone, ...] = (),
        more: bool = False,
        seq: int | None = None,
    ) -> Outcome:
        self.seq += 1
        top = max([p.key.last + 1 for p in parts if p.key.epoch == ONE], default=0)
        epochs = epochs or (epoch(ONE, top),)
        own = epochs[0].id
        message = Message(
            "d",
            (own, 1),
            self.seq if seq is None else seq,
            self.now,
            epochs,
            tuple(Key(own, "windows", a, b) for a, b in pending),
            tuple(Key(own, "windows", a, b) for a, b in opened),
            more,
            parts,
            stones,
        )
        return self.store.receive(message, self.now)

    def total(self) -> float:
        return sum(
            window.delta
            for _, content in self.store.contents("d", 0.0)
            for frame in content.frames
            for window in frame.windows.values()
            if isinstance(window, Counter)
        )

    def later(self, seconds: float) -> None:
        self.now += seconds


def stone(first: int, last: int, reason: str = "full") -> Tombstone:
    return Tombstone(Key(ONE, "windows", first, last), reason, last - first + 1, 100, WALL, WALL + 60)
