"""The rows of `records` inside one transaction: what it does to them, what it cost, what came and went."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

from agent.ship.records import STREAMS, Key, Row
from agent.stats.clocks import corrected
from agent.stats.frame import Content
from agent.store import codec
from agent.store.account import Account, Change, What
from agent.store.dating import Dating
from agent.store.errors import CorruptRow
from agent.store.layout import HEAD, OVERFLOW, Head, digest, inscription, place
from agent.store.lives import Lives
from agent.store.sizing import ROW

SEVERAL = "several"
# Log frames that a change may write at most: the leaf, its siblings, their parent, the free list.
ADDITION, REMOVAL, CONFIRMATION = 5, 2, 1


class Rows:
    """Reads and changes of one transaction; `begin` starts the account anew.

    All times are what is known of them by now (`dating`), of contents too; what the file says of them is
    between it and this class.

    `spent` bounds the log frames written so far from above. `added` and `removed` are what an index
    of the unconfirmed rows must follow: rows by key, and keys that are gone, changed or confirmed.
    `account` is what happened to records. `sizes` are the bytes of each stream, committed or not: contents
    and ROW a record.
    """

    def __init__(self, connection: sqlite3.Connection, lives: Lives) -> None:
        self._connection = connection
        self.lives = lives
        self.dating = Dating(connection)
        self.load()
        self.begin()

    def load(self) -> None:
        """Measure the streams anew: at open, and after a transaction was undone."""
        found = self._connection.execute(
            "SELECT place >> 60, count(*), total(length(content)) FROM records GROUP BY place >> 60"
        )
        self.sizes: Counter[str] = Counter(
            {STREAMS[stream]: int(size) + ROW * count for stream, count, size in found}
        )

    def begin(self) -> None:
        """Forget the last transaction's account."""
        self.spent = 0
        self.added: dict[Key, Row] = {}
        self.removed: dict[Key, None] = {}
        self.account = Account()

    def used(self) -> int:
        """Pages in use, free ones not counted."""
        count, free = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count")
        )
        return int(count - free)

    def heads(self, start: int, end: int, limit: int = -1) -> list[Head]:
        """The heads with start <= place < end, in order."""
        found = self._connection.execute(
            f"SELECT {HEAD} FROM records WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",  # noqa: S608
            (start, end, limit),
        )
        return [self._head(row) for row in found]

    def before(self, end: int) -> Head | None:
        """The last head with place < end, of whatever stream or life."""
        row = self._connection.execute(
            f"SELECT {HEAD} FROM records WHERE place < ? ORDER BY place DESC LIMIT 1",  # noqa: S608
            (end,),
        ).fetchone()
        return None if row is None else self._head(row)

    def last(self, stream: str, life: int) -> Head | None:
        """The last head of a stream in a life."""
        head = self.before(place(stream, life + 1, 0))
        return head if head is not None and head.place >= place(stream, life, 0) else None

    def matching(self, condition: str, start: int, end: int) -> Head | None:
        """The first head with start <= place < end for which the SQL `condition` holds."""
        row = self._connection.execute(
            f"SELECT {HEAD} FROM records WHERE place >= ? AND place < ? AND {condition}"  # noqa: S608
            " ORDER BY place LIMIT 1",
            (start, end),
        ).fetchone()
        return None if row is None else self._head(row)

    def unconfirmed(self) -> Iterator[Row]:
        """Every row that is not confirmed."""
        found = self._connection.execute(f"SELECT {HEAD} FROM records WHERE confirmed = 0")  # noqa: S608
        return (self.lives.row(self._head(row)) for row in found)

    def key(self, head: Head) -> Key:
        """The key of `head`."""
        return Key(self.lives.id_of(head.life), head.stream, head.first, head.last)

    def find(self, key: Key) -> Head | None:
        """The row of exactly this key."""
        life = self.lives.life_of(key.epoch)
        if life is None:
            return None
        where = place(key.stream, life, key.first)
        found = self.heads(where, where + 1)
        return found[0] if found and found[0].last == key.last else None

    def within(self, block: Key) -> list[Head]:
        """The unconfirmed rows inside this block, in order; none of an epoch that is not known."""
        life = self.lives.life_of(block.epoch)
        if life is None:
            return []
        start = place(block.stream, life, block.first)
        found = self.heads(start, start + block.last - block.first + 1)
        return [head for head in found if not head.confirmed and head.last <= block.last]

    def newest(self, head: Head) -> bool:
        """Whether `head` is what the next number of its stream is known by, and must stay."""
        return head.life == self.lives.newest() and head.last + 1 == self.lives.next.get(head.stream)

    def read(self, head: Head) -> Content:
        """The content of a data row.

        Raises:
            CorruptRow: it does not match its digest, or cannot be decoded.
        """
        start, end, body = self._connection.execute(
            "SELECT start, until, content FROM records WHERE place = ?", (head.place,)
        ).fetchone()
        content = verified(self.key(head), head._replace(start=start, end=end), body)
        return corrected(content, self.dating.clocks)

    def confirm(self, key: Key, mark: bytes) -> None:
        """Confirm the row of this key if it is still the one with this digest."""
        head = self.find(key)
        if head is not None and head.digest == mark and not head.confirmed:
            self._connection.execute("UPDATE records SET confirmed = 1 WHERE place = ?", (head.place,))
            self.removed[key] = None
            self.spent += CONFIRMATION

    def add(self, key: Key, span: tuple[float, float], body: bytes, *, confirmed: bool = False) -> None:
        """A data row."""
        start, end = self._written(key, span)
        mark = digest(key, start, end, body)
        where = self._place(key)
        head = Head(where, key.last, int(confirmed), mark, start, end, None, None, None, len(body))
        self._insert(head, body)

    def remove(self, head: Head) -> None:
        """Delete a row; nothing is said of it."""
        self._connection.execute("DELETE FROM records WHERE place = ?", (head.place,))
        self.spent += REMOVAL + (head.size or 0) // (OVERFLOW * 200)
        self.sizes[head.stream] -= ROW + (head.size or 0)
        key = self.key(head)
        if self.added.pop(key, None) is None:
            self.removed[key] = None

    def note(self, what: What, reason: str, head: Head, records: int = 1) -> None:
        """Say what happened to this row, or to so many records in it."""
        self.account.note(Change(what, head.stream, reason, records, head.size or 0, head.start, head.end))

    def delete(self, head: Head, reason: str) -> None:
        """Let go of a row that nothing depends on any more."""
        self.remove(head)
        self.note("deleted", reason, head)

    def bury(self, head: Head, reason: str) -> None:
        """Put a tombstone in place of a data row, joined with those that adjoin it."""
        self.remove(head)
        self.entomb(self.key(head), (head.start, head.end), reason, head.size or 0)

    def entomb(self, key: Key, span: tuple[float, float], reason: str, lost: int) -> None:
        """A tombstone for one record of `lost` bytes, joined with those that adjoin it."""
        start, end = span
        self.account.note(Change("lost", key.stream, reason, 1, lost, start, end))
        spent = self.spent
        again = False
        first, last, records = key.first, key.last, 1
        for near in self._adjoining(key):
            again |= self.key(near) in self.added
            self.remove(near)
            first, last = min(first, near.first), max(last, near.last)
            start, end = min(start, near.start), max(end, near.end)
            records, lost = records + (near.records or 0), lost + (near.lost or 0)
            reason = reason if near.reason == reason else SEVERAL
        key = key._replace(first=first, last=last)
        start, end = self._written(key, (start, end))
        mark = digest(key, start, end, inscription(reason, records, lost))
        self._insert(Head(self._place(key), last, 0, mark, start, end, reason, records, lost, None), None)
        if again:
            # Its page is among those written before, in this same transaction.
            self.spent = spent + CONFIRMATION

    def _adjoining(self, key: Key) -> list[Head]:
        """The tombstones right before and right after the numbers of `key`, in its epoch and stream."""
        where = self._place(key)
        left = self.before(where)
        right = self.heads(where + key.last - key.first + 1, where + key.last - key.first + 2)
        near = [head for head in (left, *right) if head is not None and head.reason is not None]
        return [
            head
            for head in near
            if head.place >> 32 == where >> 32 and key.first - 1 <= head.last and head.first <= key.last + 1
        ]

    def _insert(self, head: Head, body: bytes | None) -> None:
        self._connection.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*head[:9], body)
        )
        self.spent += ADDITION + len(body or b"") // OVERFLOW
        self.sizes[head.stream] += ROW + len(body or b"")
        row = self.lives.row(self.dating.dated(head))
        self.added[row.key] = row

    def _head(self, row: tuple[Any, ...]) -> Head:
        """A row as HEAD selects it, with its times as they are known now."""
        return self.dating.dated(Head(*row))

    def _written(self, key: Key, span: tuple[float, float]) -> tuple[float, float]:
        """A span as the file says it where these numbers begin."""
        skew = self.dating.skew(self._place(key))
        return span[0] - skew, span[1] - skew

    def _place(self, key: Key) -> int:
        life = self.lives.life_of(key.epoch)
        if life is None:
            raise ValueError(f"epoch {key.epoch} is not known to this store")
        return place(key.stream, life, key.first)


def verified(key: Key, head: Head, body: object) -> Content:
    """The content that `body` packs, if it is what `head` was made of.

    Raises:
        CorruptRow: it is not.
    """
    if not isinstance(body, bytes) or digest(key, head.start, head.end, body) != head.digest:
        raise CorruptRow(key, "its content does not match its digest")
    try:
        return codec.unpack(body)
    except ValueError as error:
        raise CorruptRow(key, f"its content cannot be decoded: {error}") from error
