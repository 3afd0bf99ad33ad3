"""What a damaged store still holds, carried over into a new one: `outrider spool repair`.

Rows are read in ever smaller ranges of places around what SQLite cannot read, and only those are taken whose
digest is right. Numbers in an unreadable range become a tombstone ("corrupt"), so that whoever misses them
is told why. An epoch is known by the table `epochs` alone, and what it came after by its neighbours: of lives
that are not in one unbroken row up to the newest, the older ones cannot be named, and their rows not taken.
The damaged file is only read.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from agent.ship.records import Spans, minus, union
from agent.store import files
from agent.store.copied import copy_of
from agent.store.errors import CorruptRow, StoreCorrupt, StoreDenied, explain
from agent.store.layout import HEAD, MAX_LIFE, MAX_NUMBER, PAGE, Head, digest, inscription, place
from agent.store.lives import Life, Lives
from agent.store.plausible import COLUMNS, kept, sound
from agent.store.rows import verified

QUERIES = 20_000
"""Reads of ranges, at most: a file of garbage must not take hours."""

FINEST = 8
END = 1 << 62
_ROWS = f"SELECT {HEAD}, content FROM records WHERE place >= ? AND place < ? ORDER BY place"  # noqa: S608
_LIVES = "SELECT life, id, prev, prev_next FROM epochs WHERE life >= ? AND life < ? ORDER BY life"
_SMALL = "states", "clocks"


class Repaired(NamedTuple):
    """What was carried over: rows of data, tombstones, the bytes of data, lives. What was not: rows that are
    not what their digest says, rows of lives that cannot be named, numbers in unreadable ranges."""

    records: int = 0
    tombstones: int = 0
    size: int = 0
    lives: int = 0
    wrong: int = 0
    nameless: int = 0
    buried: int = 0


class Salvage(NamedTuple):
    """The rows that could be read, by key, and the ranges of keys that could not."""

    rows: dict[int, tuple[Any, ...]]
    unread: Spans


def repair(damaged: Path, directory: Path) -> Repaired:
    """Make a store in `directory`, where there is none, of what the file `damaged` still holds.

    Raises:
        StoreError: there is a store already, or a file cannot be read or written.
    """
    target = files.store_file(directory)
    if target.exists():
        raise StoreDenied(f"{target}: there is a store already; name a directory without one")
    try:
        copy = copy_of(damaged)
    except OSError as error:
        raise explain(error, damaged) from error
    try:
        with closing(files.connect(copy, mode="ro")) as source:
            strange = files.foreign(source)
            if strange is not None:
                raise StoreCorrupt(f"{damaged}: {strange}; it is not read")
            files.prepare(directory)
            files.create(target, max(64, copy.stat().st_size // PAGE))
            with closing(files.connect(target, mode="rw")) as made:
                return _carried(source, made)
    except (OSError, sqlite3.Error) as error:
        raise explain(error, target) from error
    finally:
        shutil.rmtree(copy.parent)


def _carried(source: sqlite3.Connection, made: sqlite3.Connection) -> Repaired:
    lives = _lineage(_read(source, _LIVES, MAX_LIFE).rows)
    found = _read(source, _ROWS, END)
    made.execute("BEGIN")
    made.executemany("INSERT INTO epochs VALUES (?, ?, ?, ?)", lives)
    for table in _SMALL:
        marks = ", ".join("?" * len(COLUMNS[table].split()))
        rows = kept(_whole(source, f"SELECT {COLUMNS[table]} FROM {table}"), table)  # noqa: S608
        made.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)  # noqa: S608
    known = Lives(made)
    taken, done = _sound(found.rows.values(), known)
    made.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", taken)
    buried = 0
    for grave in _graves(taken, found.unread, known):
        made.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", grave)
        buried += grave[1] - (grave[0] & MAX_NUMBER) + 1
    made.execute("COMMIT")
    return done._replace(lives=len(lives), buried=buried)


def _read(source: sqlite3.Connection, query: str, end: int) -> Salvage:
    """All that can be read, in ranges halved around what cannot."""
    rows: dict[int, tuple[Any, ...]] = {}
    unread: Spans = []
    ranges, left = [(0, end)], QUERIES
    while ranges:
        low, high = ranges.pop()
        left -= 1
        try:
            rows.update((row[0], row) for row in source.execute(query, (low, high)) if type(row[0]) is int)
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            if high - low <= FINEST or left <= 0:
                unread.append((low, high - 1))
            else:
                middle = (low + high) // 2
                ranges += [(middle, high), (low, middle)]
    return Salvage(dict(sorted(rows.items())), union(unread))


def _whole(source: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows up to the first that cannot be read."""
    try:
        yield from source.execute(query)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return


