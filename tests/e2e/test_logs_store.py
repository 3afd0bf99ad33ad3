"""Where logs stand and what was made of their lines are one: on a full disk, and in a flush that a kill cuts
off, each line counts once."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.agreement import of_device
from tests.daemons import Daemon
from tests.disks import copy_with_holes, fill, small_disk
from tests.loglines import faults, followed, sums
from tests.torture.crash import Point
from tests.torture.labels import living
from tests.torture.logwriter import Service, told
from tests.waiting import until

Home = tuple[Path, list[str], Service]


@pytest.fixture
def home(configured: Callable[[str], list[str]], tmp_path: Path) -> Iterator[Home]:
    """The folder of the daemon, its words, and a service whose log it follows."""
    folder, home = tmp_path / "logs", tmp_path / "daemon"
    folder.mkdir()
    home.mkdir()
    words = configured("mqtt://127.0.0.1:1")
    with Path(words[1]).open("a") as file:
        file.write(followed(folder))
    with closing(Service(folder / "a1.log", Random(1))) as service:
        yield home, words, service


def write(service: Service) -> None:
    """Some lines, a rotation between them."""
    service.write(100)
    for pause in service.rotate(time.time_ns()):
        time.sleep(pause)
    service.write(100)
    service.complete()


def wrong(daemon: Daemon, service: Service) -> list[str]:
    return faults(sums(of_device(daemon.state).contents.values()), told([service]))


def test_on_a_full_disk_no_line_is_lost_and_none_comes_twice(home: Home, tmp_path: Path) -> None:
    folder, words, service = home
    with closing(Daemon(folder, words)) as daemon, small_disk(tmp_path / "disk", 2) as disk:
        daemon.start()
        daemon.stop()
        for file in daemon.state.iterdir():
            copy_with_holes(file, disk / file.name)
        shutil.rmtree(daemon.state)
        daemon.state.symlink_to(disk)
        write(service)
        daemon.start()
        until(lambda: wrong(daemon, service) == [], lambda: wrong(daemon, service))
        ballast = fill(disk)
        write(service)
        until(lambda: "free space" in daemon.child.tail(99), daemon.child.tail)
        daemon.kill()
        write(service)
        daemon.start()
        until(lambda: "free space" in daemon.child.tail(99), daemon.child.tail)
        write(service)
        assert wrong(daemon, service) != []
        ballast.unlink()
        until(lambda: wrong(daemon, service) == [], lambda: wrong(daemon, service))
        assert "the store works again" in daemon.child.tail(99)
        assert daemon.stop() == 0
        assert wrong(daemon, service) == []


@pytest.mark.strace
def test_a_kill_in_a_flush_loses_no_line_and_gives_none_twice(home: Home) -> None:
    folder, words, service = home
    with closing(living(folder, words)) as daemon:
        assert daemon.stop() == 0
    with closing(living(folder, words, Point("pwrite64", 25).strace())) as daemon:
        while daemon.child.ended() is None:
            write(service)
            time.sleep(0.3)
    with closing(living(folder, words)) as daemon:
        until(lambda: wrong(daemon, service) == [], lambda: wrong(daemon, service))
        assert daemon.stop() == 0
        assert wrong(daemon, service) == []
