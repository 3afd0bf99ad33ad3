from __future__ import annotations

from pathlib import Path

import pytest

from agent.stats.ring import Ring
from agent.view.rows import Board
from agent.view.ticks import Ticks
from collectors.api import Reading
from tests.pictures import series

BUSY = series("system.cpu.utilization")
BYTES = series("system.disk.io", "By", "counter")
SLOW = series("system.filesystem.utilization")


def write(ring: Ring, first: int, last: int) -> None:
    """A tick a second; the counter grows by 100 in each, the slow one is read each tenth."""
    for at in range(first, last):
        readings = [("fast", Reading((BUSY, BYTES), [at / 100, 100 * at]))]
        if at % 10 == 0:
            readings.append(("slow", Reading((SLOW,), [0.5])))
        ring.write(float(at), readings)


def test_polls_become_rows_with_a_mark_a_second(tmp_path: Path) -> None:
    ring = Ring.open(tmp_path / "ring", "boot-1", 100)
    write(ring, 1, 60)
    board, ticks = Board(), Ticks()
    for each in ticks.new(ring.snapshot(), 1000.0):
        board.add(*each)
    rows = {row.series: row for row in board.rows(1059.5, 8)}
    assert rows[BUSY].now == pytest.approx(0.59)
    assert (rows[BYTES].now, rows[BYTES].unit) == (100.0, "By/s")
    assert (rows[SLOW].now, rows[SLOW].age, rows[SLOW].late) == (0.5, 9.5, False)
    assert "·" not in rows[BUSY].spark + rows[BYTES].spark + rows[SLOW].spark


def test_a_second_look_brings_only_what_is_new(tmp_path: Path) -> None:
    ring = Ring.open(tmp_path / "ring", "boot-1", 100)
    ticks = Ticks()
    write(ring, 1, 5)
    assert len(list(ticks.new(ring.snapshot(), 0.0))) == 4
    assert list(ticks.new(ring.snapshot(), 0.0)) == []
    write(ring, 5, 7)
    assert [key.first for key, _ in ticks.new(ring.snapshot(), 0.0)] == [4, 5]


def test_a_ring_begun_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    ticks = Ticks()
    for boot in ("boot-1", "boot-2"):
        ring = Ring.open(tmp_path / "ring", boot, 100)
        write(ring, 1, 4)
        assert len(list(ticks.new(ring.snapshot(), 0.0))) == 3
        ring.close()


def test_the_increase_over_an_unknown_time_is_no_rate(tmp_path: Path) -> None:
    ring = Ring.open(tmp_path / "ring", "boot-1", 4)
    write(ring, 1, 9)
    (first, *_) = [content for _, content in Ticks().new(ring.snapshot(), 0.0)]
    assert all(BYTES not in frame.windows for frame in first.frames)
    assert any(BUSY in frame.windows for frame in first.frames)
