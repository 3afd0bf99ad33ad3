"""The fleet store keeps what it says it holds, and knows who is there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agent.view.fleet import FleetStore
from tests.agent.view.speaker import ONE, TWO, WALL, Device, epoch, part


@pytest.fixture
def device() -> Device:
    return Device(FleetStore.open(None, "main"))


def test_an_older_session_s_goodbye_is_ignored(device: Device) -> None:
    store = device.store
    device.says(epochs=(epoch(TWO, 1, ONE, 4),))
    assert store.status("d", {"state": "online", "session": [TWO, 3]}, WALL)
    assert not store.status("d", {"state": "offline", "session": [TWO, 2]}, WALL)
    assert not store.status("d", {"state": "offline", "session": [ONE, 9]}, WALL)
    assert store.devices(WALL + 1)[0].state == "online"
    assert store.status("d", {"state": "offline", "session": [TWO, 3]}, WALL)
    assert store.devices(WALL + 1)[0].state == "offline"


def test_a_device_that_says_it_is_degraded_is_shown_so(device: Device) -> None:
    device.store.status("d", {"state": "degraded", "session": [TWO, 3]}, WALL)
    assert device.store.devices(WALL + 1)[0].state == "degraded"
    assert device.store.devices(WALL + 1000)[0].state == "stale"


def test_a_silent_device_is_stale_and_shows_its_age(device: Device) -> None:
    device.says(part(0))
    assert device.store.devices(WALL + 10)[0][1:3] == ("online", 10.0)
    assert device.store.devices(WALL + 1000)[0][1:3] == ("stale", 1000.0)


def test_nothing_is_kept_of_a_message_that_a_full_disk_interrupts(tmp_path: Path) -> None:
    device = Device(FleetStore.open(tmp_path / "fleet.db", "main"))
    device.says(part(0))
    pages = device.store._db.execute("PRAGMA page_count").fetchone()[0]
    device.store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        device.says(*[part(n) for n in range(1, 400)])
    assert device.total() == 1
    device.store._db.execute("PRAGMA max_page_count = 100000")
    device.says(*[part(n) for n in range(1, 400)])
    assert device.total() == 400


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = FleetStore.open(tmp_path / "fleet.db", "main")
    Device(store).says(part(0))
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    store.close()


def test_two_workers_of_one_store_count_once(tmp_path: Path) -> None:
    one = Device(FleetStore.open(tmp_path / "fleet.db", "main"))
    two = Device(FleetStore.open(tmp_path / "fleet.db", "main"))
    one.says(part(0), part(1))
    outcome = two.says(part(1), part(2), opened=((0, 2),), seq=9)
    assert one.total() == 3
    assert outcome.ack is not None
    assert outcome.ack.held[0].have == ((0, 2),)


def test_a_device_that_rests_is_not_called_silent_until_it_is_late_by_its_own_word() -> None:
    store = FleetStore.open(None, "s")
    said = {"device": "d", "state": "resting", "session": [1, 1], "at": 5.0, "until": 3605.0}
    store.status("d", said, 1_000.0)
    states = [store.devices(at)[0].state for at in (1_000.0, 4_700.0, 4_781.0)]
    assert states == ["resting", "resting", "stale"]
    store.status("d", {**said, "state": "online", "session": [1, 2], "every": 1_920.0}, 5_000.0)
    assert [store.devices(at)[0].state for at in (7_800.0, 7_900.0)] == ["online", "stale"]
    store.close()
