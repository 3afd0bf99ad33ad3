"""A log on a file system that does not answer costs itself only, and none of its lines; on a real mount."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter as Counts
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import enumerate as threads

import pytest

from agent import tailing
from agent.config.logs import Logs
from agent.config.settings import Config
from agent.flush.feed import Fed
from agent.logs import pace
from agent.poller import Clocks
from agent.stats.window import Counter
from agent.tailing import Outlets, Tailing
from collectors.logs.tail.source import Limits
from collectors.logs.tail.tailer import Tailer
from collectors.tally import Tally
from tests.deadmount import NAME, DeadMount, dead_mount
from tests.waiting import until

pytestmark = pytest.mark.fuse

PATIENCE = 1.0


def lines(count: int) -> bytes:
    return b"".join(json.dumps({"time": time.time(), "status": "ok"}).encode() + b"\n" for _ in range(count))


class Rig:
    """Two logs, one of them on the mount, and who follows them over several lives."""

    def __init__(self, here: Path, there: Path) -> None:
        self.here, self.there = here, there
        self.tally = Tally()
        self.said: list[str] = []
        self.events: list[str] = []
        self.positions: dict[str, bytes] = {}
        self.counts: Counts[str] = Counts()
        self.tails: list[Tailing] = []
        self.begin()

    def begin(self) -> None:
        """A life from what is stored. The one before is not asked any more, as if it was killed."""
        config = Config()
        config = config._replace(
            collect=config.collect._replace(hang_after=PATIENCE),
            logs=(
                Logs("there", (str(self.there),), start="start", format="json"),
                Logs("here", (str(self.here),), start="start", format="json"),
            ),
        )
        outlets = Outlets(
            lambda name, *_: self.events.append(name),
            lambda _, text: self.said.append(text),
            self.tally,
            lambda _: None,
        )
        self.tail = Tailing(config, Clocks(time.monotonic, time.time, lambda: "synchronised"), outlets)
        self.tail.start(self.positions)
        self.tails.append(self.tail)

    def gather(self) -> None:
        """As the writer does; all of it is stored."""
        fed = self.tail.gather(0.2)
        for name, position in fed.positions.items():
            if position is None:
                del self.positions[name]
            else:
                self.positions[name] = position
        self.counts.update(requests(fed))

    def counted(self, **expected: int) -> None:
        """Wait until these are counted."""

        def same() -> bool:
            self.gather()
            return self.counts == expected

        until(same, lambda: self.counts)

    def write(self, count: int) -> None:
        with self.here.open("ab") as file:
            file.write(lines(count))

    def counter(self, name: str) -> float:
        return sum(each.value for each in self.tally.snapshot() if each.name == name)

    def hung(self) -> bool:
        return "logs: there does not answer" in self.tail.look(0.0)


def requests(fed: Fed) -> Counts[str]:
    found: Counts[str] = Counts()
    for dated in fed.dated:
        for series, summary in dated.windows.items():
            if series.name == "model.requests" and isinstance(summary, Counter):
                found[dict(series.attributes)["log.name"]] += summary.count
    return found


def following() -> int:
    return sum(thread.name == "logs" for thread in threads())


def opened_below(folder: Path) -> list[str]:
    """The files below a folder that this process has open."""
    links = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            links.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    return [link for link in links if link.startswith(f"{folder}/")]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[DeadMount]:
    with dead_mount(tmp_path / "mount", lines(10), wholly=True) as made:
        yield made


@pytest.fixture
def rigs(tmp_path: Path, mount: DeadMount, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Rig]]:
    made: list[Rig] = []
    monkeypatch.setattr(pace, "SOON", 0.05)
    monkeypatch.setattr(pace, "SELDOM", 0.05)

    def make(pattern: str = NAME) -> Rig:
        made.append(Rig(tmp_path / "here.log", mount.point / pattern))
        return made[-1]

    yield make
    mount.revive()
    for tail in (tail for rig in made for tail in rig.tails):
        assert tail.stop(10)
    until(lambda: following() == 0)


@pytest.mark.parametrize("pattern", [NAME, "*", "**"])
def test_the_other_log_goes_on_and_the_lines_of_both_come_once(
    rigs: Callable[..., Rig], mount: DeadMount, pattern: str
) -> None:
    rig = rigs(pattern)
    rig.write(3)
    rig.counted(here=3, there=10)
    mount.die()
    rig.write(4)
    mount.write(lines(5))
    rig.counted(here=7, there=10)
    until(rig.hung)
    rig.write(4)
    rig.counted(here=11, there=10)
    assert rig.counter("outrider.logs.stale") > 0
    until(lambda: following() == 2)
    mount.revive()
    rig.write(4)
    rig.counted(here=15, there=15)
    until(lambda: rig.tail.look(0.0) == ())
    # A machine that is busy may hold a call for as long: it is told of, and nothing else happens.
    for begins in ("log there: no answer for ", "log there: it answers again, after "):
        assert any(text.startswith(begins) for text in rig.said)
    assert {"logs.stale", "logs.ok"} <= set(rig.events)
    until(lambda: following() == 1)
    mount.write(lines(1))
    rig.counted(here=15, there=16)


def test_what_was_read_and_not_yet_handed_over_comes_once_though_the_daemon_is_killed_meanwhile(
    rigs: Callable[..., Rig], mount: DeadMount
) -> None:
    rig = rigs()
    rig.write(3)
    rig.counted(here=3, there=10)
    before = rig.counter("outrider.logs.read")
    mount.write(lines(5))
    until(lambda: rig.counter("outrider.logs.read") > before)
    mount.die()
    until(rig.hung)
    rig.write(4)
    rig.counted(here=7, there=15)
    rig.begin()
    mount.write(lines(2))
    until(rig.hung)
    rig.write(4)
    rig.counted(here=11, there=15)
    mount.revive()
    rig.counted(here=11, there=17)


def test_a_mount_that_is_dead_from_the_start_holds_nothing_up(
    rigs: Callable[..., Rig], mount: DeadMount
) -> None:
    mount.die()
    rig = rigs()
    until(rig.hung)
    rig.write(3)
    rig.counted(here=3)
    mount.revive()
    rig.counted(here=3, there=10)
    until(lambda: rig.tail.look(0.0) == ())


def test_a_thread_that_hangs_does_not_delay_the_end_and_ends_by_itself(
    rigs: Callable[..., Rig], mount: DeadMount
) -> None:
    rig = rigs()
    rig.write(3)
    rig.counted(here=3, there=10)
    mount.die()
    until(rig.hung)
    assert rig.tail.stop(10)
    until(lambda: following() == 1)
    assert opened_below(mount.point)
    mount.revive()
    until(lambda: following() == 0)
    assert not opened_below(mount.point)


def test_what_hangs_at_the_end_keeps_its_own_files_open_and_no_others(
    rigs: Callable[..., Rig], mount: DeadMount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PATIENCE", 3600.0)
    rig = rigs()
    rig.write(3)
    rig.counted(here=3, there=10)
    assert str(rig.here) in opened_below(rig.here.parent)
    mount.die()
    assert mount.asked.wait(10)
    rig.tail.stop(0.1)
    until(lambda: following() == 1)
    assert str(rig.here) not in opened_below(rig.here.parent)
    assert opened_below(mount.point)
    mount.revive()
    until(lambda: following() == 0)
    assert not opened_below(mount.point)


def test_all_may_be_begun_anew_while_a_log_does_not_answer(
    rigs: Callable[..., Rig], mount: DeadMount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailing, "AGAIN", 0.1)
    rig = rigs()
    rig.write(3)
    rig.counted(here=3, there=10)
    mount.die()
    until(rig.hung)
    for _ in range(3):
        before = rig.counter("outrider.logs.failed")
        with monkeypatch.context() as spoiled:
            spoiled.setattr(rig.tail, "_read", lambda: 1 / 0)
            until(lambda: rig.counter("outrider.logs.failed") > before)  # noqa: B023 - called here
        rig.write(1)
        until(lambda: "logs: there does not answer" in rig.tail.look(0.0))
    rig.counted(here=6, there=10)
    until(lambda: following() == 2)
    mount.write(lines(5))
    mount.revive()
    rig.counted(here=6, there=15)
    until(lambda: following() == 1)


def test_a_mount_that_is_taken_away_is_an_error_of_its_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "SOON", 0.05)
    monkeypatch.setattr(pace, "SELDOM", 0.05)
    monkeypatch.setattr(tailing, "Tailer", partial(Tailer, limits=Limits(idle=0.2, patience=0.2)))
    with dead_mount(tmp_path / "away", lines(10), wholly=True) as mount:
        rig = Rig(tmp_path / "here.log", mount.file)
        rig.write(3)
        rig.counted(here=3, there=10)
        mount.die()
        until(rig.hung)
    rig.write(4)
    rig.counted(here=7, there=10)
    mount.file.write_bytes(lines(6))
    rig.counted(here=7, there=16)
    assert rig.counter("outrider.logs.failed") == 0
    assert rig.tail.stop(10)
