from __future__ import annotations

from agent.ship.budget import Allowance, Budget, wire
from agent.ship.grain import MEASURED, Grain

DAY = 86_400.0


def made(limit: int, *, filled: float = 0.6, connection: int = 0) -> tuple[Budget, Grain]:
    budget = Budget(Allowance(limit, DAY), "boot")
    budget.level = budget.full * filled
    return budget, Grain(budget, 60.0, connection)


def measure(grain: Grain, cost: int, size: int = 1_000, times: int = MEASURED) -> None:
    for _ in range(times):
        grain.spend(cost)
        grain.delivered("live", size, grain.sustained)


def test_a_rich_budget_ships_each_window() -> None:
    _, grain = made(20_000_000)
    measure(grain, 1_600)
    assert grain.choose(0) is None
    assert grain.grain == 1


def test_a_short_budget_ships_as_coarse_as_messages_really_cost() -> None:
    budget, grain = made(2_000_000)
    measure(grain, 5_000)
    change = grain.choose(0)
    assert change is not None
    assert (change.before, change.after, change.cost) == (1, 4, 5_000)
    assert 5_000 / (4 * 60) <= budget.allowance.rate < 5_000 / (2 * 60)


def test_before_anything_is_measured_a_device_that_does_not_stay_counts_its_connections() -> None:
    _, grain = made(200_000, connection=5_500)
    grain.choose(0)
    assert grain.sustained == 64
    _, rich = made(20_000_000)
    assert rich.choose(0) is None


def test_one_expensive_reconnection_does_not_move_it() -> None:
    _, grain = made(2_000_000)
    measure(grain, 1_250)
    grain.spend(9_000)
    grain.delivered("live", 1_000, 1)
    assert grain.choose(0) is None
    assert grain.cost == 1_250


def test_the_attempts_of_a_long_outage_do_not_make_the_first_windows_after_it_coarse() -> None:
    """Before anything is measured they would be the only cost that is known: a grain of 17 hours."""
    _, grain = made(2_000_000)
    grain.spend(1_500_000)
    grain.delivered("live", 600, 1)
    change = grain.choose(0)
    assert change is not None
    assert change.after == 2
    for _ in range(2):
        grain.spend(1_000)
        grain.delivered("live", 600, 2)
    assert grain.cost == 1_000
    grain.choose(0)
    assert grain.sustained == 1


def test_what_the_backlog_takes_is_not_the_newest_windows_cost() -> None:
    _, grain = made(2_000_000)
    for _ in range(MEASURED):
        grain.spend(1_250 + wire(50_000))
        grain.delivered("backlog", 50_000, 64)
        grain.delivered("live", 900, 1)
    assert grain.cost == 1_250


def test_what_is_left_of_a_block_that_was_cut_counts_with_the_next_one() -> None:
    _, grain = made(2_000_000)
    measure(grain, 5_000)
    grain.choose(0)
    costs = grain.cost
    grain.spend(1_200)
    grain.delivered("live", 900, 1)
    assert grain.cost == costs


def test_it_does_not_flap_where_costs_lie_near_a_bound() -> None:
    budget, grain = made(2_000_000)
    bound = budget.allowance.rate * 60
    changes = 0
    for n in range(200):
        measure(grain, int(bound * (1.03 if n % 2 else 0.97)), times=1)
        changes += grain.choose(0) is not None
    assert changes <= 1
    measure(grain, int(bound * 0.8))
    assert grain.choose(0) is not None
    assert grain.sustained == 1


def test_a_bucket_that_runs_over_is_used_for_finer_windows_until_it_is_half_empty() -> None:
    budget, grain = made(2_000_000)
    measure(grain, 9_000)
    grain.choose(0)
    assert (grain.sustained, grain.grain) == (8, 8)
    found = []
    for filled in (0.7, 0.8, 0.6, 0.51, 0.49, 0.7, 0.96, 0.86, 0.84, 0.4):
        budget.level = budget.full * filled
        grain.choose(0)
        found.append(grain.grain)
    assert found == [8, 4, 4, 4, 8, 8, 2, 2, 4, 8]


def test_a_backlog_makes_windows_coarser_so_that_it_is_gone_within_a_period() -> None:
    _, grain = made(2_000_000, filled=1.0)
    measure(grain, 1_250)
    grain.choose(0)
    assert grain.sustained == 1
    grain.choose(88 * 60)
    assert grain.grain == grain.sustained == 8
    grain.choose(100)
    assert grain.sustained < 8


def test_a_restart_goes_on_until_something_is_measured() -> None:
    _, grain = made(2_000_000)
    grain.restore(16)
    assert (grain.choose(0), grain.grain) == (None, 16)
    measure(grain, 1_000)
    change = grain.choose(0)
    assert change is not None
    assert change.after == 1
