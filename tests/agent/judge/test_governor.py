from __future__ import annotations

from collections.abc import Mapping

from agent.judge.governor import KEPT, STRETCHED, Governor, Step
from agent.judge.ladder import Pace
from collectors.schedule import Cost, Regime

PACE = Pace(past=0.0, settle=0.0, calm=10.0)
COSTS = (
    Cost("cpu", 1.0, 0.000_2),
    Cost("memory", 1.0, 0.000_2),
    Cost("processes", 10.0, 0.050),  # 0.3 s a minute
    Cost("containers", 10.0, 0.020),  # 0.12
    Cost("gpu_nvidia", 1.0, 0.000_4),  # 0.024
    Cost("boot", 600.0, 0.001),
    Cost("wear", 3600.0, None),
    Cost("own", 30.0, 0.000_4),
)
SWITCHABLE = [cost.name for cost in COSTS if cost.name not in KEPT]


class Bench:
    """A governor that is looked at each second."""

    def __init__(self, ruled: frozenset[str] = frozenset()) -> None:
        limits = {"cpu": 0.02, "memory": 1000.0, "descriptors": 100.0}
        self.governor = Governor(limits, ruled, PACE)
        self.now = 0.0

    def look(self, **values: float | None) -> list[Step]:
        self.now += 1.0
        healthy: Mapping[str, float | None] = {"cpu": 0.001, "memory": 1.0, "descriptors": 1.0}
        return self.governor.look(self.now, {**healthy, **values}, COSTS)

    def up(self, times: int, **values: float | None) -> Regime:
        for _ in range(times):
            assert len(self.look(**values)) == 1
        return self.governor.regime

    def recover(self) -> list[Step]:
        """All the steps down until everything is as configured."""
        found: list[Step] = []
        for _ in range(2000):
            found += self.look()
        return found


def test_past_the_cpu_limit_the_costly_go_slower_first_then_all() -> None:
    bench = Bench()
    costly = {"processes": 2, "containers": 2}
    assert bench.up(1, cpu=0.05) == Regime(costly)
    assert bench.up(1, cpu=0.05).factors == dict.fromkeys(costly, 4)
    regime = bench.up(1, cpu=0.05)
    assert {name for name, factor in regime.factors.items() if factor == 8} == set(costly)
    assert {factor for name, factor in regime.factors.items() if name not in costly} == {2}
    assert set(regime.factors) == {cost.name for cost in COSTS}
    regime = bench.up(1, cpu=0.05)
    assert (regime.factors["processes"], regime.factors["cpu"], regime.off) == (16, 4, {})


def test_then_collectors_are_switched_off_the_costliest_first_and_never_those_that_are_kept() -> None:
    bench = Bench()
    bench.up(len(STRETCHED) - 1, cpu=0.05)
    order = []
    for _ in SWITCHABLE:
        before = set(bench.governor.regime.off)
        (step,) = bench.look(cpu=0.05)
        (added,) = set(bench.governor.regime.off) - before
        assert f"{added} switched off" in step.done
        order.append(added)
    assert order == ["processes", "containers", "gpu_nvidia", "boot", "wear"]
    assert bench.look(cpu=0.05) == [], "nothing is left"
    assert set(bench.governor.regime.off) == set(SWITCHABLE)


def test_a_collector_that_an_alert_rule_looks_at_goes_later() -> None:
    bench = Bench(frozenset(("processes",)))
    regime = bench.up(len(STRETCHED), cpu=0.05)
    assert list(regime.off) == ["containers"]
    assert list(bench.up(2, cpu=0.05).off) == ["containers", "gpu_nvidia", "processes"]


def test_it_says_which_limit_which_value_and_what_is_done() -> None:
    bench = Bench()
    (step,) = bench.look(cpu=0.05)
    assert step == Step("cpu", 0.05, 0.02, 1, True, "intervals x2 of processes, containers")
    bench.up(1, cpu=0.05)
    (step,) = bench.look(cpu=0.05)
    assert step.done == "intervals x2 of all, x8 of processes, containers"
    (step,) = bench.look(memory=2000.0)
    assert (step.limit, step.done) == ("memory", "memory given back")
    (step,) = bench.look(memory=2000.0)
    assert step.done.startswith("memory given back, processes switched off")
    assert bench.governor.regime.off == {"processes": "switched off: memory is past limits.memory"}


def test_past_the_limit_of_descriptors_all_begin_anew_then_collectors_go() -> None:
    bench = Bench()
    assert bench.up(1, descriptors=500.0) == Regime(reopen=1)
    regime = bench.up(1, descriptors=500.0)
    assert (regime.reopen, list(regime.off)) == (2, ["processes"])


def test_it_comes_back_in_the_reverse_order_to_what_was_configured() -> None:
    bench = Bench()
    bench.up(len(STRETCHED) + 1, cpu=0.05)
    steps = bench.recover()
    assert [step.step for step in steps] == list(range(len(STRETCHED), -1, -1))
    assert not any(step.up for step in steps)
    assert "containers switched on" in steps[0].done
    assert "processes switched on" in steps[1].done
    assert steps[-1].done == "intervals as configured"
    assert bench.governor.regime == Regime()
    assert bench.governor.steps == {"cpu": 0, "memory": 0, "descriptors": 0}


def test_two_limits_together_switch_off_what_the_further_one_asks_for() -> None:
    bench = Bench()
    bench.up(3, memory=2000.0)
    bench.up(2, descriptors=500.0)
    assert list(bench.governor.regime.off) == ["processes", "containers"]


def test_a_value_that_cannot_be_read_changes_nothing() -> None:
    bench = Bench()
    bench.up(2, cpu=0.05)
    before = bench.governor.regime
    for _ in range(100):
        assert bench.look(cpu=None, memory=None, descriptors=None) == []
    assert bench.governor.regime is before


def test_without_a_collector_that_may_go_slower_it_still_has_its_say() -> None:
    governor = Governor({"memory": 10.0, "cpu": 0.1}, frozenset(), PACE)
    own = (Cost("own", 30.0, None),)
    (step,) = governor.look(1.0, {"memory": 20.0, "cpu": 0.0}, own)
    assert step.done == "memory given back"
    assert governor.look(2.0, {"memory": 20.0, "cpu": 0.0}, own) == []
