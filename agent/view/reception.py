"""One message at the receiver, inside its transaction: learn, insert, judge, answer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zlib import crc32

from agent.ship.bits import Room
from agent.ship.body import WireError, decode_body, pack
from agent.ship.limits import INTERVALS, NUMBERS, fault
from agent.ship.records import Ack, Epoch, Key, Message, Part, Spans
from agent.stats.frame import Content
from agent.view.dating import Dating
from agent.view.settle import LOOKED_AT, Arrived, Ledger, answer, numbers

PARTS_KEPT = 1_000_000
LEAST_PART = 256
"""Bytes that a waiting part counts as at least: a device cuts no smaller ones, but for the last."""

NOTICES_KEPT = 1_000
SAID_AT_ONCE = 20
NUMBERS_AT_ONCE = 4 * NUMBERS
"""Numbers in all records of one message: a column of equal ones is a few bytes for any length."""

DEVICES = 65_536
LINEAGE = 1_024
"""Epochs back from the latest that a message speaks for."""

TWINS = 8
TURNS = 4
"""Changes of the speaker between two epochs that know nothing of each other: once is a store begun anew, and
its last message may come late."""


class Notice(NamedTuple):
    """Something a person should hear of: "restored", "twins", "aside", "lost", "malformed", "excess"."""

    name: str
    text: str


class Outcome(NamedTuple):
    """What one message did: the answer for the device, the records that were new, the notices."""

    ack: Ack | None
    applied: tuple[tuple[Key, Content], ...]
    notices: tuple[Notice, ...]


class Reception:
    """One message in its transaction, which the caller begins and ends."""

    def __init__(self, db: sqlite3.Connection, sink: str, message: Message, now: float) -> None:
        self._db = db
        self._sink = sink
        self._message = message
        self._now = now
        self._row = device_row(db, message.device)
        self._device = int(self._row["id"])
        self._ledger = Ledger(db, self._device)
        self._dating = Dating(db, self._device)
        self._room = Room(NUMBERS_AT_ONCE)
        self._notices: list[Notice] = []
        self._unsaid = 0

    def run(self) -> Outcome:
        """Apply all of it."""
        self._db.execute("UPDATE devices SET seen = ? WHERE id = ?", (self._now, self._device))
        for epoch in self._message.epochs:
            self._learn(epoch)
        records = tuple(self._records())
        # A clock may be told by the last of them.
        applied = tuple((key, self._dating.dated(content)) for key, content in records)
        self._dating.settle(LOOKED_AT)
        self._losses()
        self._restored()
        ack = None
        if self._speaks_last():
            self._judge()
            ack = self._ack()
        if self._unsaid:
            self._notices.append(Notice("excess", f"{self._unsaid} more notices of one message"))
        return Outcome(ack, applied, tuple(self._notices))

    def _learn(self, epoch: Epoch) -> None:
        """Note an epoch: its first word on `prev` stands, its `next` only grows."""
        query = "SELECT prev, prev_next, next FROM epochs WHERE device = ? AND epoch = ?"
        row = self._db.execute(query, (self._device, epoch.id)).fetchone()
        known = numbers(row[2]) if row else {}
        grown = {s: max(known.get(s, 0), epoch.next.get(s, 0)) for s in {*known, *epoch.next}}
        if row is None:
            self._db.execute(
                "INSERT INTO epochs VALUES (?, ?, ?, ?, ?, NULL)",
                (self._device, epoch.id, epoch.prev, _text(epoch.prev_next), _text(grown)),
            )
        elif (row[0], numbers(row[1])) != (epoch.prev, dict(epoch.prev_next)):
            self._notice("contradiction", f"epoch {epoch.id:x} names another past than before")
        elif grown != known:
            self._db.execute(
                "UPDATE epochs SET next = ? WHERE device = ? AND epoch = ?",
                (_text(grown), self._device, epoch.id),
            )

    def _losses(self) -> None:
        for stone in self._message.tombstones:
            if self._ledger.tired:
                self._notice("excess", "tombstones of one message over more records than are looked at")
                return
            for first, last in self._ledger.bury(stone):
                self._notice("lost", f"{stone.key.stream} {first}-{last}: {stone.reason}")

    def _records(self) -> Iterator[tuple[Key, Content]]:
        """Apply the records that are whole, and those that a part in this message makes whole."""
        torn: dict[tuple[Key, bytes, int, int], Part] = {}
        for part in self._message.parts:
            if self._ledger.tired or self._room.left < 0:
                self._notice("excess", "a message of more numbers, or over more records, than are looked at")
                break
            if len(part.data) == part.total:
                yield from self._apply(part, part.data)
            else:
                self._keep(part)
                torn[part[:4]] = part
        for part in torn.values():
            if whole := self._assembled(part):
                yield from self._apply(part, whole)
        if torn:
            self._forget_parts()

    def _apply(self, part: Part, whole: bytes) -> Iterator[tuple[Key, Content]]:
        """Take a record; one that is new comes out again."""
        name = f"{part.key.stream} {part.key.first}-{part.key.last}"
        try:
            content = _decoded(whole, part.crc, self._room)
        except WireError as error:
            self._notice("malformed", f"{name}: {error}")
            return
        self._dating.learn(content.events)
        arrived = Arrived(part.key, part.digest, pack(whole), *self._dating.dated(content).wall)
        verdict = self._ledger.insert(arrived, self._now)
        if verdict == "new":
            self._dating.place(part.key, content)
            yield part.key, content
        elif verdict != "repeat":
            self._notice("aside", f"{name}: {verdict}")

    def _keep(self, part: Part) -> None:
        """Keep a part until all of its record are here."""
        self._db.execute(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._device, *part.key, part.digest, part.crc, part.total, part.offset, part.data),
        )

    def _assembled(self, part: Part) -> bytes | None:
        """The whole record that this part belongs to, once all parts are here; they go then."""
        name = (self._device, *part.key)
        at = "device = ? AND epoch = ? AND stream = ? AND first = ? AND last = ?"
        same = f"{at} AND digest = ? AND crc = ? AND total = ?"
        query = f"SELECT place, data FROM parts WHERE {same} ORDER BY place"  # noqa: S608
        whole = bytearray()
        for place, data in self._db.execute(query, (*name, part.digest, part.crc, part.total)):
            if place <= len(whole):
                whole[place : place + len(data)] = data
        if len(whole) != part.total:
            return None
        self._db.execute(f"DELETE FROM parts WHERE {at}", name)  # noqa: S608
        return bytes(whole)

    def _forget_parts(self) -> None:
        """The oldest parts of a device go where it has more than its share."""
        self._db.execute(
            "DELETE FROM parts WHERE rowid IN (SELECT rowid FROM (SELECT rowid, sum(max(length(data), ?))"
            " OVER (ORDER BY rowid DESC) AS kept FROM parts WHERE device = ?) WHERE kept > ?)",
            (LEAST_PART, self._device, PARTS_KEPT),
        )

    def _restored(self) -> None:
        """Say once of each pair of epochs that the device went back to an older store."""
        after = (
            "SELECT epoch, prev_next FROM epochs INDEXED BY epochs_by_prev"
            " WHERE device = ? AND prev = ? AND epoch != ? LIMIT ?"
        )
        for epoch in self._message.epochs:
            if epoch.prev is not None:
                self._above(epoch.id, epoch.prev, epoch.prev_next)
                siblings = (self._device, epoch.prev, epoch.id, TWINS)
                for twin, _ in self._db.execute(after, siblings).fetchall():
                    self._went_back(epoch.id, twin)
            successors = (self._device, epoch.id, epoch.id, TWINS)
            for successor, ended in self._db.execute(after, successors).fetchall():
                self._above(successor, epoch.id, numbers(ended))

    def _above(self, successor: int, prev: int, ended: Mapping[str, int]) -> None:
        """Whether `prev` has numbers above those at which its successor saw it end."""
        query = "SELECT next FROM epochs WHERE device = ? AND epoch = ?"
        row = self._db.execute(query, (self._device, prev)).fetchone()
        known = numbers(row[0]) if row else {}
        top = self._ledger.top(prev)
        if any(max(known.get(s, 0), top.get(s, 0)) > ended.get(s, 0) for s in {*known, *top}):
            self._went_back(successor, prev)

    def _went_back(self, epoch: int, other: int) -> None:
        pair = (self._device, *sorted((epoch, other)))
        if self._db.execute("INSERT OR IGNORE INTO restored VALUES (?, ?, ?)", pair).rowcount:
            self._notice("restored", f"went back to an older store: epochs {epoch:x} and {other:x}")

    def _speaks_last(self) -> bool:
        """Whether this is the device's latest word; if so it is kept as such.

        A message of an epoch that came before the one that spoke last is late, whatever its time.
        """
        epoch, seq = self._message.session[0], self._message.seq
        spoke = self._row["claim_epoch"]
        if spoke == epoch and seq < self._row["claim_seq"]:
            return False
        if spoke is not None and spoke != epoch and epoch in ancestors(self._db, self._device, spoke):
            return False
        if spoke not in (None, epoch) and spoke not in ancestors(self._db, self._device, epoch):
            self._took_turn(*sorted((spoke, epoch)))
        self._db.execute(
            "UPDATE devices SET claim_epoch = ?, claim_seq = ?, claim_more = ? WHERE id = ?",
            (epoch, seq, self._message.more, self._device),
        )
        return True

    def _took_turn(self, one: int, other: int) -> None:
        """Two epochs that know nothing of each other: a store begun anew, or, in turns, two devices."""
        pair = (self._device, one, other)
        self._db.execute("INSERT OR IGNORE INTO twins (device, epoch, other) VALUES (?, ?, ?)", pair)
        at = "WHERE device = ? AND epoch = ? AND other = ?"
        self._db.execute(f"UPDATE twins SET turns = turns + 1 {at}", pair)  # noqa: S608
        (turns,) = self._db.execute(f"SELECT turns FROM twins {at}", pair).fetchone()  # noqa: S608
        if turns == TURNS:
            text = f"two devices seem to use this name: epochs {one:x} and {other:x} take turns"
            self._notice("twins", text)
        self._db.execute(
            "DELETE FROM twins WHERE device = ? AND id NOT IN"
            " (SELECT id FROM twins WHERE device = ? ORDER BY id DESC LIMIT ?)",
            (self._device, self._device, TWINS),
        )

    def _judge(self) -> None:
        """Find what this message's epoch and those before it gave, and nobody accounts for."""
        pending: dict[tuple[int, str], Spans] = {}
        for key in self._message.pending:
            pending.setdefault((key.epoch, key.stream), []).append(key[2:])
        own = self._message.session[0]
        found: dict[tuple[int, str], Spans] = {}
        unjudged: set[int] = set()
        for epoch, ended, settled in _lineage(self._db, self._device, own):
            if epoch != own and settled == _text(ended):
                continue
            if epoch != own and self._ledger.tired:
                unjudged.add(epoch)
                continue
            left = {
                (epoch, stream): spans
                for stream, end in ended.items()
                if end
                and (epoch == own or not self._message.more or (epoch, stream) in pending)
                and (spans := self._missing(epoch, stream, end, pending))
            }
            found.update(left)
            waiting = left or self._message.more or any(name[0] == epoch for name in pending)
            if epoch != own and not waiting:
                self._db.execute(
                    "UPDATE epochs SET settled = ? WHERE device = ? AND epoch = ?",
                    (_text(ended), self._device, epoch),
                )
        self._ledger.note_missing(found, self._now, unjudged)

    def _missing(self, epoch: int, stream: str, end: int, pending: Mapping[tuple[int, str], Spans]) -> Spans:
        return self._ledger.missing(epoch, stream, end, pending.get((epoch, stream), []))

    def _ack(self) -> Ack | None:
        """The answer, if there is anything to say."""
        want = tuple(self._ledger.holes(self._now, INTERVALS))
        if not want and not self._message.open:
            return None
        return Ack(self._sink, answer(self._ledger, self._message.open), want)

    def _notice(self, name: str, text: str) -> None:
        """Say it and keep it; of very many in one message, only how many."""
        if len(self._notices) == SAID_AT_ONCE:
            self._unsaid += 1
            return
        self._notices.append(Notice(name, text))
        self._db.execute(
            "INSERT INTO notices (device, at, name, text) VALUES (?, ?, ?, ?)",
            (self._device, self._now, name, text),
        )
        self._db.execute("DELETE FROM notices WHERE id <= (SELECT max(id) FROM notices) - ?", (NOTICES_KEPT,))


