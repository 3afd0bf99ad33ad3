"""The live lane and the backlog lane: encoded rows on their way into messages.

A row counts as delivered when every message that carries a piece of it is acknowledged. It leaves
whole if it fits into one message; a larger one is cut where the message is full.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable
from zlib import crc32

from agent.ship.records import Key, Part, Row, Tombstone

# What a part or a tombstone takes in a message beside its data, generously.
PIECE_OVERHEAD = 128
SMALLEST_SLICE = 256

Name = tuple[Key, bytes]


class Flight:
    """One row under way: how many messages with pieces of it are unanswered, and whether all went."""

    __slots__ = ("alive", "name", "unanswered", "whole")

    def __init__(self, row: Row) -> None:
        self.name: Name = (row.key, row.digest)
        self.alive = True
        self.unanswered = 0
        self.whole = False


class Cargo:
    """What one message carries; `room` is what still fits, of `full` bytes before compression."""

    __slots__ = ("flights", "full", "parts", "room", "text", "tombstones")

    def __init__(self, room: int) -> None:
        self.full = self.room = room
        self.parts: list[Part] = []
        self.tombstones: list[Tombstone] = []
        self.text: bytes | None = None
        self.flights: list[Flight] = []


class Body:
    """A record's encoded content, handed over from the front."""

    __slots__ = ("_crc", "_data", "_key", "_offset", "flight")

    def __init__(self, row: Row, data: bytes) -> None:
        self.flight = Flight(row)
        self._key = row.key
        self._data = data
        self._crc = crc32(data)
        self._offset = 0

    @property
    def weight(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self._offset + PIECE_OVERHEAD

    def put(self, cargo: Cargo) -> bool:
        """Put a piece into the message; False if this message should go without."""
        left = len(self._data) - self._offset
        room = cargo.room - PIECE_OVERHEAD
        waits = left + PIECE_OVERHEAD <= cargo.full or room < SMALLEST_SLICE
        if left > room and waits:
            return False
        data = self._data[self._offset : self._offset + room]
        digest = self.flight.name[1]
        cargo.parts.append(Part(self._key, digest, self._crc, len(self._data), self._offset, data))
        cargo.room -= len(data) + PIECE_OVERHEAD
        self._offset += len(data)
        self.flight.whole = self._offset == len(self._data)
        return True


class Stone:
    """A tombstone that is a row of the store."""

    __slots__ = ("_tombstone", "flight")

    def __init__(self, row: Row, tombstone: Tombstone) -> None:
        self.flight = Flight(row)
        self._tombstone = tombstone

    @property
    def weight(self) -> int:
        """Bytes that it takes."""
        return PIECE_OVERHEAD

    def put(self, cargo: Cargo) -> bool:
        """Put the tombstone into the message; False if it is full."""
        if cargo.room < PIECE_OVERHEAD:
            return False
        cargo.tombstones.append(self._tombstone)
        cargo.room -= PIECE_OVERHEAD
        self.flight.whole = True
        return True


class Texts:
    """A record as plain JSON: each text is a message of its own."""

    __slots__ = ("_texts", "flight")

    def __init__(self, row: Row, texts: Iterable[bytes]) -> None:
        self.flight = Flight(row)
        self._texts = deque(texts)
        self.flight.whole = not self._texts

    @property
    def weight(self) -> int:
        """Bytes of the next text: each is a message of its own."""
        return len(self._texts[0])

    def put(self, cargo: Cargo) -> bool:
        """Make the next text the message; False if it already carries something."""
        if cargo.flights:
            return False
        cargo.text = self._texts.popleft()
        cargo.room = 0
        self.flight.whole = not self._texts
        return True


class Lanes:
    """Two queues of encoded rows; live goes first."""

    __slots__ = ("_backlog", "_live")

    def __init__(self) -> None:
        self._live: deque[Body | Stone | Texts] = deque()
        self._backlog: deque[Body | Stone | Texts] = deque()

    def add(self, item: Body | Stone | Texts, *, live: bool) -> None:
        """Queue a row."""
        (self._live if live else self._backlog).append(item)

    def waiting(self, *, live: bool = False) -> bool:
        """Whether anything is queued; with `live`, whether in the live lane."""
        lanes = (self._live,) if live else (self._live, self._backlog)
        return any(item.flight.alive for lane in lanes for item in lane)

    def weight(self, *, live: bool = False) -> int:
        """Bytes of what is queued, before compression; with `live`, in the live lane."""
        lanes = (self._live,) if live else (self._live, self._backlog)
        return sum(item.weight for lane in lanes for item in lane if item.flight.alive)

    def fill(self, cargo: Cargo, *, live: bool = False) -> None:
        """Move what fits into the message, live rows first; with `live`, nothing else."""
        for lane in (self._live,) if live else (self._live, self._backlog):
            while lane:
                item = lane[0]
                if item.flight.alive:
                    if not item.put(cargo):
                        return
                    item.flight.unanswered += 1
                    cargo.flights.append(item.flight)
                if item.flight.whole or not item.flight.alive:
                    lane.popleft()

    def strangers(self, epochs: Container[int]) -> list[Name]:
        """Give up the rows of epochs that the next message does not explain."""
        lost = [
            item.flight
            for lane in (self._live, self._backlog)
            for item in lane
            if item.flight.alive and item.flight.name[0].epoch not in epochs
        ]
        return _ended(lost)

    def clear(self) -> None:
        """Forget all: the connection is gone."""
        self._live.clear()
        self._backlog.clear()


def delivered(cargo: Cargo) -> list[Name]:
    """Count an acknowledged message; the rows that are now complete."""
    for flight in cargo.flights:
        flight.unanswered -= 1
    return _ended(f for f in cargo.flights if f.whole and not f.unanswered)


def failed(cargo: Cargo) -> list[Name]:
    """Give up the rows of a message that did not get away; each is named once."""
    return _ended(cargo.flights)


def _ended(flights: Iterable[Flight]) -> list[Name]:
    names = []
    for flight in flights:
        if flight.alive:
            flight.alive = False
            names.append(flight.name)
    return names
