"""The fleet store: the records of many devices, each counted once, in one SQLite file.

Any number of workers share the file. `receive` is one serialisable transaction: it checks, inserts,
judges what is missing and composes the answer, so that what an acknowledgement says is on disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

from agent.ship.body import decode_body, unpack
from agent.ship.records import STREAMS, Key, Message
from agent.stats.frame import Content
from agent.view import dating
from agent.view.reception import Notice, Outcome, Reception, ancestors, device_row
from agent.view.settle import HOLE_AFTER, Ledger

STALE_AFTER = 180.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS devices (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, seen REAL,
    state TEXT, status_epoch INTEGER, status_connection INTEGER, status TEXT,
    claim_epoch INTEGER, claim_seq INTEGER, claim_more INTEGER);
CREATE TABLE IF NOT EXISTS data (
    device INTEGER, epoch INTEGER, stream TEXT, first INTEGER, last INTEGER,
    digest BLOB, start REAL, finish REAL, body BLOB, arrived REAL,
    PRIMARY KEY (device, epoch, stream, first)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS data_by_time ON data (device, finish);
CREATE INDEX IF NOT EXISTS data_by_arrival ON data (device, arrived);
CREATE TABLE IF NOT EXISTS lost (
    device INTEGER, epoch INTEGER, stream TEXT, first INTEGER, last INTEGER,
    reason TEXT, start REAL, finish REAL,
    PRIMARY KEY (device, epoch, stream, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ended (
    device INTEGER, epoch INTEGER, stream TEXT, first INTEGER, last INTEGER,
    PRIMARY KEY (device, epoch, stream, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS solids (
    device INTEGER, epoch INTEGER, stream TEXT, solid INTEGER,
    PRIMARY KEY (device, epoch, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epochs (
    device INTEGER, epoch INTEGER, prev INTEGER, prev_next TEXT, next TEXT, settled TEXT,
    PRIMARY KEY (device, epoch)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS epochs_by_prev ON epochs (device, prev);
CREATE TABLE IF NOT EXISTS missing (
    device INTEGER, epoch INTEGER, stream TEXT, first INTEGER, last INTEGER, since REAL,
    PRIMARY KEY (device, epoch, stream, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
    device INTEGER, epoch INTEGER, stream TEXT, first INTEGER, last INTEGER,
    digest BLOB, crc INTEGER, total INTEGER, place INTEGER, data BLOB,
    UNIQUE (device, epoch, stream, first, last, digest, crc, total, place));
CREATE TABLE IF NOT EXISTS aside (
    device INTEGER, epoch INTEGER, stream TEXT, first INTEGER, last INTEGER,
    digest BLOB, reason TEXT, body BLOB, arrived REAL,
    UNIQUE (device, epoch, stream, first, last, digest));
CREATE TABLE IF NOT EXISTS restored (
    device INTEGER, epoch INTEGER, other INTEGER, PRIMARY KEY (device, epoch, other)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS twins (
    id INTEGER PRIMARY KEY, device INTEGER, epoch INTEGER, other INTEGER, turns INTEGER DEFAULT 0,
    UNIQUE (device, epoch, other));
CREATE TABLE IF NOT EXISTS notices (
    id INTEGER PRIMARY KEY, device INTEGER, at REAL, name TEXT, text TEXT);
"""


class DeviceState(NamedTuple):
    """A device as a view shows it: ages in s, `lost` and `holes` in numbers (windows, events)."""

    name: str
    state: str
    age: float | None
    lost: int
    holes: int
    restored: int


