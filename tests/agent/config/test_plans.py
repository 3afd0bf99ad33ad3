from __future__ import annotations

from agent.config.collected import Metrics, Picked, Polling
from agent.config.plans import plans, selection
from agent.config.settings import Config
from collectors.catalog import NAMES
from collectors.options import OPTIONS, Filesystem
from collectors.selection import Patterns, Selection


def test_every_collector_is_planned_with_its_options() -> None:
    found = plans(Config())
    assert [plan.registration.name for plan in found] == list(NAMES)
    assert [plan.options for plan in found] == [OPTIONS.get(name) for name in NAMES]


def test_what_was_configured_is_handed_over() -> None:
    given = {"cpu": Polling(enabled=False), "filesystem": Polling(True, 5.0, Filesystem(remote=True))}
    found = {plan.registration.name: plan for plan in plans(Config(collectors=given))}
    assert "cpu" not in found
    assert found["filesystem"][1:] == (5.0, Filesystem(remote=True))


def test_patterns_are_handed_over() -> None:
    config = Config(metrics=Metrics(("a*",)), attributes={"cpu.mode": Picked((), ("idle",))})
    assert selection(Config()) == Selection()
    assert selection(config) == Selection(Patterns(("a*",)), {"cpu.mode": Patterns((), ("idle",))})
