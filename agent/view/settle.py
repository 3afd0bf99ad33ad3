"""The receiver's algebra for one device, inside one transaction: what is held, lost, settled, missing.

data held    never overlaps: blocks are nested or disjoint, and a block that arrives whole takes
             the place of the finer ones inside it; one that is covered already is a repeat
lost         what the device itself said it lost, for numbers without data
ended        what retention has let go of: settled, and wanted no more
aside        blocks refused because other content bears their key: never counted as held
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from agent.ship.records import STREAMS, Held, Key, Spans, Tombstone, covered, is_block, minus, union, within

HOLE_AFTER = 60.0
ASIDE_KEPT = 100
ASIDE_SIZE = 1_000_000
LOOKED_AT = 50_000
"""Rows that one message may make us read, about: a device may not spend the time of all others."""


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
        self._looked_at = 0

    @property
    def tired(self) -> bool:
        """Whether this message has made us read enough; what is left of it is asked for again."""
        return self._looked_at >= LOOKED_AT

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
        self._run("DELETE FROM placed WHERE {at} AND first BETWEEN ? AND ?", key, key.first, key.last)
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
        """What is held, and what was held until retention ended it: nothing more is wanted there."""
        return union([*self._spans("data", key), *self._spans("ended", key)])

    def top(self, epoch: int) -> dict[str, int]:
        """The number after the highest held, by stream."""
        query = "SELECT last + 1 FROM data WHERE {at} ORDER BY first DESC LIMIT 1"
        tops = {stream: self._one(query, Key(epoch, stream, 0, 0)) for stream in STREAMS}
        return {stream: row[0] for stream, row in tops.items() if row}

    def report(self, opened: Key) -> tuple[Spans, Spans]:
        """What to acknowledge of one open interval: (have, done).

        What retention has ended counts as held: it was, and a row that only this settles would
        otherwise be sent again for ever.
        """
        bounds = [opened[2:]]
        aside = self._aside(opened)
        solid = self.settled_by_data(opened)
        done = within(union([*solid, *self.lost(opened), *aside]), bounds)
        return within(minus(solid, aside), bounds), done

    def missing(self, epoch: int, stream: str, end: int, pending: Spans) -> Spans:
        """Numbers below `end` that are neither held, lost, pending, nor ended.

        What once was settled from the beginning on stays so, and is not looked at again. Of very many
        rows the lowest are looked at, and those above once these are settled.
        """
        row = self._one("SELECT solid FROM solids WHERE {at}", Key(epoch, stream, 0, 0))
        solid = min(row[0], end) if row else 0
        missing: Spans = []
        reached = solid
        while reached <= solid < end and not missing:
            reached, settled = self._settled(Key(epoch, stream, solid, end - 1))
            missing = minus([(solid, reached - 1)], [*settled, *pending])
            if settled[0][1] + 1 > solid:
                solid = settled[0][1] + 1
                self._db.execute(
                    "INSERT OR REPLACE INTO solids VALUES (?, ?, ?, ?)", (self._device, epoch, stream, solid)
                )
        return missing

    def _settled(self, key: Key) -> tuple[int, Spans]:
        """What is settled of the key's numbers and below, as far as `LOOKED_AT` rows of a table tell,
        and the number up to which they do."""
        kinds = [self._spans(table, key, LOOKED_AT) for table in ("data", "ended", "lost")]
        reached = [spans[-1][1] + 1 for spans in kinds if len(spans) == LOOKED_AT]
        settled = union([(-1, key.first - 1), *(span for spans in kinds for span in spans)])
        return min([key.last + 1, *reached]), settled

    def note_missing(
        self, found: Mapping[tuple[int, str], Spans], now: float, unjudged: Collection[int] = ()
    ) -> None:
        """Replace the list of missing numbers; those that were missing before keep their `since`.

        Of epochs `unjudged`, what was noted before stays.
        """
        query = "SELECT epoch, stream, first, last, since FROM missing WHERE device = ? ORDER BY first"
        old = self._db.execute(query, (self._device,)).fetchall()
        before: dict[tuple[int, str], list[tuple[int, int, float]]] = {}
        for epoch, stream, first, last, since in old:
            before.setdefault((epoch, stream), []).append((first, last, since))
        rows = [row for row in old if row[0] in unjudged]
        for name, spans in found.items():
            rows += [(*name, *row) for row in _aged(spans, before.get(name, []), now)]
        if sorted(rows) == sorted(old):
            return
        self._db.execute("DELETE FROM missing WHERE device = ?", (self._device,))
        self._db.executemany(
            "INSERT INTO missing VALUES (?, ?, ?, ?, ?, ?)", [(self._device, *row) for row in rows]
        )

    def holes(self, now: float, most: int = -1) -> list[Key]:
        """What has been missing long enough to ask for, lowest first; `most` intervals, -1: all."""
        query = (
            "SELECT epoch, stream, first, last FROM missing WHERE device = ? AND since <= ?"
            " ORDER BY first, epoch, stream LIMIT ?"
        )
        return [Key(*row) for row in self._db.execute(query, (self._device, now - HOLE_AFTER, most))]

    def retain(self, before: float) -> int:
        """End the records that arrived before that wall time. Returns how many.

        Arrival is by our own clock: a device's may be years off either way. What ended is remembered
        number by number, not as a floor: what was late all along still counts when it comes.
        """
        aged = "SELECT epoch, stream, first, last FROM data WHERE device = ? AND arrived < ?"
        found = [Key(*row) for row in self._db.execute(aged, (self._device, before))]
        streams: dict[tuple[int, str], Spans] = {}
        for key in found:
            self._run("DELETE FROM data WHERE {at} AND first = ?", key, key.first)
            self._run("DELETE FROM placed WHERE {at} AND first = ?", key, key.first)
            streams.setdefault((key.epoch, key.stream), []).append(key[2:])
        for name, spans in streams.items():
            self._end(*name, spans)
        return len(found)

    def _end(self, epoch: int, stream: str, spans: Spans) -> None:
        """Remember that these numbers were held; all that ended is a few long intervals."""
        at = Key(epoch, stream, 0, 0)
        before = self._run("SELECT first, last FROM ended WHERE {at}", at).fetchall()
        self._run("DELETE FROM ended WHERE {at}", at)
        self._db.executemany(
            "INSERT INTO ended VALUES (?, ?, ?, ?, ?)",
            [(self._device, epoch, stream, *span) for span in union([*before, *spans])],
        )

    def _set_aside(self, record: Arrived, reason: str, now: float) -> str:
        """Keep what cannot be counted for people to look at: of a device the newest hundred, 1 MB."""
        self._db.execute(
            "INSERT OR IGNORE INTO aside VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._device, *record.key, record.digest, reason, record.body, now),
        )
        self._db.execute(
            "DELETE FROM aside WHERE rowid IN (SELECT rowid FROM (SELECT rowid, row_number() OVER newest"
            " AS place, sum(length(body)) OVER newest AS size FROM aside WHERE device = ?"
            " WINDOW newest AS (ORDER BY rowid DESC)) WHERE place > ? OR size > ?)",
            (self._device, ASIDE_KEPT, ASIDE_SIZE),
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

    def _spans(self, table: str, key: Key, most: int = -1) -> Spans:
        """The table's intervals that overlap the key's, lowest first; `most` of them, -1: all."""
        query = f"SELECT first, last FROM {table} WHERE {self._overlap(table)} ORDER BY first LIMIT ?"  # noqa: S608
        place = (self._device, *key[:2])
        found: Spans = self._run(query, key, key.last, *place, key.first, key.first, most).fetchall()
        self._looked_at += len(found)
        return found

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


def _aged(spans: Spans, before: list[tuple[int, int, float]], now: float) -> list[tuple[int, int, float]]:
    """The missing spans of one stream, in order, split where their ages differ."""
    ends = [last for _, last in spans]
    rows = []
    for first, last, since in before:
        at = bisect_left(ends, first)
        while at < len(spans) and spans[at][0] <= last:
            rows.append((max(first, spans[at][0]), min(last, spans[at][1]), since))
            at += 1
    fresh = minus(spans, [(first, last) for first, last, _ in rows])
    return rows + [(first, last, now) for first, last in fresh]


def numbers(text: str) -> dict[str, int]:
    """The number by stream, as kept in a column."""
    return {str(stream): int(number) for stream, number in json.loads(text).items()}
