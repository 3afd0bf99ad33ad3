from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from agent.store.errors import StoreError, explain

FILE = Path("/state/outrider.db")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("database or disk is full", "full"),
        ("database disk image is malformed", "corrupt"),
        ("file is not a database", "corrupt"),
        ("database is locked", "busy"),
        ("attempt to write a readonly database", "denied"),
        ("unable to open database file", "denied"),
        ("disk I/O error", "io"),
    ],
)
def test_sqlite_errors_are_told_by_file_reason_and_what_to_do(words: str, reason: str) -> None:
    error = explain(sqlite3.OperationalError(words), FILE)
    assert error.reason == reason
    assert str(error).startswith(f"/state/outrider.db: {words}; ")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "full"),
        (errno.EFBIG, "full"),
        (errno.EACCES, "denied"),
        (errno.EROFS, "denied"),
        (errno.EIO, "io"),
    ],
)
def test_system_errors_too(number: int, reason: str) -> None:
    error = explain(OSError(number, os.strerror(number)), FILE)
    assert error.reason == reason
    assert str(error).startswith(f"/state/outrider.db: {os.strerror(number)}; ")


def test_a_full_disk_as_sqlite_words_it_is_recognised(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.Error) as caught:
        connection.executescript("CREATE TABLE a (x); INSERT INTO a VALUES (zeroblob(100000));")
    connection.close()
    assert explain(caught.value, FILE).reason == "full"
    assert isinstance(explain(caught.value, FILE), StoreError)
