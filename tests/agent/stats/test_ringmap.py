"""The mapped file: rows, the table in place, and what a writer killed on the way leaves."""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import pytest

from agent.stats.ringfile import GENERATION, GENERATION_AT, Header, Place, RingError, Snapshot, snapshot_of
from agent.stats.ringmap import RingMap
from collectors.api import Series

LOAD = Series("load", "1", "gauge", ())
ROW = array("f", [1.5] * 32).tobytes()


def begun(path: Path) -> RingMap:
    return RingMap.begin(path, Header(4, 32, 0, 0, 0, 0, 0, "boot"), {LOAD: Place(0, 0)})


def test_rows_lie_where_the_layout_says(tmp_path: Path) -> None:
    ring = begun(tmp_path / "ring")
    ring.put(7.0, ROW)
    assert Snapshot(ring.copy()).read(LOAD) == [(7.0, 1.5)]
    assert ring.head.start % 8 == 0


def test_a_table_is_changed_in_place_and_its_generation_goes_on(tmp_path: Path) -> None:
    ring = begun(tmp_path / "ring")
    ring.put(7.0, ROW)
    other = Series("other", "1", "gauge", ())
    assert ring.with_table({LOAD: Place(0, 0), other: Place(1, 1)}) is ring
    assert ring.head.generation == 2
    view = snapshot_of(tmp_path / "ring")
    assert view.series == (LOAD, other)
    assert view.read(LOAD) == [(7.0, 1.5)]
    assert view.read(other) == []


def test_a_writer_killed_in_the_table_leaves_a_ring_the_next_one_mends(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    ring = begun(path)
    ring.put(7.0, ROW)
    ring.close()
    with path.open("r+b") as file:
        file.seek(GENERATION_AT)
        file.write(GENERATION.pack(5))
    with pytest.raises(RingError, match="read it again"):
        snapshot_of(path)
    ring, table = RingMap.take_over(path, "boot", 4, 32)
    assert ring.with_table(table).head.generation == 6
    assert snapshot_of(path).read(LOAD) == [(7.0, 1.5)]


def test_a_pipe_in_its_place_is_no_ring_and_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ring")
    with pytest.raises(RingError, match="no regular file"):
        RingMap.take_over(tmp_path / "ring", "boot", 4, 32)
    begun(tmp_path / "ring").put(7.0, ROW)
    assert snapshot_of(tmp_path / "ring").times == [7.0]


def test_a_file_left_half_made_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "ring.new").write_bytes(b"half")
    begun(tmp_path / "ring")
    assert [entry.name for entry in tmp_path.iterdir()] == ["ring"]
