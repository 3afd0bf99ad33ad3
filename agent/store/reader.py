"""Reading beside the writer: a connection of its own, each transaction short, or a copy."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from agent.ship.records import STREAMS, Epoch, Key, Row
from agent.stats.clocks import Clock, corrected
from agent.stats.frame import Content
from agent.store import files
from agent.store.copied import copy_of
from agent.store.dating import Dating
from agent.store.errors import StoreBusy, StoreCorrupt, StoreDenied, StoreError, explain
from agent.store.layout import HEAD, MAX_LIFE, Head, place
from agent.store.lives import Lives
from agent.store.plausible import implausible
from agent.store.rows import verified
from agent.store.states import States

# Numbers read in one transaction: a block that tiers merge within, so that none is split over two.
STRIDE = 1024


class Stored(NamedTuple):
    """A record as it is on the disk: its row, its wall-clock span in s as it is known now, its bytes as
    packed, the span as it was `written`, and the clocks that are known by boot."""

    row: Row
    start: float
    end: float
    body: bytes | None
    written: tuple[float, float]
    clocks: Mapping[str, Clock]

    def content(self) -> Content:
        """What a data record holds, dated by what is known now.

        Raises:
            CorruptRow: not what its digest says.
        """
        head = Head(0, 0, 0, self.row.digest, *self.written, None, None, None, None)
        return corrected(verified(self.row.key, head, self.body), self.clocks)


class Reader:
    """A read-only view of the store of a state directory; for one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, copy: Path | None = None) -> None:
        """For `open` and `copy` alone; `copy` is a directory to remove at the end."""
        self.path = path
        self._connection = connection
        self._copy = copy
        self._dating = Dating(connection)
        connection.create_function("skew", 1, self._dating.skew)

    @classmethod
    def open(cls, directory: Path) -> Reader:
        """Look at the store of `directory`; in the daemon's own process, at what it has just written.

        Beside a daemon of another process, or on a file system that is read-only, it is a copy of this
        moment, as from `copy`.

        Raises:
            StoreTooNew: of a newer format.
            StoreError: there is none, or it cannot be read.
        """
        path = files.store_file(directory)
        try:
            path.stat()
            return cls(path, _checked(path, path))
        except (OSError, sqlite3.Error) as error:
            fault = explain(error, path)
            elsewhere = files.holder(directory) != os.getpid()
            if isinstance(fault, (StoreBusy, StoreDenied)) and path.exists() and elsewhere:
                return cls.copy(directory)
            raise fault from error

    @classmethod
    def copy(cls, directory: Path) -> Reader:
        """Look at a copy of the store of `directory`: whatever is done with it, no daemon notices.

        Raises:
            StoreTooNew: of a newer format.
            StoreError: there is none, it cannot be read, or there is no room for the copy.
        """
        path = files.store_file(directory)
        try:
            made = copy_of(path)
            try:
                return cls(path, _checked(path, made), made.parent)
            except (StoreError, OSError, sqlite3.Error):
                shutil.rmtree(made.parent)
                raise
        except (OSError, sqlite3.Error) as error:
            raise explain(error, path) from error

    def close(self) -> None:
        """Give connection and copy back."""
        self._connection.close()
        if self._copy is not None:
            shutil.rmtree(self._copy)

    def probe(self) -> str | None:
        """What is wrong with the file's structure or rows; None if nothing."""
        try:
            return files.examine(self.path, self._connection)
        except sqlite3.DatabaseError as error:
            return str(error)

    def epochs(self) -> tuple[Epoch, ...]:
        """Every known epoch, newest first."""
        with self._snapshot() as lives:
            return lives.epochs()

    def rows(self, epoch: int, stream: str, first: int, last: int) -> list[Row]:
        """The rows that overlap the numbers first..last, in order."""
        with self._snapshot() as lives:
            life = lives.life_of(epoch)
            if life is None:
                return []
            low = self._floor(stream, life, first)
            heads = self._heads(low, place(stream, life, last) + 1)
            return [self._dating.dated(head).row(epoch) for head in heads]

    def read(self, key: Key) -> tuple[bytes, Content] | None:
        """The digest and content of the data row of exactly this key, None if there is none. The content is
        dated by what is known now.

        Raises:
            CorruptRow: it is not what its digest says.
        """
        with self._snapshot() as lives:
            life = lives.life_of(key.epoch)
            where = place(key.stream, life or 0, key.first)
            heads = self._heads(where, where + 1)
            if not heads or heads[0].last != key.last or heads[0].reason is not None:
                return None
            body = self._body(heads[0])
        return heads[0].digest, corrected(verified(key, heads[0], body), self._dating.clocks)

    def states(self, kind: str) -> dict[str, bytes]:
        """The small states of one kind ("alert", "position") by name."""
        with self._snapshot():
            return States(self._connection).all(kind)

    def refused(self) -> dict[bytes, str]:
        """Why rows can never be sent, by their digests."""
        with self._snapshot():
            return States(self._connection).refused()

    def stored(
        self,
        since: float = float("-inf"),
        until: float = float("inf"),
        *,
        streams: tuple[str, ...] = STREAMS,
        bodies: bool = True,
    ) -> Iterator[Stored]:
        """Every row whose span touches [since, until], by stream, life and number; without `bodies`
        none has its bytes.

        No number is seen twice, whatever the writer merges meanwhile. One is missed only if merging
        reaches over STRIDE numbers just then.
        """
        for stream in streams:
            cursor, stop = place(stream, 0, 0), place(stream, MAX_LIFE, 0)
            while True:
                batch, cursor = self._batch(cursor, stop, (since, until), bodies)
                yield from batch
                if cursor >= stop:
                    break

    def _batch(
        self, cursor: int, stop: int, span: tuple[float, float], bodies: bool
    ) -> tuple[list[Stored], int]:
        """The next rows that touch the span, within one stride, and where to go on."""
        since, until = span
        with self._snapshot() as lives:
            off = "0.0" if self._dating.settled else "skew(place)"
            found = self._connection.execute(
                f"SELECT place FROM records WHERE place >= ? AND place < ? AND until + {off} >= ?"  # noqa: S608
                f" AND start + {off} <= ? ORDER BY place LIMIT 1",
                (cursor, stop, since, until),
            ).fetchone()
            if found is None:
                return [], stop
            end = (found[0] | (STRIDE - 1)) + 1
            heads = [(head, self._dating.dated(head)) for head in self._heads(found[0], end)]
            batch = [
                self._stored(lives, head, dated, bodies=bodies)
                for head, dated in heads
                if dated.end >= since and dated.start <= until
            ]
            last, _ = heads[-1]
            return batch, max(end, last.place + last.last - last.first + 1)

    def _stored(self, lives: Lives, head: Head, dated: Head, *, bodies: bool) -> Stored:
        body = self._body(head) if bodies else None
        written = (head.start, head.end)
        return Stored(lives.row(dated), dated.start, dated.end, body, written, self._dating.clocks)

    def _heads(self, start: int, end: int) -> list[Head]:
        found = self._connection.execute(
            f"SELECT {HEAD} FROM records WHERE place >= ? AND place < ? ORDER BY place",  # noqa: S608
            (start, end),
        )
        return [self._sound(Head(*row)) for row in found]

    def _sound(self, head: Head) -> Head:
        """The same head.

        Raises:
            StoreCorrupt: it is none that a store writes.
        """
        fault = head.fault()
        if fault is not None:
            raise StoreCorrupt(f"{self.path}: row {head.place}: {fault}; the daemon sets the file aside")
        return head

    def _floor(self, stream: str, life: int, first: int) -> int:
        """The place of the row that holds `first`, or where it would be."""
        row = self._connection.execute(
            "SELECT place, last FROM records WHERE place >= ? AND place <= ? ORDER BY place DESC LIMIT 1",
            (place(stream, life, 0), place(stream, life, first)),
        ).fetchone()
        return int(row[0]) if row is not None and row[1] >= first else place(stream, life, first)

    def _body(self, head: Head) -> bytes | None:
        found = self._connection.execute("SELECT content FROM records WHERE place = ?", (head.place,))
        body: bytes | None = found.fetchone()[0]
        return body

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[Lives]:
        """One consistent view, held for the length of the block."""
        try:
            self._connection.execute("BEGIN")
            try:
                self._dating.load()
                yield Lives(self._connection)
            finally:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise explain(error, self.path) from error


def _checked(path: Path, where: Path) -> sqlite3.Connection:
    """A connection to the database at `where`, the store at `path` or a copy of it."""
    connection = files.connect(where, mode="ro")
    try:
        fault = files.check_format(path, connection)
        if fault is not None:
            raise StoreCorrupt(f"{path}: {fault}; choose the state directory of an outrider daemon")
        fault = implausible(connection)
        if fault is not None:
            raise StoreCorrupt(f"{path}: {fault}; outrider spool repair makes a store of what is sound")
    except (StoreError, sqlite3.Error):
        connection.close()
        raise
    return connection
