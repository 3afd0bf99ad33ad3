"""The receiver's algebra for one device, inside one transaction: what is held, lost, settled, missing.

data held    never overlaps: blocks are nested or disjoint, and a block that arrives whole takes
             the place of the finer ones inside it; one that is covered already is a repeat
lost         what the device itself said it lost, for numbers without data
floor        below it retention has been: all is settled
aside        blocks refused because other content bears their key: never counted as held
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.ship.records import STREAMS, Held, Key, Spans, Tombstone, covered, is_block, minus, union, within

HOLE_AFTER = 60.0
ASIDE_KEPT = 100


class Arrived(NamedTuple):
    """A whole record as it came: `body` is its encoded content, wall span in s."""

    key: Key
    digest: bytes
    body: bytes
    start: float
    end: float


class Ledger:
    """The rows of one device. Every method runs in the caller's transaction."""

    def __init__(self, db: sqlite3.Connection, device: int) -> None:
        self._db = db
        self._device = device

    def insert(self, record: Arrived, now: float) -> str:
        """Apply a record. Returns "new", "repeat", or why it was set aside."""
        key = record.key
        if not is_block(key.first, key.last):
            return self._set_aside(record, "no_block", now)
        same = self._one("SELECT digest FROM data WHERE {at} AND first = ? AND last = ?", key, *key[2:])
        if same is not None and same[0] != record.digest:
            return self._set_aside(record, "other_content", now)
        if same is not None or covered(key.first, key.last, self.settled_by_data(key)):
            return "repeat"
        inside = "DELETE FROM data WHERE {at} AND first BETWEEN ? AND ? AND last <= ?"
        self._run(inside, key, key.first, key.last, key.last)
        self._cut("lost", "reason, start, finish", key)
        self._cut("missing", "since", key)
        self._db.execute(
            "INSERT INTO data VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._device, *key, record.digest, record.start, record.end, record.body, now),
        )
        return "new"

    def bury(self, stone: Tombstone) -> Spans:
        """Note what the device lost, for numbers without data. Returns the numbers newly lost."""
        key = stone.key
        known = [*self.settled_by_data(key), *self.lost(key)]
        fresh = minus([key[2:]], known)
        self._db.executemany(
            "INSERT INTO lost VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(self._device, *key[:2], a, b, stone.reason, stone.start, stone.end) for a, b in fresh],
        )
        self._cut("missing", "since", key)
        return fresh

    def held(self, key: Key) -> Spans:
        """The numbers held as data that overlap the key's interval."""
        return union(self._spans("data", key))

    def lost(self, key: Key) -> Spans:
        """The numbers said to be lost that overlap the key's interval."""
        return union(self._spans("lost", key))

    def settled_by_data(self, key: Key) -> Spans:
        """What is held, and what retention has ended: nothing more is wanted there."""
        floor = self.floor(key)
        return union([*self._spans("data", key), *([(0, floor - 1)] if floor else [])])

    def floor(self, key: Key) -> int:
        """The number below which retention has settled everything."""
        row = self._one("SELECT floor FROM floors WHERE {at}", key)
        return row[0] if row else 0

    def top(self, epoch: int) -> dict[str, int]:
        """The number after the highest held, by stream."""
        query = "SELECT last + 1 FROM data WHERE {at} ORDER BY first DESC LIMIT 1"
        tops = {stream: self._one(query, Key(epoch, stream, 0, 0)) for stream in STREAMS}
        return {stream: row[0] for stream, row in tops.items() if row}

    def report(self, opened: Key) -> tuple[Spans, Spans]:
        """What to acknowledge of one open interval: (have, done).

        Below the floor counts as held: retention asked for no more of it, and a row that only the
        floor settles would otherwise be sent again for ever.
        """
        bounds = [opened[2:]]
        aside = self._aside(opened)
        solid = self.settled_by_data(opened)
        done = within(union([*solid, *self.lost(opened), *aside]), bounds)
        return within(minus(solid, aside), bounds), done

    def missing(self, epoch: int, stream: str, end: int, pending: Spans) -> Spans:
        """Numbers below `end` that are neither held, lost, pending, nor below the floor.

        What once was settled from the beginning on stays so, and is not looked at again.
        """
        row = self._one("SELECT solid FROM floors WHERE {at}", Key(epoch, stream, 0, 0))
        solid = min(row[0], end) if row else 0
        if solid == end:
            return []
        expected = Key(epoch, stream, solid, end - 1)
        settled = union([*self.settled_by_data(expected), *self.lost(expected), (-1, solid - 1)])
        if settled[0][1] + 1 > solid:
            self._db.execute(
                "INSERT INTO floors VALUES (?, ?, ?, 0, ?) ON CONFLICT (device, epoch, stream)"
                " DO UPDATE SET solid = excluded.solid",
                (self._device, epoch, stream, settled[0][1] + 1),
            )
        return minus([expected[2:]], [*settled, *pending])

    def note_missing(self, found: Mapping[tuple[int, str], Spans], now: float) -> None:
        """Replace the list of missing numbers; those that were missing before keep their `since`."""
        old = self._db.execute(
            "SELECT epoch, stream, first, last, since FROM missing WHERE device = ?", (self._device,)
        ).fetchall()
        rows = [row for name, spans in found.items() for row in _aged(name, spans, old, now)]
        if sorted(rows) == sorted(old):
            return
        self._db.execute("DELETE FROM missing WHERE device = ?", (self._device,))
        self._db.executemany(
            "INSERT INTO missing VALUES (?, ?, ?, ?, ?, ?)", [(self._device, *row) for row in rows]
        )

    def holes(self, now: float) -> list[Key]:
        """What has been missing long enough to ask for, lowest first."""
        query = (
            "SELECT epoch, stream, first, last FROM missing WHERE device = ? AND since <= ?"
            " ORDER BY first, epoch, stream"
        )
        return [Key(*row) for row in self._db.execute(query, (self._device, now - HOLE_AFTER))]

    def retain(self, before: float) -> int:
        """End the records that arrived before that wall time, and raise the floors. Returns how many.

        Arrival is by our own clock: a device's may be years off either way.
        """
        floors = self._db.execute(
            "SELECT epoch, stream, max(last) + 1, count(*) FROM data WHERE device = ? AND arrived < ?"
            " GROUP BY epoch, stream",
            (self._device, before),
        ).fetchall()
        for epoch, stream, floor, _ in floors:
            self._raise_floor(Key(epoch, stream, 0, floor - 1), floor, before)
        return sum(count for *_, count in floors)

    def _raise_floor(self, key: Key, floor: int, before: float) -> None:
        """What is old goes; a block that crosses the floor, or is younger, stays until it is old."""
        self._db.execute(
            "INSERT INTO floors VALUES (?, ?, ?, ?, 0) ON CONFLICT (device, epoch, stream)"
            " DO UPDATE SET floor = max(floor, excluded.floor)",
            (self._device, *key[:2], floor),
        )
        self._run("DELETE FROM data WHERE {at} AND last < ? AND arrived < ?", key, floor, before)
        self._run("DELETE FROM lost WHERE {at} AND last < ?", key, floor)
        self._run("DELETE FROM missing WHERE {at} AND last < ?", key, floor)

    def _set_aside(self, record: Arrived, reason: str, now: float) -> str:
        """Keep what cannot be counted, the newest hundred of a device, for people to look at."""
        self._db.execute(
            "INSERT OR IGNORE INTO aside VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._device, *record.key, record.digest, reason, record.body, now),
        )
        self._db.execute(
            "DELETE FROM aside WHERE device = ? AND rowid NOT IN"
            " (SELECT rowid FROM aside WHERE device = ? ORDER BY rowid DESC LIMIT ?)",
            (self._device, self._device, ASIDE_KEPT),
        )
        return reason

    def _cut(self, table: str, rest: str, key: Key) -> None:
        """Take the key's numbers out of the intervals of a table; what remains of them stays."""
        query = f"SELECT first, last, {rest} FROM {table} WHERE {self._overlap(table)}"  # noqa: S608
        place = (self._device, *key[:2])
        for first, last, *more in self._run(query, key, key.last, *place, key.first, key.first).fetchall():
            self._run(f"DELETE FROM {table} WHERE {{at}} AND first = ?", key, first)  # noqa: S608
            row = ", ".join("?" * (5 + len(more)))
            self._db.executemany(
                f"INSERT INTO {table} VALUES ({row})",  # noqa: S608
                [(self._device, *key[:2], a, b, *more) for a, b in minus([(first, last)], [key[2:]])],
            )

    def _spans(self, table: str, key: Key) -> Spans:
        query = f"SELECT first, last FROM {table} WHERE {self._overlap(table)}"  # noqa: S608
        place = (self._device, *key[:2])
        return self._run(query, key, key.last, *place, key.first, key.first).fetchall()

    def _aside(self, key: Key) -> Spans:
        query = "SELECT first, last FROM aside WHERE {at} AND first <= ? AND last >= ?"
        return self._run(query, key, key.last, key.first).fetchall()

    @staticmethod
    def _overlap(table: str) -> str:
        """What picks the rows that overlap an interval: none overlap each other, so a search starts at
        the last one that begins before it."""
        place = "device = ? AND epoch = ? AND stream = ?"
        begin = f"SELECT max(first) FROM {table} WHERE {place} AND first <= ?"  # noqa: S608
        return f"{{at}} AND first <= ? AND first >= coalesce(({begin}), 0) AND last >= ?"

    def _one(self, query: str, key: Key, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._run(query, key, *values).fetchone()
        return row

    def _run(self, query: str, key: Key, *values: object) -> sqlite3.Cursor:
        text = query.replace("{at}", "device = ? AND epoch = ? AND stream = ?")
        return self._db.execute(text, (self._device, key.epoch, key.stream, *values))


def answer(ledger: Ledger, opened: tuple[Key, ...]) -> tuple[Held, ...]:
    """What is held of the open intervals, one group a stream of an epoch."""
    groups: dict[tuple[int, str], tuple[Spans, Spans]] = {}
    for key in opened:
        have, done = groups.setdefault((key.epoch, key.stream), ([], []))
        more_have, more_done = ledger.report(key)
        have += more_have
        done += more_done
    return tuple(
        Held(epoch, stream, tuple(union(have)), tuple(union(done)), None)
        for (epoch, stream), (have, done) in groups.items()
    )


def _aged(
    name: tuple[int, str], spans: Spans, old: list[tuple[int, str, int, int, float]], now: float
) -> list[tuple[int, str, int, int, float]]:
    """The missing spans of one stream, split where their ages differ."""
    rows = []
    for epoch, stream, first, last, since in old:
        if (epoch, stream) == name:
            again = within(spans, [(first, last)])
            rows += [(*name, a, b, since) for a, b in again]
            spans = minus(spans, again)
    return rows + [(*name, a, b, now) for a, b in spans]


def numbers(text: str) -> dict[str, int]:
    """The number by stream, as kept in a column."""
    return {str(stream): int(number) for stream, number in json.loads(text).items()}
