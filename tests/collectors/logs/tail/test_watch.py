from __future__ import annotations

import gzip
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from collectors.logs.tail.source import Source
from tests.tailing import Tailing, append, numbered, texts


@pytest.fixture
def tailing(tmp_path: Path) -> Tailing:
    return Tailing(Source("app", (f"{tmp_path}/app.log*",), start="start"))


def test_files_move_along_names_that_the_pattern_has_too(tmp_path: Path, tailing: Tailing) -> None:
    for number in range(5):
        for older in range(number, 0, -1):
            if (tmp_path / f"app.log.{older}").exists():
                (tmp_path / f"app.log.{older}").rename(tmp_path / f"app.log.{older + 1}")
        if number:
            (tmp_path / "app.log").rename(tmp_path / "app.log.1")
        append(tmp_path / "app.log", *numbered(number * 10, number * 10 + 10))
        tailing.read(2)
        if number % 2:
            tailing.crash()
    assert tailing.lines == texts(numbered(0, 50))
    tailing.tailer.close()


def test_a_copy_that_the_pattern_has_too_is_not_read_before_or_after_the_cut(
    tmp_path: Path, tailing: Tailing
) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 50))
    tailing.read()
    data = log.read_bytes()
    (tmp_path / "app.log.1").write_bytes(data[:700])
    tailing.read(2)
    append(log, *numbered(50, 60))
    shutil.copy(log, tmp_path / "app.log.1")
    tailing.read(2)
    os.truncate(log, 0)
    append(log, *numbered(60, 70))
    tailing.read(4)
    tailing.crash()
    tailing.read(4)
    assert tailing.lines == texts(numbered(0, 70))
    tailing.tailer.close()


def test_an_inode_used_again_by_an_archive_is_not_the_log(tmp_path: Path, tailing: Tailing) -> None:
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    tailing.read()
    os.link(log, tmp_path / "app.log.1.gz")
    log.unlink()
    (tmp_path / "app.log.1.gz").write_bytes(b"\x1f\x8b and more that is no log" * 40)
    append(log, *numbered(10, 12))
    tailing.crash()
    tailing.read(10)
    assert tailing.lines == texts(numbered(0, 12))
    tailing.tailer.close()


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("ending", [".gz", ""])
def test_the_inode_of_a_log_that_was_empty_used_again_by_a_rotated_one_is_not_the_log(
    pattern: str, ending: str, tmp_path: Path
) -> None:
    """On ext4 the next new file gets the inode of the last that was deleted."""
    log, old = tmp_path / "app.log", tmp_path / f"app.log.2{ending}"
    tailing = Tailing(Source("app", (f"{tmp_path}/{pattern}",), start="start"))
    append(log, *numbered(0, 10))
    tailing.read()
    text = log.read_bytes()
    log.unlink()
    log.touch()
    tailing.read(4)
    log.rename(old)
    old.write_bytes(gzip.compress(text) if ending else text)
    append(log, *numbered(10, 12))
    tailing.crash()
    tailing.read(10)
    assert tailing.lines == texts(numbered(0, 12))
    tailing.tailer.close()


def test_what_came_and_went_while_it_was_down_is_found_where_no_log_is(
    tmp_path: Path, tailing: Tailing
) -> None:
    """Of a log that was just rotated away no position tells, but those of its rotated files."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    tailing.read()
    log.rename(tmp_path / "app.log.2")
    tailing.read(2)
    time.sleep(0.03)
    append(tmp_path / "app.log.1", *numbered(10, 20))
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress((tmp_path / "app.log.1").read_bytes()))
    (tmp_path / "app.log.1").unlink()
    time.sleep(0.03)
    tailing.crash()
    tailing.read(4)
    append(log, *numbered(20, 30))
    tailing.read(4)
    assert tailing.lines == texts(numbered(0, 30))
    tailing.tailer.close()


def test_a_copy_of_what_is_not_followed_yet_is_not_new(tmp_path: Path, tailing: Tailing) -> None:
    """It was cut, and is copied again, before the search for what went unseen is over."""
    log = tmp_path / "app.log"
    append(log, *numbered(0, 10))
    tailing.read()
    shutil.copy(log, tmp_path / "app.log.2")
    log.write_bytes(b"")
    append(log, *numbered(10, 15))
    shutil.copy(log, tmp_path / "app.log.1")
    tailing.read(1)
    append(log, *numbered(15, 18))
    tailing.read(8)
    log.write_bytes(b"")
    append(log, *numbered(18, 20))
    tailing.read(8)
    assert tailing.lines == texts(numbered(0, 20))
    tailing.tailer.close()


def test_a_quiet_file_is_looked_at_more_seldom_and_none_is_forgotten(
    tmp_path: Path, tailing: Tailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "app.log"
    append(log, "one")
    os.utime(tmp_path, (1, 1))
    tailing.read()
    looked: list[object] = []
    stat = os.stat

    def counted(path: str, **rest: Any) -> os.stat_result:
        looked.append(path)
        return stat(path, **rest)

    monkeypatch.setattr(os, "stat", counted)
    tailing.read(1000)
    assert 90 <= looked.count(str(log)) <= 140
    append(log, "two")
    assert tailing.read(10) == [b"two"]
    tailing.tailer.close()


def test_two_paths_to_one_file_are_read_once(tmp_path: Path, tailing: Tailing) -> None:
    append(tmp_path / "app.log", "one")
    os.link(tmp_path / "app.log", tmp_path / "app.log-link")
    assert tailing.read(3) == [b"one"]
    (tmp_path / "app.log").unlink()
    append(tmp_path / "app.log-link", "two")
    assert tailing.read(3) == [b"two"]
    tailing.tailer.close()


def test_another_device_number_after_a_boot_is_no_other_file(tmp_path: Path, tailing: Tailing) -> None:
    import msgpack

    append(tmp_path / "app.log", "one line that is long enough")
    tailing.read()
    name = next(name for name in tailing.stored if name != "app/")
    fields = list(msgpack.unpackb(tailing.stored[name]))
    fields[2] += 1
    tailing.stored[name] = msgpack.packb(fields)
    tailing.crash()
    append(tmp_path / "app.log", "two")
    assert tailing.read(3) == [b"two"]
    tailing.tailer.close()
