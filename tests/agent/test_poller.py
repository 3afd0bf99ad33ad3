"""The tick ends windows on time, at a step of the clock, and goes on beside a collector that hangs."""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.poller import Clocks, Closed, Poller
from agent.stats.fold import Fold
from agent.stats.watch import Watch
from agent.stats.window import Gauge
from collectors.api import Metric, Reading, Registration
from collectors.host import Host
from collectors.runner import Runner
from collectors.schedule import Plan, Regime
from collectors.tally import Tally

LIGHT = Metric("light", "lx", "gauge", (), "test", "Made up.")
PATIENCE = 20.0


class Lamp:
    """A collector that answers at once."""

    def collect(self, now: float) -> Reading:
        return Reading((SERIES,), (1.0,))

    def close(self) -> None:
        pass


class Stuck:
    """A collector that blocks for real from its second poll on: it reads a FIFO to which nobody writes."""

    def __init__(self, fifo: Path) -> None:
        self._descriptor = os.open(fifo, os.O_RDWR)
        os.write(self._descriptor, b"x")

    def collect(self, now: float) -> Reading:
        os.read(self._descriptor, 1)
        return Reading((), ())

    def close(self) -> None:
        os.close(self._descriptor)


SERIES = LIGHT.of()


class Notes:
    """A judge that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.late: list[float] = []
        self.paces: list[tuple[dict[str, float], dict[str, str]]] = []

    def begin(self, now: float, wall: float, late: float) -> None:
        self.told.append("begin")
        self.late.append(late)

    def pace(self, intervals: Mapping[str, float], off: Mapping[str, str]) -> None:
        self.told.append("pace")
        self.paces.append((dict(intervals), dict(off)))

    def take(self, source: str, reading: Reading) -> None:
        self.told.append(source)

    def end(self) -> None:
        self.told.append("end")

    def states(self) -> dict[str, bytes | None]:
        return {"rule": b"%d" % len(self.told)}


def registration(name: str, collector: object) -> Registration:
    return Registration(name, "made up", (LIGHT,), lambda *_: collector)  # type: ignore[arg-type]


class Rig:
    """A poller on real threads and clocks, with an offset of the wall clock that can be set."""

    def __init__(self, *collectors: Registration, span: float = 0.2, judge: Notes | None = None) -> None:
        self.offset = time.time() - time.monotonic()
        self.closed: queue.SimpleQueue[Closed] = queue.SimpleQueue()
        clocks = Clocks(time.monotonic, lambda: time.monotonic() + self.offset, lambda: "unknown")
        entries = [Plan(each, 0.05) for each in collectors]
        self.runner = Runner(entries, Host(), Tally(), time.monotonic)
        watch = Watch("boot", span)
        self.poller = Poller(self.runner, Fold(10), None, watch, clocks, self.closed.put, 0.05, judge)

    def until_stuck(self) -> None:
        """Wait until the same call has gone on for many polls' time."""
        deadline = time.monotonic() + PATIENCE
        while not (busy := self.runner.busy()) or time.monotonic() < busy.since + 0.3:
            assert time.monotonic() < deadline

    def next(self) -> Closed:
        return self.closed.get(timeout=PATIENCE)


def lights(closed: Closed) -> Gauge | None:
    summary = closed.frame.windows.get(SERIES)
    assert summary is None or isinstance(summary, Gauge)
    return summary


def test_windows_adjoin_and_hold_every_tick() -> None:
    rig = Rig(registration("lamp", Lamp()))
    rig.poller.start()
    windows = [rig.next() for _ in range(4)]
    rig.poller.stop(1.0)
    for before, after in itertools.pairwise(windows):
        assert before.frame.span.end == after.frame.span.start
        assert after.early == ""
        window = lights(after)
        assert window is not None
        assert 1 <= window.count <= 6


def test_a_step_of_the_wall_clock_ends_the_window_at_once() -> None:
    rig = Rig(registration("lamp", Lamp()), span=3600.0)
    rig.poller.start()
    rig.offset -= 4e8
    stepped = rig.next()
    rig.poller.stop(1.0)
    last = rig.next()
    assert stepped.early == "clock step"
    assert stepped.frame.span.offset == pytest.approx(rig.offset + 4e8)
    assert last.frame.span.offset == pytest.approx(rig.offset)
    assert last.early == "stop"