def _lineage(rows: dict[int, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The newest lives that follow each other without a gap, the oldest first."""
    found: list[tuple[Any, ...]] = []
    for life, row in sorted(rows.items(), reverse=True):
        if not sound("epochs", row) or (found and (found[-1][0] != life + 1 or found[-1][2] != row[1])):
            break
        found.append(row)
    return found[::-1]


def _sound(rows: Iterable[tuple[Any, ...]], lives: Lives) -> tuple[list[tuple[Any, ...]], Repaired]:
    """The rows that are what their digest says, none over another."""
    taken: list[tuple[Any, ...]] = []
    done = Repaired()
    reached = -1
    for *values, body in rows:
        head = Head(*values)
        if head.fault() is not None or head.place < reached or not _as_digested(head, body, lives):
            named = head.fault() is not None or head.life in {life.life for life in lives.known}
            done = done._replace(wrong=done.wrong + named, nameless=done.nameless + (not named))
            continue
        taken.append((*values[:9], body))
        reached = head.place + head.last - head.first + 1
        done = done._replace(
            records=done.records + (head.reason is None),
            tombstones=done.tombstones + (head.reason is not None),
            size=done.size + (head.size or 0),
        )
    return taken, done


def _as_digested(head: Head, body: object, lives: Lives) -> bool:
    """Whether a row is what its digest says; of a life that is not known none is."""
    if head.life not in {life.life for life in lives.known}:
        return False
    key = lives.row(head).key
    if head.reason is not None:
        said = inscription(head.reason, head.records or 0, head.lost or 0)
        return digest(key, head.start, head.end, said) == head.digest
    try:
        verified(key, head, body)
    except CorruptRow:
        return False
    return True


def _graves(taken: list[tuple[Any, ...]], unread: Spans, lives: Lives) -> Iterator[tuple[Any, ...]]:
    """A tombstone for each run of numbers without a row in an unreadable range, as rows of `records`."""
    held = [(row[0], row[0] + row[1] - (row[0] & MAX_NUMBER)) for row in taken]
    times = {row[0]: (row[4], row[5]) for row in taken}
    for low, high in _given(lives):
        for first, last in minus([(low, high)], held):
            for a, b in _within(unread, first, last):
                start = max((end for at, (_, end) in times.items() if low <= at < a), default=0.0)
                until = min((begin for at, (begin, _) in times.items() if b < at <= high), default=start)
                head = Head(
                    a, b & MAX_NUMBER, 0, b"", start, max(start, until), "corrupt", b - a + 1, 0, None
                )
                mark = digest(lives.row(head).key, head.start, head.end, inscription("corrupt", b - a + 1, 0))
                yield (*head._replace(digest=mark)[:9], None)


def _given(lives: Lives) -> Iterator[tuple[int, int]]:
    """The places of the numbers that each life is known to have given, by stream."""
    following: Life | None = None
    for life in lives.known:
        ends = lives.next if following is None else following.prev_next
        for stream, end in ends.items():
            if end:
                yield place(stream, life.life, 0), place(stream, life.life, end - 1)
        following = life


def _within(spans: Spans, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The parts of these intervals that lie in [first, last]."""
    for low, high in spans:
        if low <= last and first <= high:
            yield max(low, first), min(high, last)
