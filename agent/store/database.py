"""The writer's connection and its write-ahead log, held within their shares."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from agent.store import files
from agent.store.errors import StoreBusy, StoreCorrupt, StoreError, explain
from agent.store.layout import FORMAT
from agent.store.sizing import WRITTEN, Share
from agent.store.wal import Log

# Pages, and frames of the log, that stay free for the insides of the trees while a flush is written.
SPARE = 16


class Database:
    """An open database.

    `log_fault` is why the log could not be grown or brought into the database, else None; `damaged`
    whether SQLite found the file malformed. `owed` is what bringing the log into the database will write,
    about, in bytes, as of the last checkpoint that was thought of.
    """

    def __init__(self, path: Path, share: Share) -> None:
        """
        Raises:
            OSError, sqlite3.Error: it cannot be opened.
        """
        self.path = path
        self.log_fault: StoreError | None = None
        self.damaged = False
        self._share = share
        self.connection = _connected(path, share)
        try:
            self.log = Log(path)
            self.owed = self.log.owed() * WRITTEN
        except OSError:
            self.connection.close()
            raise
        self._grow_log()

    def room(self, need: int) -> int:
        """How many frames a transaction may write that needs `need` for what is new.

        Raises:
            StoreBusy: too few, and a reader keeps the log from being begun anew.
        """
        self._grow_log()
        used = self.log.used()
        if used > self._share.frames // 2 or 2 * need > self._share.frames - used:
            self._begin_log(used)
            used = 0
        return self._share.frames - used - SPARE

    def checkpoint(self) -> None:
        """Bring the log's pages into the database once there are as many as the share says.

        What was committed stays so whether or not this succeeds. Where it keeps failing, the log's share
        is used up, and `room` says why.
        """
        try:
            if self.log.owed() > self._share.checkpoint:
                _, _, done = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                self.log.brought_in(done)
                self.log.let_go()
            self.owed = self.log.owed() * WRITTEN
        except (OSError, sqlite3.Error) as error:
            self.log_fault = explain(error, self.path)

    def undo(self) -> None:
        """Roll back what may still be open."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Errors of SQLite and the system inside come out as StoreError."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            fault = explain(error, self.path)
            self.damaged |= isinstance(fault, StoreCorrupt)
            raise fault from error
        except StoreCorrupt:
            self.damaged = True
            raise

    def close(self) -> None:
        """Close, and leave the log at its size: the next start on a full disk can write at once."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.log.close)
            after = stack.enter_context(contextlib.ExitStack())
            stack.callback(self.connection.close)
            if not self.damaged:
                with self.explained():
                    self._keep_log(after)

    def _keep_log(self, after: contextlib.ExitStack) -> None:
        """The last connection to close deletes the log, but one that may not write cannot: have one
        that closes `after` the writer's."""
        self.undo()
        self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        keeper = files.connect(self.path, mode="ro")
        after.callback(keeper.close)
        keeper.execute("SELECT count(*) FROM epochs").fetchone()

    def _grow_log(self) -> None:
        """Reserve the log's share; on a disk that is full, go on with what there is."""
        self.log_fault = None
        try:
            self.log.grow(self._share.log_size)
        except OSError as error:
            self.log_fault = explain(error, self.log.path)

    def _begin_log(self, used: int) -> None:
        busy, logged, done = self.connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        if busy or logged != done:
            raise StoreBusy(
                f"{self.log.path}: {used} of {self._share.frames} frames are used and a reader holds them; "
                "end the process that reads (find it with fuser), or raise store.max_size"
            )


def _connected(path: Path, share: Share) -> sqlite3.Connection:
    connection = files.connect(path, mode=files.EXCLUSIVE)
    try:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = OFF",
            "cache_spill = OFF",
            "wal_autocheckpoint = 0",
            "journal_size_limit = -1",
            f"max_page_count = {share.pages}",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchone()
        if connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
            connection.execute(f"PRAGMA user_version = {FORMAT}").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
