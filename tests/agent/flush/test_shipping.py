from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.flush.shipping import ClockWait, Shipping, fresh
from agent.ship import protocol as shipped
from agent.ship.budget import Allowance
from agent.ship.holds import HOLDS, Holds
from agent.ship.outbox import Outbox
from agent.ship.purse import LINK, Purse
from agent.ship.records import Key
from agent.stats.frame import Content
from agent.store.flush import Flush
from collectors.tally import Tally
from tests.agent.store.device import LIMITS, START, Device, content

ALLOWANCE = Allowance(1_000_000, 86_400.0)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with Device(tmp_path / "state", LIMITS) as device:
        yield device


class Rig:
    """A link whose messages stay here; `told` are the events."""

    def __init__(self, purse: Purse | None = None, clock_wait: float = 0.0) -> None:
        self.outbox, self.tally = Outbox("main"), Tally()
        self.posts: list[shipped.Event] = []
        self.told: list[tuple[str, str]] = []
        lock, purse = threading.Lock(), purse or Purse()
        self.shipping = Shipping(self.outbox, lock, self.posts.append, purse, self.tally, clock_wait)

    def begin(self, device: Device, kept: dict[str, bytes]) -> None:
        self.shipping.begin(device.store, kept, 1.0, lambda *words: self.told.append(words))


def test_without_a_budget_nothing_is_kept() -> None:
    rig = Rig()
    assert rig.shipping.spent() == {}
    assert rig.tally.snapshot() == []


def test_spent_left_and_grain_are_numbers_of_ours_and_known_to_the_next_life(device: Device) -> None:
    before, after = Purse(ALLOWANCE, boot="b"), Purse(ALLOWANCE, boot="b")
    rig, next_life = Rig(before), Rig(after)
    before.advance(1.0)
    before.spend(5_000)
    kept = rig.shipping.spent()
    assert {each.name: each.value for each in rig.tally.snapshot()} == {
        "outrider.ship.budget.left": 995_000,
        "outrider.ship.budget.spent": 5_000,
        "outrider.ship.budget.grain": 1,
    }
    next_life.begin(device, kept)
    assert after.account is not None
    assert after.account.spent == 10_000
    assert next_life.told == []


def test_a_budget_whose_state_cannot_be_read_is_told(device: Device) -> None:
    rig = Rig(Purse(ALLOWANCE))
    rig.begin(device, {})
    assert rig.told == []
    rig.begin(device, {LINK: b"?"})
    assert [name for name, _ in rig.told] == ["ship.budget"]


def test_what_a_transaction_took_and_did_not_do_is_taken_again() -> None:
    rig, key = Rig(), Key(1, "windows", 0, 0)
    rig.shipping.quarantine(key)
    rig.shipping.begin_epoch()
    taken = rig.shipping.take()
    assert (taken.quarantine, taken.fresh_epoch) == ({key}, True)
    assert rig.shipping.take().quarantine == set()
    rig.shipping.give_back(taken)
    assert (rig.shipping.take().quarantine, rig.shipping.epoch_due) == ({key}, True)


def test_a_store_that_was_begun_anew_has_none_of_what_could_not_be_read() -> None:
    rig = Rig()
    rig.shipping.quarantine(Key(1, "windows", 0, 0))
    rig.shipping.begun_anew()
    assert rig.shipping.take().quarantine == set()


def test_after_a_commit_the_epoch_has_begun_and_the_link_knows(device: Device) -> None:
    rig, contents = Rig(), {"windows": content(START)}
    rig.shipping.begin_epoch()
    taken = rig.shipping.take()
    flushed = device.apply(Flush(START + 10.0, contents, **taken._asdict()))
    rig.shipping.committed(taken, flushed, contents, "synchronised", 1.0)
    assert not rig.shipping.epoch_due
    key = Key(flushed.epochs[0].id, "windows", 0, 0)
    assert rig.posts == [shipped.Flushed({key: contents["windows"]})]
    assert [row.key for row in rig.outbox.take(1)] == [key]


def test_what_a_wrong_clock_dated_stays_here_for_a_while(device: Device) -> None:
    rig, contents = Rig(clock_wait=600.0), {"windows": content(START)}
    for quality, count in (("unsynchronised", 0), ("synchronised", 1)):
        flushed = device.apply(Flush(START + 10.0, contents, aging=0))
        rig.shipping.committed(rig.shipping.take(), flushed, contents, quality, 1.0)
        assert len(rig.outbox.take(1)) == count
        assert rig.shipping.waits == (count == 0)


def test_records_wait_for_a_wrong_clock_so_long_after_the_start_and_no_longer() -> None:
    wait = ClockWait(600.0)
    assert wait.until("unsynchronised", 100.0) == 700.0
    assert wait.until("unknown", 200.0) is wait.until("synchronised", 200.0) is None
    assert wait.until("unsynchronised", 699.0) == 700.0
    assert wait.until("unsynchronised", 700.0) is None
    assert ClockWait(0.0).until("unsynchronised", 100.0) is None


def test_a_clock_that_is_surely_wrong_is_said_once() -> None:
    wait = ClockWait(600.0)
    assert wait.until("unknown", 0.0) is None
    assert wait.warning("unknown", 0.0) == ""
    told = "the wall clock is surely wrong: records wait up to 500 s for it (ship.clock_wait), then go marked"
    assert wait.warning("unsynchronised", 100.0) == f"{told} unsynchronised"
    assert wait.warning("unsynchronised", 200.0) == ""
    told = "the wall clock is surely wrong: records go marked unsynchronised"
    assert ClockWait(0.0).warning("unsynchronised", 100.0) == told


def test_what_keeps_records_here_is_for_the_store_to_know() -> None:
    purse = Purse(ALLOWANCE)
    rig = Rig(purse, clock_wait=600.0)
    assert rig.shipping.holds("b", "unknown", 100.0) == {HOLDS: None}
    purse.resting = 900.0
    assert rig.shipping.holds("b", "unsynchronised", 100.0) == {HOLDS: Holds("b", 700.0, 900.0).dump()}
    purse.connecting()
    assert rig.shipping.holds("b", "unsynchronised", 700.0) == {HOLDS: None}


def test_the_link_is_handed_the_records_of_this_flush_and_no_capture(device: Device) -> None:
    device.flush(quarantine=[row.key for row in device.rows()])
    contents = {"windows": content(START + 10.0), "samples": content(START), "events": Content()}
    flushed = device.apply(Flush(START + 20.0, contents, aging=0))
    handed = fresh(flushed, contents)
    assert {key.stream: key.first for key in handed} == {"windows": 1}
    assert list(handed.values()) == [contents["windows"]]
