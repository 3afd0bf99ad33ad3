from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.config.regular import Unreadable, read_regular


def test_a_file_is_its_content_and_permissions(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12")
    (tmp_path / "file").chmod(0o640)
    assert read_regular(str(tmp_path / "file"), 2) == (b"12", 0o640)


def test_what_is_longer_than_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"123")
    with pytest.raises(Unreadable, match="is larger than 2 bytes"):
        read_regular(str(tmp_path / "file"), 2)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "thing")
    with pytest.raises(Unreadable, match="is no regular file"):
        read_regular(str(tmp_path / "thing"), 2)


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(Unreadable):
            read_regular(str(path), 2)
    assert len(os.listdir("/proc/self/fd")) == before
