"""Each number counts once: blocks, repeats, what is set aside, lost, and settled by retention."""

from __future__ import annotations

import pytest

from agent.ship.records import Ack, Key, Tombstone
from agent.view import settle
from agent.view.fleet import FleetStore
from agent.view.settle import ASIDE_KEPT, ASIDE_SIZE, HOLE_AFTER, Arrived, Ledger
from tests.agent.view.speaker import ONE, WALL, Device, epoch, part, stone


@pytest.fixture
def device() -> Device:
    return Device(FleetStore.open(None, "main"))


def test_a_repeat_counts_nothing(device: Device) -> None:
    assert len(device.says(part(0)).applied) == 1
    assert device.says(part(0)).applied == ()
    assert device.total() == 1


def test_a_block_takes_the_place_of_the_finer_ones_inside_it(device: Device) -> None:
    device.says(part(0), part(2))
    device.says(part(0, 3))
    assert device.total() == 4
    assert device.store.spans("d", "data") == [Key(ONE, "windows", 0, 3)]


def test_where_all_of_a_block_is_held_finer_the_finer_stays(device: Device) -> None:
    device.says(part(0), part(1))
    device.says(part(0, 1))
    assert len(device.store.spans("d", "data")) == 2
    device.says(part(0, 3))
    device.says(part(2))
    assert device.store.spans("d", "data") == [Key(ONE, "windows", 0, 3)]
    assert device.total() == 4


def test_an_interval_that_is_no_block_is_set_aside(device: Device) -> None:
    outcome = device.says(part(1, 2))
    assert [n.name for n in outcome.notices] == ["aside"]
    assert device.total() == 0


def test_a_key_with_other_content_is_set_aside_and_never_acknowledged(device: Device) -> None:
    device.says(part(0))
    outcome = device.says(part(0, other=b"!"), opened=((0, 0),))
    assert [n.name for n in outcome.notices] == ["aside"]
    assert device.total() == 1
    assert outcome.ack is not None
    assert outcome.ack.held[0].have == ()
    assert outcome.ack.held[0].done == ((0, 0),)


def test_what_is_set_aside_is_bounded(device: Device) -> None:
    for n in range(ASIDE_KEPT + 20):
        device.says(part(1, 2, other=b"%d" % n))
    assert len(device.store.spans("d", "aside")) == ASIDE_KEPT


def test_what_is_set_aside_is_bounded_in_bytes_too(device: Device) -> None:
    at = Key(ONE, "windows", 1, 2)
    ledger = Ledger(device.store._db, 1)
    for n in range(20):
        ledger.insert(Arrived(at, b"%08d" % n, bytes(ASIDE_SIZE // 5), 0.0, 0.0), 0.0)
    assert device.store._db.execute("SELECT count(*) FROM aside").fetchone() == (5,)


def test_missing_numbers_are_told_in_time_that_grows_with_them_alone(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "LOOKED_AT", 10)
    for start in range(0, 200, 50):
        device.says(stones=tuple(stone(n, n) for n in range(start, start + 50, 2)), epochs=(epoch(ONE, 200),))
    assert len(device.store.spans("d", "missing")) == 10
    device.says(*[part(n) for n in range(1, 21, 2)], epochs=(epoch(ONE, 200),))
    assert device.store.spans("d", "missing")[0].first == 21
    for start in range(21, 200, 20):
        device.says(*[part(n) for n in range(start, min(200, start + 20), 2)], epochs=(epoch(ONE, 200),))
    assert device.store.spans("d", "missing") == []
    assert device.total() == 100


def test_a_missing_number_keeps_its_age_when_its_neighbours_come(device: Device) -> None:
    device.says(part(0), epochs=(epoch(ONE, 9),))
    device.later(HOLE_AFTER / 2)
    device.says(part(4), epochs=(epoch(ONE, 12),))
    device.later(HOLE_AFTER / 2)
    assert [key[2:] for key in device.store.holes("d", device.now)] == [(1, 3), (5, 8)]
    assert [key[2:] for key in device.store.holes("d", device.now + HOLE_AFTER)] == [(1, 3), (5, 8), (9, 11)]


def test_lost_numbers_beyond_2_to_the_63_are_still_counted(device: Device) -> None:
    most = Tombstone(Key(ONE, "windows", 0, 2**53 - 2), "full", 0, 0, 0.0, 0.0)
    device.says(stones=tuple(most._replace(key=most.key._replace(epoch=n)) for n in range(1, 1025)))
    device.says(stones=tuple(most._replace(key=most.key._replace(epoch=n)) for n in range(1025, 1100)))
    assert device.store.devices(device.now)[0].lost >= 2**63


def test_a_tombstone_covers_nothing_and_data_takes_its_place(device: Device) -> None:
    device.says(part(0), stones=(stone(0, 3),))
    assert device.store.spans("d", "lost") == [Key(ONE, "windows", 1, 3)]
    device.says(part(2))
    assert device.store.spans("d", "lost") == [Key(ONE, "windows", 1, 1), Key(ONE, "windows", 3, 3)]
    assert device.total() == 2


def test_a_tombstone_is_said_once(device: Device) -> None:
    assert [n.name for n in device.says(stones=(stone(0, 3),)).notices] == ["lost"]
    assert device.says(stones=(stone(0, 3),)).notices == ()


def test_the_answer_tells_held_from_lost_within_what_is_open(device: Device) -> None:
    device.says(part(0), part(4, 7), stones=(stone(1, 1),))
    outcome = device.says(opened=((0, 3), (4, 7)))
    assert outcome.ack == Ack("main", outcome.ack.held if outcome.ack else (), ())
    assert outcome.ack is not None
    assert outcome.ack.held[0].have == ((0, 0), (4, 7))
    assert outcome.ack.held[0].done == ((0, 1), (4, 7))


def test_retention_settles_what_lies_below(device: Device) -> None:
    device.says(*[part(n) for n in range(4)], epochs=(epoch(ONE, 4),))
    device.later(1000.0)
    device.says(*[part(n) for n in range(4, 8)], epochs=(epoch(ONE, 8),))
    assert device.store.retain(WALL + 500.0) == 4
    assert device.says(part(2), epochs=(epoch(ONE, 8),)).applied == ()
    device.later(HOLE_AFTER)
    outcome = device.says(epochs=(epoch(ONE, 8),), opened=((0, 7),))
    assert device.store.holes("d", device.now) == []
    assert outcome.ack is not None
    assert outcome.ack.held[0].have == ((0, 7),)


def test_what_was_late_all_along_counts_after_younger_numbers_have_ended(device: Device) -> None:
    device.says(part(3), epochs=(epoch(ONE, 4),), pending=((0, 2),))
    assert device.store.retain(WALL + 1) == 1
    assert len(device.says(part(1), epochs=(epoch(ONE, 4),), pending=((0, 0), (2, 2))).applied) == 1
    assert device.says(part(3), epochs=(epoch(ONE, 4),)).applied == ()


def test_retention_goes_by_our_clock_not_by_the_device_s(device: Device) -> None:
    device.says(part(10**7))
    device.says(part(0))
    assert device.store.retain(WALL) == 0
    assert device.store.retain(WALL + 1) == 2


def test_a_block_of_which_a_part_has_ended_is_taken_where_its_upper_part_is_not_held(device: Device) -> None:
    device.says(part(0), part(1))
    device.store.retain(WALL + 100.0)
    device.says(part(0, 3))
    assert device.store.spans("d", "data") == [Key(ONE, "windows", 0, 3)]
