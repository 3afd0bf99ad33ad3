"""The wall clock is set by hours, to and fro, while a log is written, rotated and followed, and the daemon
killed: each line counts once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agreement import of_device
from tests.clocks import WallClock
from tests.e2e.conftest import OpenDaemon
from tests.loglines import faults, followed, sums
from tests.waiting import until

pytestmark = pytest.mark.gcc
HOUR = 3600.0
JUMPS = (3.0, -2.0)
NAME = "a1.log"
BURST = 200


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[WallClock]:
    made = WallClock(tmp_path)
    yield made
    made.close()


class Service:
    """Writes lines with the time of its host, whose clock is `shift` s ahead of ours."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.serial = 0
        self.shift = 0.0

    def write(self) -> None:
        with self.path.open("ab") as file:
            for _ in range(BURST):
                now = time.time() + self.shift
                file.write(b"%s %d %.3f %s\n" % (NAME.encode(), self.serial, now, b"x" * 60))
                self.serial += 1
        self._stamp(self.path)

    def rotate(self) -> None:
        old = self.path.with_name(f"{NAME}-{self.serial}")
        self.path.rename(old)
        self._stamp(old)

    def _stamp(self, path: Path) -> None:
        """Files have the times of that host too."""
        now = time.time() + self.shift
        os.utime(path, (now, now))


def test_each_line_counts_once_whatever_the_clock_is_set_to(
    clock: WallClock,
    daemons: OpenDaemon,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    words = configured("mqtt://127.0.0.1:1")
    with Path(words[1]).open("a") as file:
        file.write(followed(folder))
    service = Service(folder)
    service.write()
    daemon = daemons(words, clock.before).start()

    def wrong() -> list[str]:
        told: dict[str, dict[str, object]] = {NAME: {"lines": service.serial, "window": []}}
        return faults(sums(of_device(daemon.state).contents.values()), told)

    def counted() -> None:
        until(lambda: wrong() == [], lambda: f"{wrong()} {daemon.log.read_text()[-2000:]}")

    counted()
    for hours in JUMPS:
        service.write()
        service.shift = hours * HOUR
        clock.shift(service.shift)
        service.write()
        service.rotate()
        service.write()
        counted()  # what comes and goes unseen as the clock is set back is older than what was read
        service.write()
        daemon.kill()
        service.rotate()
        service.write()
        daemon.start()
        counted()
    assert daemon.stop() == 0
    assert wrong() == []
