"""What a killed life left is taken once, whatever became of its store."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.flush.leftover import Leftover
from agent.stats.clocks import Clock
from agent.stats.ring import Ring
from collectors.api import Reading, Series

LOAD = Series("load", "1", "gauge", ())
CLOCK = Clock("boot", 1e9, "unknown")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ring"


def life(path: Path, first: int, last: int, kept: float = 0.0, boot: str = "boot") -> None:
    """A life that polls each second from `first` to `last`, and is killed; the store has all to `kept`."""
    ring = Ring.open(path, boot, 100, 64)
    for second in range(first, last + 1):
        if kept and second > kept:
            ring.kept = kept
        ring.write(float(second), [("cpu", Reading((LOAD,), (1.0,)))])
    ring.close()


def left(path: Path, stored: float, boot: str = "boot") -> list[tuple[float, float]]:
    leftover = Leftover(path, boot, 2.0, 60.0)
    frames = leftover.take(stored, CLOCK._replace(boot=boot))
    assert leftover.take(stored, CLOCK._replace(boot=boot)) == ()
    return [frame.span[1:3] for frame in frames]


def test_the_store_knows_up_to_when(path: Path) -> None:
    life(path, 10, 50)
    assert left(path, 30.0) == [(30.0, 50.0)]
    assert left(path, 50.0) == []


def test_a_store_that_was_put_back_or_begun_anew_gives_nothing_twice(path: Path) -> None:
    life(path, 10, 50, kept=30.0)
    assert left(path, 0.0) == [(30.0, 50.0)]
    assert left(path, 20.0) == [(30.0, 50.0)]
    assert left(path, 40.0) == [(40.0, 50.0)]


def test_what_two_killed_lives_left_is_taken_together(path: Path) -> None:
    life(path, 10, 50, kept=30.0)
    life(path, 60, 70)
    assert left(path, 30.0) == [(30.0, 70.0)]


def test_the_ring_grows_and_remembers_what_is_kept(path: Path) -> None:
    ring = Ring.open(path, "boot", 100, 200)
    ring.write(1.0, [("cpu", Reading((LOAD,), (1.0,)))])
    ring.kept = 1.0
    ring.write(2.0, [("cpu", Reading((LOAD,), (1.0,)))])
    many = tuple(Series(f"s{n}", "1", "gauge", ()) for n in range(100))
    ring.write(3.0, [("many", Reading(many, (1.0,) * 100))])
    ring.close()
    assert Ring.view(path).kept == 1.0
    assert left(path, 0.0) == [(1.0, 3.0)]


def test_another_boot_no_ring_and_a_broken_one_leave_nothing(path: Path) -> None:
    assert left(path, 0.0) == []
    life(path, 10, 50, boot="before")
    assert left(path, 0.0) == []
    path.write_bytes(b"no ring")
    assert left(path, 0.0) == []
