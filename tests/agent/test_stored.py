"""The link's reader: what is gone, damaged or not there yet, and a store that was put in place of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ship.protocol import Corrupt
from agent.ship.records import Key
from agent.store import files
from agent.stored import StoredRecords
from tests.agent.store.device import Device, content


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with Device(tmp_path / "state") as device:
        yield device


@pytest.fixture
def quarantined() -> list[Key]:
    return []


@pytest.fixture
def records(tmp_path: Path, quarantined: list[Key]) -> Iterator[StoredRecords]:
    records = StoredRecords(tmp_path / "state", quarantined.append)
    yield records
    records.close()


def test_a_record_is_read_beside_the_writer(device: Device, records: StoredRecords) -> None:
    row = device.flush(41.0).added[0]
    assert records.read(row.key) == (row.digest, content(device.now - 10.0, 41.0))
    later = device.flush(42.0).added[0]
    assert records.overlapping(row.key._replace(last=9)) == [row, later]


def test_what_is_not_there_is_none(device: Device, records: StoredRecords) -> None:
    row = device.flush().added[0]
    assert records.read(row.key._replace(first=5, last=5)) is None
    assert records.read(row.key._replace(epoch=99)) is None
    assert records.overlapping(row.key._replace(epoch=99)) == []


def test_a_damaged_record_is_reported_for_quarantine(
    device: Device, records: StoredRecords, quarantined: list[Key]
) -> None:
    row = device.flush().added[0]
    device.store._connection.execute("UPDATE records SET content = x'00112233'")
    found = records.read(row.key)
    assert isinstance(found, Corrupt)
    assert "does not match its digest" in found.reason
    assert quarantined == [row.key]


def test_where_there_is_no_store_nothing_can_be_said_until_there_is_one(
    tmp_path: Path, records: StoredRecords
) -> None:
    key = Key(1001, "windows", 0, 0)
    assert records.read(key) is None
    assert records.overlapping(key) is None
    with Device(tmp_path / "state") as device:
        row = device.flush().added[0]
        assert records.overlapping(key) == [row]


def test_a_store_that_took_the_place_of_a_damaged_one_is_read_in_its_stead(
    tmp_path: Path, records: StoredRecords
) -> None:
    with Device(tmp_path / "state") as old:
        row = old.flush(1.0).added[0]
        assert records.read(row.key) is not None
    files.set_aside(files.store_file(tmp_path / "state"), 0.0)
    with Device(tmp_path / "state", first_epoch=5000) as new:
        fresh = new.flush(2.0).added[0]
        assert records.read(fresh.key) == (fresh.digest, content(new.now - 10.0, 2.0))
        assert records.read(row.key) is None
