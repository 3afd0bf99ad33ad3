from __future__ import annotations

import gzip
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from collectors.logs.tail.chain import Chain
from collectors.logs.tail.rotation import Rotation
from collectors.logs.tail.siblings import Search
from collectors.logs.tail.source import Source
from tests.tailing import Tailing, append, numbered, texts


def tailing(folder: Path, **options: object) -> Tailing:
    return Tailing(Source("app", (f"{folder}/*.log",), start="start", **options))  # type: ignore[arg-type]


def test_a_lost_rest_is_counted_and_said_after_a_while(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    made = tailing(tmp_path)
    made.read()
    append(log, *numbered(10, 500))
    made.tailer.look()
    made.look(2.0)
    made.crash()
    log.unlink()
    append(log, *numbered(500, 510))
    made.read(10)
    assert made.lines == texts([*numbered(0, 10), *numbered(500, 510)])
    assert made.counts()["unfound.unfound"] == 1
    made.tailer.close()


def test_what_was_seen_before_a_crash_and_deleted_unread_is_counted_in_bytes(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    made = tailing(tmp_path)
    made.read()
    read = log.stat().st_size
    append(log, *numbered(10, 500))
    made.now += 1.0
    made.tailer.look()
    made.keep([])
    made.crash()
    unread = log.stat().st_size - read
    log.unlink()
    append(log, *numbered(500, 510))
    made.read(10)
    assert made.lines == texts([*numbered(0, 10), *numbered(500, 510)])
    assert made.counts()["lost"] == unread
    assert f"{log}: {unread} bytes are lost, they were rotated away and are not found" in made.words
    made.tailer.close()


def test_what_was_seen_before_a_crash_and_did_not_change_since_is_read(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    made = tailing(tmp_path)
    made.tailer.look()
    made.keep([])
    made.crash()
    made.read()
    assert made.lines == texts(numbered(0, 10))
    made.tailer.close()


def test_rotated_files_that_were_quiet_for_long_are_read_in_one_look(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    made = tailing(tmp_path)
    made.read()
    for serial in range(10, 60, 10):
        append(log, *numbered(serial, serial + 10))
        log.rename(tmp_path / f"app.log-{serial}")
        os.utime(tmp_path / f"app.log-{serial}", (time.time(), time.time() + serial / 20))
    append(log, *numbered(60, 70))
    made.wall = lambda: time.time() + 10.0
    made.crash()
    made.read()
    assert made.lines == texts(numbered(0, 70))
    made.tailer.close()


def test_rotated_files_are_searched_in_archives_too(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    made = tailing(tmp_path, archives=(str(tmp_path / "old"),))
    made.read()
    append(log, *numbered(10, 20))
    log.rename(tmp_path / "old/app.log.1")
    append(log, *numbered(20, 30))
    made.crash()
    made.read(4)
    assert made.lines == texts(numbered(0, 30))
    made.tailer.close()


def test_a_damaged_archive_is_said_and_what_follows_read(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    made = tailing(tmp_path)
    made.read()
    (tmp_path / "app.log.1.gz").write_bytes(b"\x1f\x8b not really")
    append(log, *numbered(10, 20))
    log.unlink()
    append(log, *numbered(20, 30))
    made.crash()
    made.read(12)
    assert made.lines == texts([*numbered(0, 10), *numbered(20, 30)])
    made.tailer.close()


def test_an_empty_file_may_have_been_rotated_since(tmp_path: Path) -> None:
    """It grew, was copied and cut, and grew again between two looks: of the inode nothing is known."""
    log = tmp_path / "app.log"
    log.touch()
    made = tailing(tmp_path)
    made.read()
    time.sleep(0.03)
    append(tmp_path / "app.log.1", *numbered(0, 5))
    time.sleep(0.03)
    append(log, *numbered(5, 8))
    made.read(4)
    assert made.lines == texts(numbered(0, 8))
    made.tailer.close()


def test_what_is_older_than_the_first_look_is_never_read(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(tmp_path / "app.log.1", *numbered(0, 5))
    append(log, *numbered(5, 8))
    old = time.time() - 100
    os.utime(tmp_path / "app.log.1", (old, old))
    made = Tailing(Source("app", (f"{tmp_path}/*.log",)))
    made.read()
    log.rename(tmp_path / "app.log.2")
    append(log, *numbered(8, 10))
    made.read(4)
    assert made.lines == texts(numbered(8, 10))
    made.tailer.close()


def test_a_generation_that_was_found_is_not_taken_twice_after_a_crash(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 5))
    made = tailing(tmp_path)
    made.read()
    append(log, *numbered(5, 10))
    log.rename(tmp_path / "app.log.1")
    time.sleep(0.03)
    append(log, *numbered(10, 15))
    log.rename(tmp_path / "app.log-2")
    append(log, *numbered(15, 20))
    for _ in range(6):
        made.read()
        made.crash()
    made.read(6)
    assert made.lines == texts(numbered(0, 20))
    made.tailer.close()


@pytest.mark.parametrize("copied", [False, True])
def test_a_log_rotated_again_while_it_is_searched_for_unseen_ones_is_not_lost(
    copied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the search, and before what the path leads to is opened."""
    log, tend = tmp_path / "app.log", Rotation.tend

    def rotates(self: Rotation, chain: Chain, now: float) -> None:
        tend(self, chain, now)
        if chain.tracks and not (tmp_path / "app.log.1").exists():
            (shutil.copy if copied else os.rename)(log, tmp_path / "app.log.1")
            log.write_bytes(b"")
            append(log, *numbered(20, 30))

    append(log, *numbered(0, 10))
    made = tailing(tmp_path)
    made.read()
    log.rename(tmp_path / "app.log.2")
    append(log, *numbered(10, 20))
    monkeypatch.setattr(Rotation, "tend", rotates)
    made.read(4)
    assert made.lines == texts(numbered(0, 30))
    assert made.counts()["rotations.unseen"] == 1
    made.tailer.close()


@pytest.mark.parametrize("begun", ["", "one"])
def test_a_log_filled_rotated_and_compressed_during_the_search_is_read_once(
    begun: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, begins = tmp_path / "app.log", Search.__init__

    def rotates(self: Search, *args: Any) -> None:
        packed = tmp_path / "app.log.1.gz"
        if not packed.exists():
            append(log, *numbered(0, 10))
            packed.write_bytes(gzip.compress(log.read_bytes()))
            log.unlink()
            append(log, *numbered(10, 20))
        begins(self, *args)

    monkeypatch.setattr(Search, "__init__", rotates)
    made = tailing(tmp_path)
    made.read()
    log.write_text(begun)
    made.read(40)
    assert made.lines == [begun.encode() + each for each in texts(numbered(0, 1))] + texts(numbered(1, 20))
    made.tailer.close()