def test_a_collector_that_hangs_is_left_behind_and_the_others_go_on(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    rig = Rig(registration("lamp", Lamp()), registration("stuck", Stuck(fifo)), span=3600.0)
    rig.poller.start()
    rig.until_stuck()
    assert not rig.poller.watch_over(time.monotonic())
    rig.poller._clocks = rig.poller._clocks._replace(boot=lambda: time.monotonic() + 1000)
    assert rig.poller.watch_over(time.monotonic())
    rig.poller._clocks = rig.poller._clocks._replace(boot=time.monotonic)
    beat, deadline = rig.poller.beat, time.monotonic() + PATIENCE
    while rig.poller.beat == beat:
        assert time.monotonic() < deadline
    assert {each.name: each.state for each in rig.runner.states()} == {"lamp": "ok", "stuck": "stale"}
    assert sum(thread.name == "poll" for thread in threading.enumerate()) >= 2
    with fifo.open("wb", buffering=0) as end:
        end.write(b"x" * 100)
    rig.poller.stop(1.0)
    assert lights(rig.next()) is not None


def test_a_stop_does_not_wait_for_a_collector_that_hangs(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    rig = Rig(registration("lamp", Lamp()), registration("stuck", Stuck(fifo)), span=3600.0)
    rig.poller.start()
    rig.until_stuck()
    began = time.monotonic()
    rig.poller.stop(0.1)
    assert time.monotonic() - began < 5
    assert lights(rig.next()) is not None
    with fifo.open("wb", buffering=0) as end:
        end.write(b"x")


def test_a_first_poll_that_hangs_is_late_from_its_own_time_only(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    stuck = Stuck(fifo)
    os.read(stuck._descriptor, 1)
    rig = Rig(registration("stuck", stuck), span=3600.0)
    before = time.monotonic()
    rig.poller.start()
    rig.until_stuck()
    assert before <= rig.poller.due <= time.monotonic()
    with fifo.open("wb", buffering=0) as end:
        end.write(b"x" * 100)
    rig.poller.stop(1.0)


def test_a_judge_is_told_of_each_reading_of_a_tick_and_asked_with_each_window() -> None:
    notes = Notes()
    rig = Rig(registration("lamp", Lamp()), judge=notes)
    rig.poller.start()
    closed = [rig.next() for _ in range(3)][-1]
    rig.poller.stop(1.0)
    assert notes.told[:4] == ["begin", "lamp", "runner", "end"]
    frames = [word for word in notes.told if word in ("begin", "end")]
    assert frames == ["begin", "end"] * (len(frames) // 2)
    assert notes.told.count("lamp") > 1
    assert closed.alerts.keys() == {"rule"}
    assert int(closed.alerts["rule"] or b"") >= 4
    assert set(notes.late) == {0.0}


def test_a_judge_is_told_of_a_gap() -> None:
    notes = Notes()
    rig = Rig(registration("lamp", Lamp()), judge=notes, span=3600.0)
    rig.poller.start()
    while not notes.told:
        time.sleep(0.01)
    rig.poller._clocks = rig.poller._clocks._replace(boot=lambda: time.monotonic() + 1000.0)
    deadline = time.monotonic() + PATIENCE
    while not any(notes.late):
        assert time.monotonic() < deadline
    rig.poller.stop(1.0)
    assert max(notes.late) > 990.0


def test_without_a_judge_a_window_has_no_states() -> None:
    rig = Rig(registration("lamp", Lamp()))
    rig.poller.start()
    assert rig.next().alerts == {}
    rig.poller.stop(1.0)


def test_a_longer_interval_is_told_to_the_judge_and_is_no_gap_in_the_window() -> None:
    notes = Notes()
    rig = Rig(registration("lamp", Lamp()), span=2.0, judge=notes)
    rig.runner.govern(Regime({"lamp": 8}))
    rig.poller.start()
    rig.next()
    closed = rig.next()
    rig.poller.stop(PATIENCE)
    assert notes.paces == [({"lamp": 0.4, "runner": 10.0}, {})]
    assert notes.told[0] == "pace"
    span = closed.frame.span
    assert span.covered == pytest.approx(span.end - span.start, abs=0.45)


def test_a_window_ends_in_time_while_every_collector_is_switched_off() -> None:
    rig = Rig(registration("lamp", Lamp()))
    rig.runner.govern(Regime(off={"lamp": "why"}))
    rig.poller.start()
    found = [rig.next() for _ in range(3)]
    rig.poller.stop(PATIENCE)
    assert [change.state for closed in found for change in closed.transitions] == ["governed"]
    assert not any(SERIES in closed.frame.windows for closed in found)