def device_row(db: sqlite3.Connection, name: str) -> dict[str, Any]:
    """The row of a device, made when it is first heard of.

    Raises:
        WireError: "too_large": whoever may publish makes up names without end.
    """
    query = "SELECT * FROM devices WHERE name = ?"
    cursor = db.execute(query, (name,))
    row = cursor.fetchone()
    if row is None:
        if (db.execute("SELECT max(id) FROM devices").fetchone()[0] or 0) >= DEVICES:
            fault("too_large", f"a new device beside the {DEVICES} that this store has")
        db.execute("INSERT INTO devices (name) VALUES (?)", (name,))
        cursor = db.execute(query, (name,))
        row = cursor.fetchone()
    return dict(zip([column[0] for column in cursor.description], row, strict=True))


def _lineage(
    db: sqlite3.Connection, device: int, own: int
) -> list[tuple[int, Mapping[str, int], str | None]]:
    """An epoch and those before it, newest first: (epoch, where its streams ended, settled at).

    At most `LINEAGE` of them, each once: a device may name any past, and one that runs in a circle.
    """
    query = "SELECT prev, prev_next, next, settled FROM epochs WHERE device = ? AND epoch = ?"
    chain: dict[int, tuple[int, Mapping[str, int], str | None]] = {}
    at: int | None = own
    ended: Mapping[str, int] | None = None
    while at is not None and at not in chain and len(chain) < LINEAGE:
        row = db.execute(query, (device, at)).fetchone()
        if row is None and not chain:
            break
        prev, prev_next, following, settled = row or (None, "{}", "{}", None)
        chain[at] = (at, numbers(following) if ended is None else ended, settled)
        at, ended = prev, numbers(prev_next)
    return list(chain.values())


def ancestors(db: sqlite3.Connection, device: int, of: int) -> set[int]:
    """The epochs that came before this one, as far as they are known."""
    return {epoch for epoch, _, _ in _lineage(db, device, of)[1:]}


def _decoded(body: bytes, crc: int, room: Room) -> Content:
    """The content of a whole body.

    Raises:
        WireError: it does not match its checksum, or is malformed.
    """
    if crc32(body) != crc:
        raise WireError("checksum", "the parts of a record do not make what was sent")
    return decode_body(body, room)


def _text(numbered: Mapping[str, int]) -> str:
    return json.dumps(dict(sorted(numbered.items())))
