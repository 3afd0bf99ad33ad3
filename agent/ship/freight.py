"""The freight of one connection: rows taken from the outbox, loaded, encoded, packed into messages.

Every row taken ends in exactly one of `sent`, `failed` and `refused`, or in the outbox's `cut` when
the connection ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from agent.ship.body import encode_body
from agent.ship.budget import Lane
from agent.ship.claims import Claims
from agent.ship.lanes import (
    PIECE_OVERHEAD,
    SMALLEST_SLICE,
    Body,
    Cargo,
    Lanes,
    Stone,
    Texts,
    delivered,
    failed,
)
from agent.ship.limits import WireError
from agent.ship.outbox import Outbox
from agent.ship.plain import json_messages
from agent.ship.protocol import Corrupt, Load, Loaded, Settings
from agent.ship.records import Key, Message, Row
from agent.ship.wire import encode_message
from agent.stats.frame import Content

MESSAGE_LIMIT = 100_000
# A receiver keeps at most 1 MB of a device's unfinished parts, so a larger record never arrives.
BODY_LIMIT = 1_000_000
# A broker that closes on large messages teaches us its limit; below this it is not the size.
SMALLEST_LIMIT = 8_192
STRIKES = 3
# What the head of a message takes, generously: its fixed fields, an epoch, an interval.
HEAD_ROOM, EPOCH_ROOM, INTERVAL_ROOM = 256, 256, 64

Refuse = Callable[[Key, bytes, str], None]


class Stamp(NamedTuple):
    """What a message says of itself: see `records.Message`."""

    session: tuple[int, int]
    seq: int
    sent: float


class Freight:
    """What is on its way between the outbox and the broker.

    `stale` means that the store is ahead of the outbox; nothing is loaded until the next flush.
    `limit` bounds a message's payload in bytes. `lane` is that of what was taken last.
    """

    def __init__(self, settings: Settings, outbox: Outbox, refuse: Refuse) -> None:
        """`refuse` is told of each row that can never go: key, digest, reason."""
        self.stale = False
        self.limit = MESSAGE_LIMIT
        self.lane: Lane = "backlog"
        self._most = self._learned = settings.budget.message if settings.budget else MESSAGE_LIMIT
        self._strikes = 0
        self._settings = settings
        self._outbox = outbox
        self._refuse = refuse
        self._fresh: dict[Key, Content] = {}
        self._loads = 0
        self.clear()

    def clear(self) -> None:
        """The connection is gone, and all that was under way with it."""
        self._lanes = Lanes()
        self._wanted: list[Row] = []
        self._loading: tuple[Row, ...] = ()

    def begin(self, most: int) -> None:
        """A new connection, whose broker takes payloads of `most` bytes."""
        self.limit = min(most, self._learned, self._most, MESSAGE_LIMIT)

    def flushed(self, fresh: Mapping[Key, Content]) -> None:
        """The newest flush: its records need not be read from the store."""
        self._fresh = dict(fresh)
        self.stale = False

    def take_live(self, *, probe: bool) -> None:
        """Queue the rows of the newest flush; with `probe` only one, to see whether it is heard."""
        for _ in range(1 if probe else len(self._fresh)):
            for row in self._outbox.take(1):
                content = self._fresh.get(row.key)
                if content is None or row.tombstone is not None:
                    self._outbox.failed(row.key, row.digest)
                    return
                self._queue(row, content, live=True)

    @property
    def loading(self) -> bool:
        """Whether the store was asked for records and has not answered."""
        return bool(self._loading)

    def take(self, lane: Lane) -> Load | None:
        """Queue what waits in the outbox, whose next lane this is, and is at hand; the command to load
        what is not, if any."""
        if self._loading:
            return None
        self.lane = lane
        for row in self._outbox.take(self.limit, lane if self._settings.budget is not None else None):
            content = self._fresh.get(row.key)
            if row.tombstone is not None:
                self._lanes.add(Stone(row, row.tombstone), live=lane == "live")
            elif content is not None:
                self._queue(row, content, live=lane == "live")
            else:
                self._wanted.append(row)
        if not self._wanted:
            return None
        self._loading, self._wanted = tuple(self._wanted), []
        self._loads += 1
        return Load(self._loads, self._loading)

    def loaded(self, event: Loaded) -> None:
        """Queue what was loaded; an answer to the load of an earlier connection is ignored."""
        if event.token != self._loads or not self._loading:
            return
        rows, self._loading = self._loading, ()
        for row in rows:
            record = event.records.get(row.key)
            if isinstance(record, Corrupt):
                self._refuse(row.key, row.digest, "corrupt")
            elif record is None or record[0] != row.digest:
                # Merged or expired since the outbox was told; the next flush tells it.
                self._outbox.failed(row.key, row.digest)
                self.stale = True
            else:
                self._queue(row, record[1], live=self.lane == "live")

    def waiting(self, *, live: bool = False) -> bool:
        """Whether encoded rows are queued; with `live`, of the newest flush."""
        return self._lanes.waiting(live=live)

    def weight(self, *, live: bool) -> int:
        """The most that the next message may weigh, in bytes."""
        return min(self.limit, HEAD_ROOM + self._lanes.weight(live=live))

    def message(self, stamp: Stamp, *, live: bool) -> tuple[bytes, Cargo] | None:
        """The next message, with live rows only if `live`; None where there is none to send.

        Raises:
            OverflowError: the broker takes less than a message's head.
        """
        if self._settings.json:
            return self._text(live=live)
        claims = self._outbox.claims()
        for key, digest in self._lanes.strangers({epoch.id for epoch in claims.epochs}):
            self._refuse(key, digest, "unknown_epoch")
        cargo = Cargo(self.limit - _head_room(claims))
        if cargo.room < PIECE_OVERHEAD + SMALLEST_SLICE:
            raise OverflowError(f"the broker takes {self.limit} bytes, less than the head of a message")
        # What does not fit is asked for again.
        cargo.tombstones.extend(self._outbox.extra_tombstones()[: cargo.room // 2 // PIECE_OVERHEAD])
        cargo.room -= len(cargo.tombstones) * PIECE_OVERHEAD
        self._lanes.fill(cargo, live=live)
        try:
            return encode_message(self._message(stamp, claims, cargo)), cargo
        except WireError as error:
            self.set_aside(cargo, error.reason)
            return None

    def delivered(self, cargo: Cargo) -> int:
        """The broker has this message; how many windows the longest record complete with it covers."""
        self._strikes = 0
        names = delivered(cargo)
        for key, digest in names:
            self._outbox.sent(key, digest)
            self._fresh.pop(key, None)
        return max((key.last - key.first + 1 for key, _ in names if key.stream == "windows"), default=0)

    def give_back(self, cargo: Cargo) -> None:
        """This message did not get away: its rows are unsent."""
        for key, digest in failed(cargo):
            self._outbox.failed(key, digest)

    def set_aside(self, cargo: Cargo, reason: str) -> None:
        """The rows of this message can never go."""
        for key, digest in failed(cargo):
            self._refuse(key, digest, reason)

    def shrink(self, size: int) -> bool:
        """Send smaller messages than `size` from now on; False if they are as small as it gets."""
        if size <= SMALLEST_LIMIT:
            return False
        self._learned = max(SMALLEST_LIMIT, size // 2)
        self.limit = min(self.limit, self._learned)
        return True

    def strike(self) -> bool:
        """The broker closed on a message; whether it did so again and again, with nothing between."""
        self._strikes = (self._strikes + 1) % STRIKES
        return self._strikes == 0

    def _queue(self, row: Row, content: Content, *, live: bool) -> None:
        try:
            item, size = self._encoded(row, content, live=live)
        except WireError as error:
            self._refuse(row.key, row.digest, error.reason)
            return
        if item.flight.whole:
            self._outbox.sent(row.key, row.digest)
        elif size > (self.limit if self._settings.json else BODY_LIMIT):
            self._refuse(row.key, row.digest, "too_large")
        else:
            self._lanes.add(item, live=live)

    def _encoded(self, row: Row, content: Content, *, live: bool) -> tuple[Body | Texts, int]:
        """The row as it travels, and the bytes of what cannot be divided further."""
        if self._settings.json:
            device, digits = self._settings.device, self._settings.digits
            texts = list(json_messages(device, row.key, content, digits, historical=not live))
            return Texts(row, texts), max(map(len, texts), default=0)
        body = encode_body(content, self._settings.digits)
        return Body(row, body), len(body)

    def _text(self, *, live: bool) -> tuple[bytes, Cargo] | None:
        """The next text of plain JSON, which has no word for losses: tombstones are done with."""
        cargo = Cargo(self.limit)
        self._lanes.fill(cargo, live=live)
        while cargo.text is None and cargo.flights:
            self.delivered(cargo)
            cargo = Cargo(self.limit)
            self._lanes.fill(cargo, live=live)
        return (cargo.text, cargo) if cargo.text is not None else None

    def _message(self, stamp: Stamp, claims: Claims, cargo: Cargo) -> Message:
        return Message(
            device=self._settings.device,
            session=stamp.session,
            seq=stamp.seq,
            sent=stamp.sent,
            epochs=claims.epochs,
            pending=claims.pending,
            open=claims.open,
            more=claims.more,
            parts=tuple(cargo.parts),
            tombstones=tuple(cargo.tombstones),
        )


def _head_room(claims: Claims) -> int:
    intervals = len(claims.pending) + len(claims.open)
    return HEAD_ROOM + EPOCH_ROOM * len(claims.epochs) + INTERVAL_ROOM * intervals
