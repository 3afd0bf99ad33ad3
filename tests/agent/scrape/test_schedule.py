"""One thread asks all endpoints; a slow one costs the others little."""

from __future__ import annotations

from itertools import pairwise

from agent.scrape.schedule import Schedule


def simulated(takes: dict[str, float], seconds: float, interval: float = 15.0) -> dict[str, list[float]]:
    """When each endpoint was asked, if it takes so many s."""
    schedule, now = Schedule(dict.fromkeys(takes, interval), 0.0), 0.0
    asked: dict[str, list[float]] = {name: [] for name in takes}
    while now < seconds:
        name, left = schedule.next(now)
        if left:
            now += left
            continue
        asked[name].append(now)
        schedule.asked(name, now, takes[name])
        now += takes[name]
    return asked


def gaps(times: list[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]


def test_each_has_its_interval() -> None:
    schedule, now = Schedule({"a": 5.0, "b": 20.0}, 100.0), 100.0
    asked: dict[str, list[float]] = {"a": [], "b": []}
    for _ in range(7):
        name, left = schedule.next(now)
        now += left
        asked[name].append(now)
        schedule.asked(name, now, 0.0)
    assert asked == {"a": [100, 105, 110, 115, 120], "b": [100, 120]}


def test_quick_ones_do_not_wait_for_those_that_hang() -> None:
    asked = simulated({"quick": 0.01, **{f"hung{n}": 3.0 for n in range(15)}}, 3600)
    late = [gap for gap in gaps(asked["quick"]) if gap > 15.0 + 3.02]
    assert late == []
    assert len(asked["quick"]) > 200


def test_those_that_hang_are_asked_too_and_leave_half_of_the_time() -> None:
    asked = simulated({f"hung{n}": 3.0 for n in range(16)}, 3600)
    assert min(map(len, asked.values())) >= 30
    assert 3.0 * sum(map(len, asked.values())) <= 0.52 * 3600


def test_all_slow_at_a_share_of_their_interval_is_no_matter() -> None:
    asked = simulated({"a": 0.5, "b": 0.5}, 600)
    assert {round(gap) for gap in gaps(asked["a"])} == {15}
