"""A card that has worn out: other bytes than were written, in a file whose structure is sound."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.stats.clocks import Clock
from agent.store.errors import StoreCorrupt
from agent.store.files import store_file
from agent.store.flush import Flush
from agent.store.plausible import implausible
from agent.store.reader import Reader
from agent.store.repair import repair
from tests.agent.store.device import Device, content

WORN = [
    "UPDATE epochs SET id = 'x'",
    "UPDATE epochs SET prev_next = '[]'",
    "UPDATE epochs SET prev_next = '{\"windows\": 1e400}'",
    "UPDATE epochs SET prev_next = '{\"else\": 1}'",
    "UPDATE epochs SET prev_next = X'FF'",
    "UPDATE epochs SET prev = 'x'",
    "UPDATE states SET value = 'text'",
    "UPDATE states SET name = X'00' WHERE kind = 'alert'",
    "INSERT INTO states VALUES ('owner', 'x', X'00')",
    "INSERT INTO states VALUES ('era', '1e5', X'00')",
    "UPDATE clocks SET offset = 'x'",
    "UPDATE clocks SET offset = 9e999",
    "UPDATE clocks SET quality = X'05'",
]


def worn(directory: Path, statement: str) -> None:
    """A store of two lives in which a card has changed something."""
    with Device(directory) as device:
        for _ in range(3):
            write(device)
        device.reopen()
        write(device)
    with closing(sqlite3.connect(store_file(directory))) as connection, connection:
        connection.execute(statement)


def write(device: Device) -> None:
    device.now += 10.0
    told = Clock("boot-1", 1000.0, "synchronised")
    windows = {"windows": content(device.now - 10.0)}
    device.apply(Flush(device.now, windows, alerts={"hot": b"{}"}, clock=told))


def test_a_store_as_it_was_written_is_plausible(tmp_path: Path) -> None:
    worn(tmp_path, "SELECT 1")
    with closing(sqlite3.connect(store_file(tmp_path))) as connection:
        assert implausible(connection) is None
    with Device(tmp_path) as device:
        assert device.store.set_aside is None


@pytest.mark.parametrize("statement", WORN)
def test_a_store_with_impossible_values_is_set_aside_and_the_daemon_starts(
    tmp_path: Path, statement: str
) -> None:
    worn(tmp_path, statement)
    with Device(tmp_path, first_epoch=5001) as device:
        assert device.store.set_aside is not None
        write(device)
        assert len(device.store.unconfirmed()) == 1


@pytest.mark.parametrize("statement", WORN)
def test_a_reader_says_that_such_a_store_is_damaged(tmp_path: Path, statement: str) -> None:
    worn(tmp_path, statement)
    with pytest.raises(StoreCorrupt, match="spool repair"):
        Reader.copy(tmp_path)


@pytest.mark.parametrize("statement", WORN)
def test_such_a_store_is_repaired_into_one_that_opens(tmp_path: Path, statement: str) -> None:
    worn(tmp_path / "worn", statement)
    done = repair(store_file(tmp_path / "worn"), tmp_path / "made")
    assert done.records == (0 if "epochs" in statement else 4)
    with Device(tmp_path / "made", first_epoch=5001) as device:
        assert device.store.set_aside is None
        write(device)


ENDLESS = """DROP TABLE records; CREATE VIEW records AS
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT i AS place, i AS last, 0 AS confirmed, X'00' AS digest, 0.0 AS start, 0.0 AS until, NULL AS reason,
    0 AS records, 0 AS lost, randomblob(1000000) AS content FROM n"""
TRIGGER = "CREATE TRIGGER gone AFTER INSERT ON records BEGIN DELETE FROM records; END"
COMPUTED = """DROP TABLE clocks; CREATE TABLE clocks (boot TEXT, offset REAL, quality TEXT, life INTEGER,
    more BLOB AS (zeroblob(1000000000)))"""


@pytest.mark.parametrize("script", [ENDLESS, TRIGGER, COMPUTED])
def test_a_file_that_brings_programs_along_is_not_read(tmp_path: Path, script: str) -> None:
    """A card from somebody else: whoever reads a view runs what its author wrote, which may never end."""
    worn(tmp_path / "foreign", "SELECT 1")
    path = store_file(tmp_path / "foreign")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    with pytest.raises(StoreCorrupt, match="none that a store has"):
        repair(path, tmp_path / "made")
    with pytest.raises(StoreCorrupt, match="none that a store has"):
        Reader.copy(tmp_path / "foreign")
    with Device(tmp_path / "foreign", first_epoch=5001) as device:
        assert device.store.set_aside is not None
        write(device)
        assert len(device.rows()) == 1
