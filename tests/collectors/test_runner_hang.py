"""A collector that really hangs: a read of a FIFO that nobody writes, in a real thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import pytest

from collectors.api import Metric, Reading, Registration
from collectors.host import Host
from collectors.runner import Busy, Runner, Superseded
from collectors.schedule import Plan
from collectors.tally import Tally

SERIES = (Metric("test.value", "1", "gauge", (), "a FIFO", "A value.").of(),)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Fifo:
    """Opens the FIFO and reads it, as a driver that does not answer: for ever."""

    def __init__(self, path: Path, started: Event) -> None:
        self.path = path
        self.started = started
        self.closed = Event()

    def collect(self, now: float) -> Reading:
        descriptor = os.open(self.path, os.O_RDONLY)
        self.started.set()
        os.read(descriptor, 1)
        os.close(descriptor)
        return Reading(SERIES, [now])

    def close(self) -> None:
        self.closed.set()


class Steady:
    """A collector that always answers."""

    def collect(self, now: float) -> Reading:
        return Reading(SERIES, [now])

    def close(self) -> None:
        """Nothing is open."""


class Scene:
    """A runner with a steady and a hanging collector, and threads that poll as the daemon's does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self.writer = os.open(path, os.O_RDWR)  # held open, so that a read waits for a byte
        self.clock = Clock()
        self.tally = Tally()
        self.started = Event()
        self.fifos: list[Fifo] = []
        hanging = Registration("hanging", "Hangs.", (), lambda *_: self.open())
        steady = Registration("steady", "Does not.", (), lambda *_: Steady())
        self.runner = Runner([Plan(hanging, 1.0), Plan(steady, 1.0)], Host(), self.tally, self.clock)
        self.threads: list[Thread] = []

    def open(self) -> Fifo:
        self.fifos.append(Fifo(self.path, self.started))
        return self.fifos[-1]

    def poll(self, now: float, token: int) -> Queue[object]:
        """Poll once in a thread of its own; the queue gets the readings' names, or what was raised."""
        told: Queue[object] = Queue()

        def run() -> None:
            try:
                told.put([name for name, _ in self.runner.poll(now, token)])
            except Superseded as superseded:
                told.put(superseded)

        thread = Thread(target=run, daemon=True)
        thread.start()
        self.threads.append(thread)
        return told

    def hang(self, now: float, token: int) -> tuple[Queue[object], Busy]:
        """Poll until the read of the FIFO blocks."""
        self.started.clear()
        told = self.poll(now, token)
        assert self.started.wait(10)
        busy = self.runner.busy()
        assert busy
        return told, busy

    def release(self) -> None:
        """Let one read of the FIFO be answered."""
        os.write(self.writer, b"x")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path / "fifo")
    yield made
    for thread in made.threads:
        if thread.is_alive():
            made.release()
        thread.join(10)
    made.runner.close()
    os.close(made.writer)


def test_the_call_in_progress_is_seen_with_its_deadline(scene: Scene) -> None:
    scene.clock.now = 100.0
    _, busy = scene.hang(1.0, scene.runner.token)
    assert busy == Busy("hanging", 100.0, 110.0)


def test_the_others_go_on_without_it(scene: Scene) -> None:
    _, busy = scene.hang(1.0, scene.runner.token)
    scene.clock.now = 12.0
    token = scene.runner.abandon(busy, 13.0)
    assert token is not None
    assert scene.runner.busy() is None
    assert scene.poll(13.0, token).get(timeout=10) == ["steady", "runner"]
    assert scene.poll(14.0, token).get(timeout=10) == ["steady"]
    told = scene.runner.transitions()
    assert [(each.name, each.at, each.state, each.up) for each in told] == [("hanging", 13.0, "stale", False)]
    assert told[0].reason == "no answer for 12 s"
    assert [each.value for each in scene.tally.snapshot()] == [1]
    assert len(scene.fifos) == 1


def test_up_is_zero_while_it_hangs(scene: Scene) -> None:
    _, busy = scene.hang(1.0, scene.runner.token)
    token = scene.runner.abandon(busy, 13.0)
    assert token is not None
    readings = dict(scene.runner.poll(13.0, token))
    assert readings["runner"].values[:2] == [0, 1]


def test_a_late_answer_is_not_delivered_and_puts_it_back_into_service(scene: Scene) -> None:
    told, busy = scene.hang(1.0, scene.runner.token)
    token = scene.runner.abandon(busy, 13.0)
    assert token is not None
    scene.release()
    assert isinstance(told.get(timeout=10), Superseded)
    assert scene.fifos[0].closed.is_set()
    again, _ = scene.hang(14.0, token)
    scene.release()
    assert again.get(timeout=10) == ["hanging", "steady", "runner"]
    assert [each.state for each in scene.runner.transitions()] == ["stale", "ok"]
    assert len(scene.fifos) == 2


def test_a_second_hang_leaves_it_alone_for_a_minute(scene: Scene) -> None:
    told, busy = scene.hang(1.0, scene.runner.token)
    token = scene.runner.abandon(busy, 13.0)
    assert token is not None
    scene.release()
    told.get(timeout=10)
    told, busy = scene.hang(14.0, token)
    token = scene.runner.abandon(busy, 25.0)
    assert token is not None
    scene.release()
    told.get(timeout=10)
    assert scene.poll(84.0, token).get(timeout=10) == ["steady", "runner"]
    again, _ = scene.hang(85.0, token)
    scene.release()
    assert again.get(timeout=10) == ["hanging", "steady", "runner"]


def test_a_call_answered_in_the_meantime_is_not_abandoned(scene: Scene) -> None:
    told, busy = scene.hang(1.0, scene.runner.token)
    scene.release()
    assert told.get(timeout=10) == ["hanging", "steady", "runner"]
    token = scene.runner.token
    assert scene.runner.abandon(busy, 13.0) is None
    assert scene.runner.token == token


def test_closing_does_not_touch_what_hangs(scene: Scene) -> None:
    told, _ = scene.hang(1.0, scene.runner.token)
    scene.runner.close()
    assert not scene.fifos[0].closed.is_set()
    scene.release()
    assert isinstance(told.get(timeout=10), Superseded)
    assert scene.fifos[0].closed.is_set()
