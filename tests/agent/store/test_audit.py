from __future__ import annotations

from pathlib import Path

import pytest

from agent.store.audit import Audit, audit
from agent.store.errors import StoreError
from agent.store.layout import place
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import LIMITS, Device


def run(device: Device, statement: str) -> Audit:
    device.store._connection.execute(statement)
    return audit(device.directory)


def test_a_sound_store_is_counted(device: Device) -> None:
    for n in range(60):
        rows = [row for row in device.index.values() if row.key.first % 2]
        device.flush(n, confirmed=[(row.key, row.digest) for row in rows])
    found = audit(device.directory)
    assert found.faults == ()
    assert (found.numbers, found.lost, found.tombstones) == (60, 0, 0)
    assert found.records == len(device.heads())
    assert found.size == sum(head.size or 0 for head in device.heads())


def test_what_is_lost_and_what_was_deleted_are_told_apart(make_device: MakeDevice) -> None:
    device = make_device(LIMITS._replace(tiers=()))
    rows = [device.flush(n).added[0] for n in range(10)]
    device.flush(None, confirmed=[(row.key, row.digest) for row in rows[:3]])
    device.flush(None, after=1e5)
    device.flush(None)
    found = audit(device.directory)
    assert (found.faults, found.numbers, found.lost, found.deleted) == ((), 7, 6, 3)


def test_a_changed_content_or_digest_is_found(device: Device) -> None:
    for _ in range(3):
        device.flush(aging=0)
    [fault] = run(device, f"UPDATE records SET content = x'00' WHERE place = {place('windows', 1, 1)}").faults
    assert "record windows 1-1 of epoch 1001: its content does not match its digest" in fault


def test_a_changed_tombstone_is_found(device: Device) -> None:
    device.flush()
    device.flush()
    device.flush(after=1e5)
    [fault] = run(device, "UPDATE records SET records = 9 WHERE reason IS NOT NULL").faults
    assert fault.endswith("its tombstone is not the one that was written")


def test_numbers_that_were_never_given_are_found(device: Device) -> None:
    device.flush()
    device.flush()
    device.reopen()
    device.flush()
    [fault] = run(device, """UPDATE epochs SET prev_next = '{"windows": 1}' WHERE life = 2""").faults
    assert fault == "record windows 1-1 of epoch 1001: only 1 numbers were given"


def test_damage_to_the_file_is_told_and_nothing_else_tried(device: Device) -> None:
    device.flush()
    [fault] = run(device, "UPDATE records SET last = -1").faults
    assert fault.endswith("its place is out of range")
    other = device.directory / "other"
    other.mkdir()
    (other / "outrider.db").write_bytes(b"x" * 4096)
    [fault] = audit(other).faults
    assert fault.startswith(f"{other}/outrider.db: file is not a database")


def test_an_absent_store_is_an_error_not_a_fault(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        audit(tmp_path)
