"""The device's store: one writer, one transaction a flush.

    store = Store.open(directory, limits, now=..., new_epoch=...)
    index(store.unconfirmed())
    flushed = store.flush(Flush(now=..., contents={"windows": content}, confirmed=acknowledged))

The format is in layout.py, the rules of merging in coarsen.py, those of dropping in retain.py. A flush
that raises has changed nothing; the caller keeps what it wanted to store and tries again later.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from agent.ship.body import WireError
from agent.ship.records import STREAMS, Epoch, Key, Row
from agent.stats.clocks import Clock, corrected
from agent.stats.frame import Content
from agent.store import codec, files
from agent.store.clock import WallClock
from agent.store.coarsen import Budget, Coarsener, Room
from agent.store.database import SPARE, Database
from agent.store.errors import StoreError, explain
from agent.store.flush import Flush, Flushed
from agent.store.layout import OVERFLOW, PAGE, Head, place
from agent.store.lives import Lives
from agent.store.resize import fit
from agent.store.retain import Retention, keep_limits, make_room
from agent.store.rows import ADDITION, Rows
from agent.store.sizing import ROW, SOFT, WRITTEN, Limits, share_of
from agent.store.states import States

# Lives that are looked at for the newest window.
NEAR = 8
WINDOWS = STREAMS[0]


class Store:
    """The open store; for one thread at a time.

    `former` is the name of another device that wrote it last, if one did; its rows stay as history.
    `set_aside` is where a damaged file was put, else None; `resize_fault` why a file of an earlier
    `max_size` could not be brought to the new one.
    """

    def __init__(
        self,
        database: Database,
        limits: Limits,
        lock: int,
        now: float,
        new_epoch: Callable[[], int],
        owner: str,
    ) -> None:
        """For `open` alone."""
        self.path = database.path
        self.directory = database.path.parent
        self.limits = limits
        self.share = share_of(limits.max_size, limits.burst)
        self.set_aside: Path | None = None
        self.resize_fault: StoreError | None = None
        self._database = database
        self._connection = database.connection
        self._new_epoch = new_epoch
        self._lives = Lives(self._connection, owner)
        newest = self._lives.newest()
        self.former = "" if self._lives.ours(newest) else self._lives.owner(newest)
        self._rows = Rows(self._connection, self._lives)
        self._states = States(self._connection)
        self._coarsener = Coarsener(limits.tiers, self.share.largest)
        self._retention = Retention(limits.policies)
        self._lock = lock
        self._begun = False
        self._stale = False
        self._clock = WallClock(self._newest_end(), now, limits.settle)

    @classmethod
    def open(
        cls, directory: Path, limits: Limits, *, now: float, new_epoch: Callable[[], int], owner: str = ""
    ) -> Store:
        """Open the store of a state directory, making what is missing, as that of the device `owner`.

        A damaged file is renamed, and `set_aside` says where it is.

        Raises:
            StoreTooNew: the file is of a newer version; it is not touched.
            StoreLocked: another daemon uses the directory.
            StoreError: no permission, no space, an I/O error.
            ValueError: `max_size` is too small.
        """
        share = share_of(limits.max_size, limits.burst)
        files.prepare(directory)
        path = files.store_file(directory)
        with contextlib.ExitStack() as undo:
            lock = files.lock(directory)
            undo.callback(os.close, lock)
            try:
                aside = files.settle(path, share.grown, now)
                unfit = fit(path, limits, now)
                database = Database(path, share)
                undo.callback(database.close)
                store = cls(database, limits, lock, now, new_epoch, owner)
            except (OSError, sqlite3.Error) as error:
                raise explain(error, path) from error
            store.set_aside, store.resize_fault = aside, unfit
            files.sign(lock)
            undo.pop_all()
        return store

    @property
    def log_fault(self) -> StoreError | None:
        """Why the log could not be grown, or brought into the database after the last flush."""
        return self._database.log_fault

    @property
    def owed(self) -> int:
        """Bytes, about, that bringing the log into the database will write; it grows with each flush."""
        return self._database.owed

    def unconfirmed(self) -> list[Row]:
        """Every row that is not confirmed, for the index at the start."""
        with self._database.explained():
            return self._ours(self._rows.unconfirmed())

    def epochs(self) -> tuple[Epoch, ...]:
        """The known epochs, newest first; before the first flush that is one of an earlier life."""
        with self._database.explained():
            self._remember()
        return self._lives.epochs()

    def positions(self) -> dict[str, bytes]:
        """The stored place of every log."""
        with self._database.explained():
            return self._states.all("position")

    @property
    def clocks(self) -> Mapping[str, Clock]:
        """What has been told of the clocks of the boots that rows are of."""
        return self._rows.dating.clocks

    def clock_to_tell(self, now: Clock, contents: Iterable[Content]) -> Clock | None:
        """The clock for the next flush, if readers must hear of one; `now` is what is known by now."""
        with self._database.explained():
            self._remember()
        return self._rows.dating.to_tell(now, contents)

    def ended(self, boot: str) -> float:
        """When the newest window of this boot ended, in s on its clock; 0 if none is near."""
        dating = self._rows.dating
        return max([dating.uptime(head, boot) or 0.0 for head in self._newest_windows()], default=0.0)

    def surely(self) -> float:
        """When the newest row ended that was made while a time service kept the clock, in wall s; 0 if
        none is near."""
        sure = [head.end for head in self._newest_windows() if self._rows.dating.surely(head)]
        return max(sure, default=0.0)

    def refused(self) -> dict[bytes, str]:
        """Why rows can never be sent, by their digests."""
        with self._database.explained():
            return self._states.refused()

    def alerts(self) -> dict[str, bytes]:
        """The stored state of every alert."""
        with self._database.explained():
            return self._states.all("alert")

    def kept(self) -> dict[str, bytes]:
        """The stored states of other parts, by their names."""
        with self._database.explained():
            return self._states.all("kept")

    def give_back(self) -> None:
        """Free the pages that SQLite keeps in memory; it reads them again when it needs them."""
        self._connection.execute("PRAGMA shrink_memory")

    def flush(self, flush: Flush) -> Flushed:
        """Do all of `flush` in one transaction, and what tiers and limits ask for.

        Raises:
            StoreBusy: a reader has held its transaction so long that the log's share is used up.
            StoreCorrupt: the file is damaged; open it again, which sets it aside.
            StoreError: no space, an I/O error. Nothing is changed then.
            ValueError: an unknown stream, or an epoch that is not new.
        """
        unknown = set(flush.contents) - set(STREAMS)
        if unknown:
            raise ValueError(f"streams {sorted(unknown)} are none of {STREAMS}")
        packed = {name: _packed(content) for name, content in flush.contents.items() if any(content)}
        parts = (*flush.positions.values(), *flush.alerts.values(), *flush.kept.values())
        states = [state for state in parts if state]
        need = SPARE + sum(map(_pages, (*states, *packed.values())))
        with self._database.explained():
            frames = self._database.room(need)
            with self._transaction():
                flushed = self._apply(flush, packed, need, frames)
        self._begun = True
        self._clock.last = flush.now
        self._database.checkpoint()
        return flushed

    def close(self) -> None:
        """Close. A file that was found damaged is set aside, and `set_aside` says where it is."""
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, self._lock)
            if self._database.damaged:
                undo.callback(self._put_aside)
            self._database.close()

    def _put_aside(self) -> None:
        self.set_aside = files.set_aside(self.path, self._clock.last or 0.0)

    def _apply(self, flush: Flush, packed: Mapping[str, bytes | str], need: int, frames: int) -> Flushed:
        rows, spare = self._rows, max(0, frames - need)
        rows.begin()
        if flush.fresh_epoch or not self._begun:
            self._lives.begin(self._new_epoch())
        self._confirm(flush.confirmed, spare // 8)
        self._quarantine(flush.quarantine, spare // 4)
        if flush.clock is not None:
            rows.dating.tell(flush.clock, self._lives.newest())
        merging = Budget(rows, spare // 3)
        if self._clock.settled(flush.now, counts=self._begun and flush.trusted) and flush.aging:
            most = flush.aging // (PAGE + WRITTEN)
            self._retention.age(rows, flush.now, rows.spent + min(spare // 8, most))
            self._coarsener.age(rows, flush.now, Budget(rows, spare // 3, most))
        refused = self._make_room(packed, merging, flush.now, frames - need, need)
        for stream, body in packed.items():
            self._add(stream, body, flush.contents[stream], refused.get(stream, ""))
        if not refused:
            self._coarsener.join(rows, flush.join, Budget(rows, (frames - rows.spent) // 2))
        self._states.put("position", flush.positions)
        self._states.put("alert", flush.alerts)
        self._states.set_refused(flush.refused)
        self._states.put("kept", flush.kept)
        self._forget()
        return Flushed(
            self._lives.epochs(),
            tuple(self._ours(rows.added.values())),
            tuple(rows.removed),
            rows.account.changes(),
            rows.used(),
        )

    def _ours(self, rows: Iterable[Row]) -> list[Row]:
        """Those that were not written under another device's name."""
        known = {life.id for life in self._lives.known if self._lives.ours(life.life)}
        return [row for row in rows if row.key.epoch in known]

    def _forget(self) -> None:
        """Drop the lives that no record needs, and what was known of their clocks."""
        if self._lives.forget():
            self._rows.dating.forget(self._lives.known[-1].life)

    def _confirm(self, confirmed: Iterable[tuple[Key, bytes]], frames: int) -> None:
        until = self._rows.spent + frames
        for key, mark in confirmed:
            if self._rows.spent >= until:
                return
            self._rows.confirm(key, mark)

    def _quarantine(self, keys: Iterable[Key], until: int) -> None:
        for key in keys:
            head = self._rows.find(key)
            if head is not None and head.reason is None and self._rows.spent < until:
                self._rows.bury(head, "corrupt")

    def _make_room(
        self, packed: Mapping[str, bytes | str], merging: Budget, now: float, until: int, need: int
    ) -> dict[str, str]:
        """Hold every stream and the whole to their limits; why new contents are not to be kept."""
        rows, policies = self._rows, self.limits.policies
        coming = {name: body for name, body in packed.items() if isinstance(body, bytes)}
        windows = policies["windows"]
        if windows.at_limit == "coarsen":
            size = windows.max_size * SOFT // 100 - ROW - len(coming.get("windows", b""))
            room = Room(self.share.soft, size)
            self._coarsener.squeeze(rows, now, merging, room)
        refused = keep_limits(rows, policies, {name: len(body) for name, body in coming.items()}, until)
        kept = {name: _pages(body) for name, body in coming.items() if name not in refused}
        full = make_room(rows, policies, kept, self.share.pages - need + sum(kept.values()), until)
        return {**dict.fromkeys(refused, "limit"), **dict.fromkeys(full, "full")}

    def _add(self, stream: str, body: bytes | str, content: Content, refused: str) -> None:
        """Give a content its number; one that cannot be kept has a tombstone in its place."""
        number = self._lives.next.get(stream, 0)
        key = Key(self._lives.known[0].id, stream, number, number)
        self._lives.next[stream] = number + 1
        dating = self._rows.dating
        dating.note(place(stream, self._lives.newest(), number), content)
        span = corrected(content, dating.clocks).wall
        reason, size = (body, 0) if isinstance(body, str) else (refused, len(body))
        if size > self.share.largest:
            reason = "too_large"
        elif isinstance(body, bytes) and not refused:
            self._rows.add(key, span, body)
            return
        self._rows.entomb(key, span, reason, size)

    def _newest_windows(self) -> list[Head]:
        """The last row of windows of each of the newest lives."""
        with self._database.explained():
            heads = [self._rows.last(WINDOWS, life.life) for life in self._lives.known[:NEAR]]
        return [head for head in heads if head is not None]

    def _newest_end(self) -> float | None:
        """When the newest row ended, of any stream in the newest life."""
        ends = [
            head.end
            for stream in STREAMS
            if (head := self._rows.last(stream, self._lives.newest())) is not None
        ]
        return max(ends, default=None)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, in the file and in what is remembered of it."""
        self._remember()
        before = self._lives.epochs()
        self._stale = True
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._commit(before)
            self._stale = False
        finally:
            if self._stale:
                self._database.undo()

    def _commit(self, before: tuple[Epoch, ...]) -> None:
        """Commit; an error that comes after it was done all the same is none: to store the contents
        once more would count them twice."""
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            expected = self._lives.epochs()
            self._database.undo()
            self._lives.load()
            if expected in (before, ()) or self._lives.epochs() != expected:
                raise

    def _remember(self) -> None:
        """After a transaction that failed: what is remembered is what the file holds."""
        if self._stale:
            self._database.undo()
            self._lives.load()
            self._rows.dating.load()
            self._rows.load()
            self._coarsener.reset()
            self._stale = False


def _packed(content: Content) -> bytes | str:
    """A content as it is stored; or, where it is beyond what a record can hold, why."""
    try:
        return codec.pack(content)
    except WireError as error:
        return error.reason


def _pages(body: bytes | str) -> int:
    """The pages that a content, or the tombstone in its place, takes at most."""
    return ADDITION + (len(body) // OVERFLOW if isinstance(body, bytes) else 0)
