from __future__ import annotations

import itertools
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store import files
from agent.store.database import SPARE, Database
from agent.store.errors import StoreBusy, StoreCorrupt
from agent.store.sizing import MIB, WRITTEN, share_of

SHARE = share_of(MIB)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty store."""
    files.create(tmp_path / "outrider.db", SHARE.grown)
    return tmp_path / "outrider.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(path, SHARE)
    yield opened
    opened.close()


def write(database: Database, size: int) -> None:
    """One commit of so many bytes."""
    database.connection.execute(
        "INSERT INTO states VALUES ('test', hex(randomblob(8)), zeroblob(?))", (size,)
    )


def test_no_other_process_opens_the_file_and_no_shared_memory_is_made(database: Database) -> None:
    write(database, 10)
    look = f"import sqlite3; sqlite3.connect('{database.path}', timeout=0).execute('SELECT * FROM epochs')"
    other = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr
    assert sorted(file.name for file in database.path.parent.iterdir()) == ["outrider.db", "outrider.db-wal"]


def test_the_room_for_a_flush_is_what_the_log_has_left(database: Database) -> None:
    assert database.room(10) == SHARE.frames - SPARE
    write(database, 20_000)
    used = database.log.used()
    assert used > 20
    assert database.room(10) == SHARE.frames - used - SPARE
    assert database.room(SHARE.frames) == SHARE.frames - SPARE


def test_the_log_is_begun_anew_before_it_can_exceed_its_share(database: Database) -> None:
    for _ in range(200):
        room = database.room(SPARE)
        assert room >= SHARE.frames // 2 - SPARE
        write(database, 10_000)
        database.connection.execute("DELETE FROM states")
    assert database.log.path.stat().st_size == SHARE.log_size


def test_what_the_log_owes_grows_with_each_commit_and_is_paid_by_a_checkpoint(path: Path) -> None:
    database = Database(path, SHARE._replace(checkpoint=40))
    seen = []
    for _ in range(20):
        database.room(SPARE)
        write(database, 5_000)
        database.checkpoint()
        seen.append(database.owed // WRITTEN)
    rises = [b - a for a, b in itertools.pairwise([0, *seen]) if b]
    assert min(rises) > 0
    assert max(seen) <= 40
    assert seen.count(0) > 2
    assert database.log.used() > 0
    database.close()
    again = Database(path, SHARE)
    assert again.owed == again.log.used() * WRITTEN, "SQLite brings all of it in once more"
    again.close()


def test_a_reader_in_the_way_is_busy_not_a_larger_log(database: Database) -> None:
    database.connection.execute("PRAGMA busy_timeout = 0")
    reader = files.connect(database.path, mode="ro")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM epochs").fetchall()
    write(database, 130_000)
    with pytest.raises(StoreBusy):
        database.room(10)
    reader.close()
    assert database.room(10) == SHARE.frames - SPARE


def test_closing_leaves_the_log_at_its_size(path: Path) -> None:
    for _ in range(2):
        database = Database(path, SHARE)
        write(database, 10)
        database.close()
        assert database.log.path.stat().st_size == SHARE.log_size


def test_a_log_that_cannot_be_grown_is_said_and_tried_again(path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        database = Database(path, SHARE)
        assert database.log_fault is not None
        assert database.log_fault.reason == "full"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    database.room(10)
    assert database.log_fault is None
    assert database.log.path.stat().st_size == SHARE.log_size
    database.close()


def test_damage_is_remembered(database: Database) -> None:
    with pytest.raises(StoreCorrupt), database.explained():
        raise sqlite3.DatabaseError("database disk image is malformed")
    assert database.damaged
