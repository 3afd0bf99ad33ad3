from __future__ import annotations

import os
import resource
import stat

import pytest

from agent.stats.frame import Event
from agent.store.flush import Flush
from agent.store.reader import Reader
from agent.store.sizing import MIB, Limits, share_of
from tests.agent.store.conftest import MakeDevice
from tests.agent.store.device import START, Device, content, kept

TIERS = ((8, 1e9),)
SMALL = Limits(max_size=MIB, tiers=TIERS, policies=kept(1e9), settle=0)
LARGE = SMALL._replace(max_size=3 * MIB)


def fill(device: Device, numbers: int) -> None:
    """Windows of 2 KB that do not merge into less."""
    for n in range(numbers):
        device.now += 10.0
        noise = (Event("boot-1", device.now, START, "e", (), os.urandom(500).hex()),) * 2
        device.apply(Flush(device.now, {"windows": content(device.now - 10.0, n)._replace(events=noise)}))


@pytest.fixture
def filled(make_device: MakeDevice) -> Device:
    device = make_device(LARGE)
    fill(device, 1000)
    return device


def test_a_smaller_store_keeps_what_fits_and_says_what_it_lost(filled: Device) -> None:
    assert filled.size() > 2 * MIB
    filled.reopen(SMALL)
    assert filled.store.resize_fault is None
    assert filled.size() <= MIB
    assert filled.covered() == [(0, 999)]
    assert len([row for row in filled.rows() if row.tombstone]) <= 1
    assert stat.S_IMODE(filled.store.path.stat().st_mode) == 0o600
    fill(filled, 50)
    assert filled.size() <= MIB
    assert filled.store.epochs()[0].prev_next == {"windows": 1000}


def test_a_larger_store_has_all_that_was_there_and_grows_at_once(make_device: MakeDevice) -> None:
    device = make_device(SMALL)
    fill(device, 60)
    before = device.rows()
    device.reopen(LARGE)
    assert device.rows() == before
    assert device.store.path.stat().st_size > (share_of(3 * MIB).pages - 16) * 1024
    assert 3 * MIB - 65_536 < device.size() <= 3 * MIB
    assert device.store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_same_size_rewrites_nothing(filled: Device) -> None:
    before = filled.store.path.stat().st_ino
    filled.reopen()
    assert filled.store.path.stat().st_ino == before


def test_without_space_for_the_copy_the_old_file_is_used_on(make_device: MakeDevice) -> None:
    device = make_device(SMALL)
    fill(device, 20)
    device.store.close()
    largest = max(path.stat().st_size for path in device.directory.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, limits[1]))
    try:
        device.limits = LARGE
        device.store = device._opened()
        assert device.store.resize_fault is not None
        # SQLite calls a file that may not grow an I/O error; a disk without space it calls full.
        assert device.store.resize_fault.reason in ("io", "full")
        fill(device, 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in device.directory.iterdir() if "new" in path.name) == []
    device.reopen()
    assert device.store.resize_fault is None
    assert device.size() > 2 * MIB
    fill(device, 1)
    assert len(device.heads()) == 41


def test_a_reader_in_the_way_is_said_and_it_is_tried_again(make_device: MakeDevice) -> None:
    device = make_device(SMALL)
    fill(device, 5)
    reader = Reader.open(device.directory)
    reader._connection.execute("BEGIN")
    reader._connection.execute("SELECT * FROM records").fetchone()
    fill(device, 5)
    device.reopen(LARGE)
    assert device.store.resize_fault is not None
    assert device.store.resize_fault.reason == "busy"
    fill(device, 5)
    reader.close()
    device.reopen()
    assert device.store.resize_fault is None
    assert device.size() > 2 * MIB
