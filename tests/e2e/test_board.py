"""A board that boots with a wrong clock, on a simulated one: ticks, windows, store, link and sink are real.

telegraf#5335, #2221, netdata#4109: collection goes on by the boot clock, nothing is wiped, and what was
spooled before the clock was set is dated anew.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config.recording import Recorder as Recording
from agent.flash import Flash
from agent.flush.recorder import Place, Recorder
from agent.flush.shipping import Shipping
from agent.flush.wear import Wear
from agent.flush.writer import Writer
from agent.judge.thrift import Thrift
from agent.poller import Clocks, Poller
from agent.ship import protocol as p
from agent.ship.purse import Purse
from agent.stats.fold import Fold
from agent.stats.frame import Frame
from agent.stats.watch import Watch
from agent.stats.window import Counter
from agent.store.sizing import Limits
from agent.store.store import Store
from agent.trust import Trust
from collectors.api import Metric, Reading, Registration
from collectors.host import Host
from collectors.runner import Runner
from collectors.schedule import Plan
from collectors.tally import Tally
from tests.pipeline import DEVICE, Pipeline
from tests.waiting import until

TRUE = 1_795_689_600.0
"""Wall clock less boot clock, truly."""

EVERY = 10.0
COUNT = Metric("model.requests", "{request}", "counter", (), "test", "Made up.")
WAIT = 600.0


class Meter:
    """A counter of one a second."""

    def collect(self, now: float) -> Reading:
        return Reading((COUNT.of(),), (now,))

    def close(self) -> None:
        pass


class Board(Pipeline):
    """A device whose wall clock is off by anything; its thread of ticks is this one."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, Limits(4 << 20))
        self._store.close()
        self._posts: list[p.Event] = []
        trust = Trust(Host(directory), None)
        self.clocks = Clocks(lambda: self.now, lambda: self.wall, lambda: trust.quality(self.wall))
        tally, epochs = Tally(), itertools.count(1 << 41)

        def opened() -> Store:
            limits = Limits(4 << 20, tiers=((2, 900.0), (8, 3600.0)))
            store = Store.open(self.state, limits, now=self.wall, new_epoch=lambda: next(epochs))
            trust.floor = store.surely()
            return store

        ship = Shipping(self._outbox, threading.Lock(), self._posts.append, Purse(), tally, WAIT)
        recorder = Recorder(Recording(enabled=False), Place(None, 0.0, "boot"), self.clocks, tally)
        wear = Wear(Thrift(1e9), lambda: Flash(Host(), directory), tally)
        self.writer = Writer(opened, ship, self.clocks, "boot", tally, lambda *_: None, wear, recorder)
        plan = Plan(Registration("meter", "made up", (COUNT,), lambda *_: Meter()), EVERY)
        self.runner = Runner([plan], Host(), tally, lambda: self.now)

    def boot(self, offset: float) -> None:
        """It starts with its wall clock off by so much."""
        self.offset = TRUE + offset
        self.writer.start()
        assert self.writer.ready.wait(20)
        watch = Watch("boot", 60.0)
        self.poller = Poller(self.runner, Fold(100), None, watch, self.clocks, self.writer.put, EVERY)
        self._forward()

    def run(self, seconds: float) -> None:
        """Ticks; each window that ends is written and shipped before the next tick."""
        end = self.now + seconds
        while self.now < end:
            self.pass_time(EVERY)
            closed = self.poller._watch.due() <= self.now or self.poller._watch.stepped(self.now, self.wall)
            posted = len(self._posts)
            self.poller._tick(self.now, self.runner.token)
            if closed:
                until(lambda: len(self._posts) > posted)  # noqa: B023 - asked at once
            self._forward()

    def _forward(self) -> None:
        while self._posts:
            self._tell(self._posts.pop(0))

    def frames(self) -> list[Frame]:
        """What the sink holds, in order."""
        contents = [content for _, content in self.fleet.contents(DEVICE, float("-inf"))]
        return sorted((f for content in contents for f in content.frames), key=lambda f: f.span.wall)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = Board(tmp_path)
    yield made
    made.writer.stop(20)
    made._reader.close()
    made.fleet.close()


WRONG = {"1970": -TRUE, "2038": 2.0**31 - TRUE, "behind by a day": -86400.0}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_clock_jump_an_hour_after_the_boot_loses_nothing_and_dates_all(board: Board, wrong: float) -> None:
    began = board.now
    board.boot(wrong)
    surely = wrong != -86400.0
    board.run(WAIT / 2)
    assert bool(board.held()) != surely
    assert board.fleet.holes(DEVICE, board.wall + 1e9) == []
    board.run(WAIT / 2 + 120.0)
    marks = {frame.span.quality for frame in board.frames()}
    assert marks == ({"unsynchronised"} if surely else {"unknown"})
    board.run(3600.0 - WAIT - 120.0)
    board.offset = TRUE
    board.run(1800.0)
    frames = board.frames()
    assert frames[0].span.wall[0] == pytest.approx(TRUE + began, abs=1e-3)
    assert board.wall - frames[-1].span.wall[1] <= 60.0 + EVERY
    assert {frame.span.quality for frame in frames} == {"unknown"}
    for before, after in itertools.pairwise(frames):
        assert after.span.wall[0] == pytest.approx(before.span.wall[1], abs=0.002)
    total = sum(w.delta for f in frames if isinstance(w := f.windows.get(COUNT.of()), Counter))
    assert total == pytest.approx(frames[-1].span.end - began, abs=EVERY + 0.01)
    stored = [each for each in board._reader.stored() if each.row.key.stream == "windows"]
    assert not any(each.row.tombstone for each in stored)
    assert [each.start for each in stored] == sorted(each.start for each in stored)
    assert stored[0].start == pytest.approx(TRUE + began, abs=1e-3)
