"""The account of a metered link: netdata#15730 (a byte budget per link)."""

from __future__ import annotations

import json
from random import Random

import pytest

from agent.ship.budget import BORROW, BURST, FLOORS, Allowance, Budget, Saved, wire

DAY = 86_400.0
MB = 1_000_000


def made(limit: int = MB, period: float = DAY, boot: str = "boot") -> Budget:
    budget = Budget(Allowance(limit, period), boot)
    budget.advance(0.0)
    return budget


def test_no_period_wherever_it_begins_sees_more_than_the_limit() -> None:
    budget, chance = made(), Random(1)
    spent: list[tuple[float, int]] = []
    now = 0.0
    while now < 3 * DAY:
        now += chance.choice((1.0, 60.0, 600.0))
        budget.advance(now)
        size = chance.randrange(100, 20_000)
        while budget.affords("alert", size):
            budget.spend(size)
            spent.append((now, size))
    for begin, _ in spent[:: max(1, len(spent) // 200)]:
        assert sum(size for at, size in spent if begin <= at < begin + DAY) <= MB
    assert sum(size for at, size in spent if DAY <= at < 2 * DAY) >= 0.9 * MB


def test_a_burst_after_an_outage_cannot_eat_the_day() -> None:
    budget = made()
    budget.advance(10 * DAY)
    sent = 0
    while budget.affords("backlog", 1_000):
        budget.spend(1_000)
        sent += 1_000
    assert 0 < sent <= MB * BURST / 2


def test_alerts_may_overdraw_the_newest_windows_empty_and_the_backlog_leaves_half() -> None:
    budget = made()
    for lane, floor in FLOORS.items():
        budget.level = floor * MB + 500
        assert budget.affords(lane, 500)
        assert not budget.affords(lane, 501)
    assert FLOORS["alert"] == -BORROW < FLOORS["live"] < FLOORS["backlog"] < FLOORS["samples"]


def test_a_message_that_is_larger_than_the_bucket_goes_when_it_is_full() -> None:
    budget = made()
    assert budget.affords("live", 10 * MB)
    budget.spend(1_000)
    assert not budget.affords("live", 10 * MB)
    assert budget.when("live", 10 * MB, 0.0) < 200.0


def test_it_says_when_something_may_go() -> None:
    budget = made()
    budget.spend(int(budget.full))
    at = budget.when("live", 1_000, 0.0)
    budget.advance(at - 1.0)
    assert not budget.affords("live", 1_000)
    budget.advance(at + 0.1)
    assert budget.affords("live", 1_000)


def test_what_is_on_its_way_is_reserved_until_it_is_counted() -> None:
    budget = made()
    budget.level = 2_000
    budget.reserve(1_500)
    assert not budget.affords("live", 1_000)
    budget.spend(1_400)
    budget.reserve(-1_500)
    assert (budget.level, budget.reserved) == (600, 0)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    budget = made()
    budget.spend(10_000)
    budget.advance(-5_000.0)
    assert budget.level == budget.full - 10_000


def test_what_is_older_than_the_period_is_forgotten() -> None:
    budget = made()
    budget.spend(5_000)
    budget.advance(DAY)
    assert budget.account(1).spent == 5_000
    budget.advance(DAY * 1.1)
    assert budget.account(4) == (MB, DAY, 0, MB, 4)


def test_what_was_spent_is_known_after_a_restart_with_what_may_have_gone_since_the_flush() -> None:
    before = made()
    before.spend(30_000)
    state = before.save(8)
    before.spend(2_000)
    state = before.save(8)
    after = made()
    after.restore(Saved.load(state), 60.0)
    assert after.spent == 32_000 + 27_000
    assert after.level == pytest.approx(before.level - 27_000 + 60 * after.allowance.rate, abs=2)
    assert Saved.load(state).account == (MB, DAY, 32_000, MB - 32_000, 8)


def test_a_flood_from_the_far_side_silences_for_one_period_and_not_for_years() -> None:
    flooded = made()
    flooded.spend(1_000 * MB)
    again = made()
    again.restore(Saved.load(flooded.save(1))._replace(level=-(10**200), doubt=0), 0.0)
    for budget in (flooded, again):
        assert budget.overrun
        at = budget.when("live", 1_000, 0.0)
        assert DAY < at < 1.1 * DAY
        budget.advance(at + 1)
        assert budget.affords("live", 1_000)


def test_of_a_link_that_ended_nothing_is_spent_twice() -> None:
    before, after = made(), made()
    before.spend(30_000)
    before.save(8)
    before.spend(2_000)
    after.restore(Saved.load(before.save(8, ended=True)), 0.0)
    assert (after.spent, after.level) == (32_000, before.level)


def test_over_a_reboot_nothing_flows_in_for_no_clock_vouches_for_the_time() -> None:
    before = made()
    before.spend(40_000)
    after = made(boot="another")
    after.restore(Saved.load(before.save(1)), 50_000.0)
    assert after.level == before.level - 40_000


def test_a_state_of_another_period_counts_as_spent_just_now() -> None:
    before = made()
    before.spend(7_000)
    after = made(period=3600.0)
    after.restore(Saved.load(before.save(1)), 10.0)
    assert after.spent == 14_000


@pytest.mark.parametrize(
    "changed",
    [
        {"level": "x"},
        {"gone": [1]},
        {"gone": [DAY, 0, [-1] * 25]},
        {"gone": None},
        {"grain": 0},
        {"gone": [DAY, float("nan"), [1]]},
        {"gone": [0.0, 0, [1]]},
        {"at": float("inf")},
        {"more": 1},
    ],
)
def test_a_state_that_is_none_is_refused(changed: dict[str, object]) -> None:
    fields = {**json.loads(made().save(1)), **changed}
    with pytest.raises(ValueError, match="no state of a budget"):
        Saved.load(json.dumps(fields).encode())
    with pytest.raises(ValueError, match="no state of a budget"):
        Saved.load(b"\xff")


def test_pings_take_at_most_a_fiftieth() -> None:
    assert Allowance(40 * MB, DAY).keepalive(60) == 60
    slow = Allowance(2 * MB, DAY)
    assert 60 < slow.keepalive(60) < 3600
    assert 264 / slow.keepalive(60) <= slow.rate / 50
    assert Allowance(MB, 31 * DAY).keepalive(60) == 3600


def test_below_a_megabyte_a_day_a_device_does_not_stay() -> None:
    assert Allowance(200_000, DAY).rests
    assert Allowance(20 * MB, 31 * DAY).rests
    assert not Allowance(2 * MB, DAY).rests


def test_a_long_message_has_more_headers() -> None:
    assert wire(100) < wire(1_400) < wire(1_401) - 100
