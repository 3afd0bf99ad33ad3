from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store.wal import Log


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    for pragma in ("page_size = 1024", "journal_mode = WAL", "wal_autocheckpoint = 0"):
        connection.execute(f"PRAGMA {pragma}").fetchone()
    connection.execute("CREATE TABLE t (x BLOB)")
    yield connection
    connection.close()


@pytest.fixture
def log(database: sqlite3.Connection, tmp_path: Path) -> Iterator[Log]:
    opened = Log(tmp_path / "x.db")
    yield opened
    opened.close()


def test_it_counts_what_sqlite_counts(database: sqlite3.Connection, log: Log) -> None:
    for n in range(50):
        database.execute("INSERT INTO t VALUES (zeroblob(?))", (n * 300,))
        if n % 7 == 0:
            _, frames, done = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            assert log.used() == frames == done


def test_a_log_begun_anew_is_counted_anew(database: sqlite3.Connection, log: Log) -> None:
    database.execute("INSERT INTO t VALUES (zeroblob(50000))")
    assert log.used() > 50
    database.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    database.execute("INSERT INTO t VALUES (1)")
    assert log.used() < 5


def test_sqlite_copes_with_a_log_grown_in_advance(database: sqlite3.Connection, log: Log) -> None:
    database.execute("INSERT INTO t VALUES (1)")
    used = log.used()
    log.grow(300_000)
    assert log.path.stat().st_size == 300_000
    assert log.used() == used
    database.execute("INSERT INTO t VALUES (2)")
    other = sqlite3.connect(database.execute("PRAGMA database_list").fetchone()[2])
    assert other.execute("SELECT count(*) FROM t").fetchone() == (2,)
    other.close()
    assert log.path.stat().st_size == 300_000


def test_an_empty_or_zero_log_has_no_frames(tmp_path: Path) -> None:
    (tmp_path / "x.db-wal").write_bytes(b"")
    log = Log(tmp_path / "x.db")
    assert log.used() == 0
    log.grow(10_000)
    assert log.used() == 0
    log.close()


def test_what_the_kernel_let_go_of_is_still_there(database: sqlite3.Connection, log: Log) -> None:
    database.execute("INSERT INTO t VALUES (zeroblob(20000))")
    before = log.used()
    log.let_go()
    assert log.used() == before
    assert database.execute("SELECT length(x) FROM t").fetchone() == (20000,)
