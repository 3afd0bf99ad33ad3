"""Reading a copy of the file: which rows count, and heads that lie."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from zlib import crc32

import pytest

from agent.stats.ringfile import (
    HEADER,
    STEP,
    Header,
    Place,
    RingError,
    Snapshot,
    header_of,
    pack_table,
    snapshot_of,
)
from agent.stats.ringmap import RingMap
from collectors.api import Series

LOAD = Series("load", "1", "gauge", (("cpu", "0"),))


def ring_of(path: Path, ticks: int, rows: int = 4) -> bytes:
    ring = RingMap.begin(path, Header(rows, STEP, 0, 0, 0, 0, 0, "boot"), {LOAD: Place(3, 0)})
    for tick in range(ticks):
        ring.put(float(tick), array("f", [tick] * STEP).tobytes())
    return ring.copy()


def test_rows_overwritten_while_copying_are_left_out(tmp_path: Path) -> None:
    data = ring_of(tmp_path / "ring", 10)
    assert Snapshot(data).times == [7.0, 8.0, 9.0]
    assert Snapshot(data, written=(10, 11)).times == [8.0, 9.0]
    assert Snapshot(data, written=(10, 500)).times == []


def test_rows_before_the_series_had_its_column_are_anothers(tmp_path: Path) -> None:
    ring = RingMap.begin(tmp_path / "ring", Header(8, STEP, 0, 0, 0, 0, 0, "boot"), {LOAD: Place(3, 2)})
    for tick in range(4):
        ring.put(float(tick), array("f", [tick] * STEP).tobytes())
    assert Snapshot(ring.copy()).read(LOAD) == [(2.0, 2.0), (3.0, 3.0)]


def test_an_unknown_series_has_no_values(tmp_path: Path) -> None:
    assert Snapshot(ring_of(tmp_path / "ring", 3)).read(LOAD._replace(unit="s")) == []


def test_the_head_is_96_bytes_and_survives_packing() -> None:
    head = Header(4, STEP, 64, 1, 2, 3, 4, "boot")
    assert HEADER.size == 96
    assert header_of(head.packed(), head.size) == head


def test_a_file_too_short_for_a_head_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ring").write_bytes(b"OUTRRING")
    with pytest.raises(RingError, match="too few"):
        snapshot_of(tmp_path / "ring")


def test_a_place_outside_the_columns_is_refused(tmp_path: Path) -> None:
    RingMap.begin(tmp_path / "ring", Header(4, STEP, 0, 0, 0, 0, 0, "boot"), {LOAD: Place(STEP, 0)})
    with pytest.raises(RingError, match="column 32"):
        snapshot_of(tmp_path / "ring")


def test_a_head_that_asks_for_more_than_any_ring_has_is_refused_before_it_is_read() -> None:
    head = Header(2**20, STEP * 16, 0, 0, 0, 0, 0, "boot")
    with pytest.raises(RingError, match="no ring is so large"):
        header_of(head.packed(), head.size)
    head = Header(4, STEP, 2**31, 0, 0, 0, 0, "boot")
    with pytest.raises(RingError, match="no ring is so large"):
        header_of(head.packed(), head.size)


@pytest.mark.parametrize("table", [b"\xc1", b"\x01", b"\x91\x01", b"\x91\x96\x00\x00\x01\x01\x01\x01"])
def test_a_table_of_another_shape_is_refused_even_with_its_checksum(tmp_path: Path, table: bytes) -> None:
    data = bytearray(ring_of(tmp_path / "ring", 3))
    head = header_of(bytes(data), len(data))._replace(length=len(table), crc=crc32(table))
    data[: HEADER.size + len(table)] = head.packed() + table
    with pytest.raises(RingError, match="not laid out"):
        Snapshot(bytes(data))


def test_a_pipe_in_its_place_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ring")
    with pytest.raises(RingError, match="no regular file"):
        snapshot_of(tmp_path / "ring")


def test_the_table_takes_about_90_bytes_a_series() -> None:
    one = Series(
        "system.network.io", "By", "counter", (("network.interface.name", "eth0"), ("direction", "in"))
    )
    assert len(pack_table({one: Place(100, 10**6)})) < 100


def test_rows_are_read_from_a_number_on_by_their_numbers(tmp_path: Path) -> None:
    snapshot = Snapshot(ring_of(tmp_path / "ring", 10))
    assert snapshot.end == 10
    assert list(snapshot.rows_from(8)) == [(8, 8.0, {LOAD: 8.0}), (9, 9.0, {LOAD: 9.0})]
    assert [number for number, _, _ in snapshot.rows_from(0)] == [7, 8, 9]
    assert list(snapshot.rows_from(10)) == []
