from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from collectors.logs.tail.medium import UNKNOWN, Medium, Packed, Plain, Refused, medium_of, open_safely

TEXT = b"".join(b"line %06d\n" % number for number in range(100_000))


def opened(path: Path, data: bytes) -> Medium:
    path.write_bytes(data)
    return medium_of(open_safely(str(path), [str(path.parent)]).descriptor)


def test_a_plain_file(tmp_path: Path) -> None:
    medium = opened(tmp_path / "log", TEXT)
    assert isinstance(medium, Plain)
    assert medium.size() == len(TEXT)
    assert medium.read(12, 5) == TEXT[12:17]
    assert medium.head() == TEXT[:1024]
    assert medium.before(300) == TEXT[44:300]
    assert medium.before(10) == TEXT[:10]
    assert medium.before(len(TEXT) + 1) is None
    medium.close()


def test_a_packed_file_is_reached_step_by_step(tmp_path: Path) -> None:
    medium = opened(tmp_path / "log.gz", gzip.compress(TEXT))
    assert isinstance(medium, Packed)
    assert medium.size() == UNKNOWN
    assert medium.head() == TEXT[:1024]
    offset, steps = 900_000, 1
    while not medium.reach(offset):
        steps += 1
    assert steps >= 3
    assert medium.before(offset) == TEXT[offset - 256 : offset]
    assert medium.read(offset - 256, 1000) == TEXT[offset - 256 : offset + 744]
    assert medium.read(len(TEXT) - 5, 100) == TEXT[-5:]
    assert medium.size() == len(TEXT)
    medium.close()


def test_a_packed_file_that_is_shorter_says_so(tmp_path: Path) -> None:
    medium = opened(tmp_path / "log.gz", gzip.compress(TEXT[:1000]))
    assert medium.before(2000) is None
    assert medium.size() == 1000
    medium.close()


def test_a_hole_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.seek(1 << 30)
        file.write(b"text\n")
    medium = medium_of(open_safely(str(path), [str(tmp_path)]).descriptor)
    assert medium.data_after(0) > (1 << 30) - (1 << 20)
    medium.close()


@pytest.mark.parametrize("target", ["/dev/null", "/proc/self/status", "folder", "fifo"])
def test_what_is_no_file_of_the_roots_is_never_opened(target: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "log").symlink_to(target)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(Refused) as refused:
        open_safely(str(tmp_path / "log"), [str(tmp_path)])
    assert refused.value.reason == ("link" if target.startswith("/proc") else "kind")
    assert os.listdir("/proc/self/fd") == before


def test_a_root_is_a_folder_and_not_a_beginning_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "logs-secret").mkdir()
    (tmp_path / "logs-secret/log").write_bytes(b"x")
    with pytest.raises(Refused):
        open_safely(str(tmp_path / "logs-secret/log"), [str(tmp_path / "logs")])
    opened = open_safely(str(tmp_path / "logs-secret/log"), ["/"])
    assert opened.real == str(tmp_path / "logs-secret/log")
    os.close(opened.descriptor)