class FleetStore:
    """The receiver's store. One instance a thread; processes share the file."""

    def __init__(self, db: sqlite3.Connection, sink: str) -> None:
        self._db = db
        self._sink = sink

    @classmethod
    def open(cls, path: Path | None, sink: str) -> FleetStore:
        """Open or create the store, for this user alone; None keeps it in memory.

        Raises:
            sqlite3.Error: the file is no database, or cannot be opened.
        """
        if path is not None:
            # Where this cannot make it, SQLite says why; it gives its side files the same mode.
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(str(path) if path else ":memory:", timeout=10, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(SCHEMA + dating.SCHEMA)
        return cls(db, sink)

    def close(self) -> None:
        """End the connection."""
        self._db.close()

    def receive(self, message: Message, now: float) -> Outcome:
        """Apply one message, `now` in wall s. What it says of holding is durable when it returns.

        Raises:
            sqlite3.Error: nothing of the message was kept; it may be delivered again.
        """
        with self._transaction():
            return Reception(self._db, self._sink, message, now).run()

    def status(self, device: str, status: Mapping[str, object], now: float) -> bool:
        """Note a status message. False: it is of an older session than one known, and ignored."""
        session = status.get("session")
        epoch, connection = session if isinstance(session, (list, tuple)) and len(session) == 2 else (0, 0)
        with self._transaction():
            row = device_row(self._db, device)
            older = row["status_epoch"] == epoch and connection < (row["status_connection"] or 0)
            if older or self._ancestor(row["id"], epoch, row["status_epoch"]):
                return False
            self._db.execute(
                "UPDATE devices SET state = ?, status_epoch = ?, status_connection = ?, status = ?"
                " WHERE id = ?",
                (str(status.get("state")), epoch, connection, json.dumps(dict(status)), row["id"]),
            )
            if status.get("state") != "offline":
                self._db.execute("UPDATE devices SET seen = ? WHERE id = ?", (now, row["id"]))
        return True

    def devices(self, now: float) -> list[DeviceState]:
        """Every device heard of, by name."""
        rows = self._db.execute("SELECT id, name, seen, state, status FROM devices ORDER BY name").fetchall()
        lost = self._counted("total(last - first + 1) FROM lost WHERE true")
        missing = "total(last - first + 1) FROM missing WHERE since <= ?"
        holes = self._counted(missing, now - HOLE_AFTER)
        restored = self._counted("count(*) FROM restored WHERE true")
        return [
            DeviceState(
                name,
                _state(state, None if seen is None else now - seen, silence(status)),
                None if seen is None else now - seen,
                lost.get(device, 0),
                holes.get(device, 0),
                restored.get(device, 0),
            )
            for device, name, seen, state, status in rows
        ]

    def contents(
        self, device: str, since: float, until: float = inf, streams: Sequence[str] = STREAMS
    ) -> Iterator[tuple[Key, Content]]:
        """The records of a device that end after `since` and begin by `until` (wall s), oldest first, all by
        what it has told of its clocks."""
        query = (
            "SELECT epoch, stream, first, last, body FROM data"  # noqa: S608
            f" WHERE device = ? AND finish > ? AND start <= ? AND stream IN ({', '.join('?' * len(streams))})"
            " ORDER BY start, epoch, first"
        )
        number = self._db.execute("SELECT id FROM devices WHERE name = ?", (device,)).fetchone()
        if number is None:
            return
        clocks = dating.clocks_of(self._db, *number)
        for *key, body in self._db.execute(query, (*number, since, until, *streams)):
            yield Key(*key), clocks.corrected(decode_body(unpack(body)))

    def spans(self, device: str, table: str) -> list[Key]:
        """The intervals of a device in "data", "lost", "ended", "missing" or "aside", in order.

        Raises:
            KeyError: no such table.
        """
        query = {
            name: f"SELECT epoch, stream, first, last FROM {name} JOIN devices ON devices.id = device"  # noqa: S608
            " WHERE name = ? ORDER BY epoch, stream, first"
            for name in ("data", "lost", "ended", "missing", "aside")
        }[table]
        return [Key(*row) for row in self._db.execute(query, (device,))]

    def losses(self, device: str) -> list[tuple[Key, str]]:
        """What a device has given up, and its reason for each."""
        query = (
            "SELECT epoch, stream, first, last, reason FROM lost JOIN devices ON devices.id = device"
            " WHERE name = ? ORDER BY epoch, stream, first"
        )
        return [(Key(*row[:4]), row[4]) for row in self._db.execute(query, (device,))]

    def said(self, device: str) -> dict[str, object]:
        """The fields of a device's latest status message; none if there was none."""
        row = self._db.execute("SELECT status FROM devices WHERE name = ?", (device,)).fetchone()
        return dict(json.loads(row[0])) if row and row[0] else {}

    def holes(self, device: str, now: float) -> list[Key]:
        """What has been missing for a minute."""
        row = self._db.execute("SELECT id FROM devices WHERE name = ?", (device,)).fetchone()
        return Ledger(self._db, row[0]).holes(now) if row else []

    def notices(self, device: str) -> list[Notice]:
        """What people should hear of that device, oldest first; a thousand are kept in all."""
        query = (
            "SELECT notices.name, text FROM notices JOIN devices ON devices.id = device"
            " WHERE devices.name = ? ORDER BY notices.id"
        )
        return [Notice(*row) for row in self._db.execute(query, (device,))]

    def retain(self, before: float) -> int:
        """End every record that arrived before that wall time. Returns how many."""
        with self._transaction():
            devices = self._db.execute("SELECT id FROM devices").fetchall()
            return sum(Ledger(self._db, device).retain(before) for (device,) in devices)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, and one after the other for all workers of the file."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _ancestor(self, device: int, epoch: int, of: int | None) -> bool:
        return of is not None and epoch != of and epoch in ancestors(self._db, device, of)

    def _counted(self, what: str, *values: object) -> dict[int, int]:
        """A count by device, of those that have any; by `total`, for `sum` fails beyond 2^63."""
        rows = self._db.execute(f"SELECT device, {what} GROUP BY device", values)
        return {device: int(count) for device, count in rows}


def silence(status: str | None) -> float:
    """For how many s nothing need be heard of a device, by what it said: between messages, or while it
    rests. Its own clock may be wrong, so the time counts from when it was heard."""
    if status is None or not ('"until"' in status or '"every"' in status):
        return STALE_AFTER
    said = json.loads(status)
    rest = float(said["until"] - said["at"]) if said["state"] == "resting" else 0.0
    return max(STALE_AFTER, rest + STALE_AFTER, 1.5 * float(said.get("every", 0.0)))


def _state(state: str | None, age: float | None, silence: float) -> str:
    """What a view calls a device: its own word, unless it has been silent too long."""
    if state == "offline":
        return "offline"
    if age is None:
        return "never"
    if age >= silence:
        return "stale"
    return state if state in ("degraded", "resting") else "online"
