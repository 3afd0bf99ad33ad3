"""The file system that hangs: it does, and lets go when told, killed or taken away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deadmount import dead_mount

pytestmark = pytest.mark.fuse


def test_whoever_asks_waits_until_it_is_revived(tmp_path: Path) -> None:
    with dead_mount(tmp_path / "dead", b"x" * 5000, "fuse.sshfs") as dead, ThreadPoolExecutor() as pool:
        assert f"{dead.point} fuse.sshfs" in Path("/proc/self/mounts").read_text()
        assert dead.file.stat().st_size == 5000
        room, content = pool.submit(os.statvfs, dead.point), pool.submit(dead.file.read_bytes)
        assert dead.asked.wait(10)
        assert not room.done()
        assert not content.done()
        dead.revive()
        assert room.result(10).f_blocks == 1000
        assert content.result(10) == b"x" * 5000


def test_taken_away_it_fails_those_that_wait(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        with dead_mount(tmp_path / "dead") as dead:
            room = pool.submit(os.statvfs, dead.point)
            assert dead.asked.wait(10)
        with pytest.raises(ConnectionAbortedError):
            room.result(10)
    assert str(dead.point) not in Path("/proc/self/mounts").read_text()


def test_a_process_that_waits_can_be_killed(tmp_path: Path) -> None:
    with dead_mount(tmp_path / "dead") as dead:
        code = f"import os; os.statvfs({str(dead.point)!r})"
        with subprocess.Popen([sys.executable, "-c", code]) as waits:
            assert dead.asked.wait(10)
            waits.kill()
            assert waits.wait(10) == -signal.SIGKILL


def test_one_that_dies_wholly_keeps_whoever_asks_for_a_file_or_its_size(tmp_path: Path) -> None:
    with dead_mount(tmp_path / "dead", b"one", wholly=True) as dead, ThreadPoolExecutor() as pool:
        assert dead.file.read_bytes() == b"one"
        dead.die()
        size = pool.submit(os.path.getsize, dead.file)
        assert dead.asked.wait(10)
        assert not size.done()
        dead.write(b" and two")
        dead.revive()
        assert size.result(10) == 11
        assert dead.file.read_bytes() == b"one and two"
