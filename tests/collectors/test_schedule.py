from __future__ import annotations

import pytest

from collectors import catalog
from collectors.schedule import Entry, Plan, Regime
from collectors.selection import Selection


def entry(interval: float) -> Entry:
    return Entry(Plan(catalog.load("cpu"), interval), Selection())


@pytest.mark.parametrize("interval", [0.1, 0.3, 1.0, 7.0])
def test_a_lengthened_interval_lies_on_its_own_multiples(interval: float) -> None:
    each = entry(interval)
    each.obey(Regime({"cpu": 4}), again=False, now=1000.05)
    assert each.interval == 4 * interval
    assert each.due / each.interval == pytest.approx(round(each.due / each.interval))
    assert 0 < each.due - 1000.05 <= 4 * interval * (1 + 1e-5)


def test_one_that_waits_for_another_reason_waits_on() -> None:
    each = entry(1.0)
    each.state, each.due = "absent", 1060.0
    each.obey(Regime({"cpu": 4}), again=False, now=1000.0)
    assert each.due == 1060.0
    each.obey(Regime({"cpu": 2}, {"cpu": "why"}), again=False, now=1001.0)
    assert each.due == 1001.0, "to be switched off is due at once"


def test_the_cost_follows_a_change_within_some_polls_and_not_one_spike() -> None:
    each = entry(1.0)
    each.spent(0.001)
    each.spent(0.1)
    assert each.cost == pytest.approx(0.013, rel=0.1)
    for _ in range(40):
        each.spent(0.1)
    assert each.cost == pytest.approx(0.1, rel=0.01)
