from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.cli import main
from agent.cli.cost import Clocks, Cost, json_lines, measure, table
from collectors.api import Metric, NoData, Reading, Registration
from collectors.catalog import NAMES
from collectors.host import Host
from collectors.runner import EVERYTHING
from collectors.schedule import Plan
from collectors.selection import Patterns, Selection

LEVEL = Metric("a.level", "1", "gauge", ("where",), "nowhere", "A gauge.")
SERIES = (LEVEL.of(where="here"), LEVEL.of(where="there"))


class Machine:
    """A boot clock that waiting moves, and CPU time that collectors spend."""

    def __init__(self) -> None:
        self.boot = 1000.0
        self.cpu = 0.0

    def wait(self, seconds: float) -> None:
        self.boot += seconds

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.boot, lambda: self.cpu, self.wait)


class Spender:
    """A collector whose polls take these CPU seconds in turn."""

    def __init__(self, machine: Machine, spends: Sequence[float]) -> None:
        self.machine = machine
        self.spends = iter(spends)

    def collect(self, now: float) -> Reading:
        self.machine.cpu += next(self.spends)
        return Reading(SERIES, [1, 2])

    def close(self) -> None:
        """Nothing is kept open."""


def spending(machine: Machine, *spends: float) -> Registration:
    return Registration("spender", "Made up.", (LEVEL,), lambda *_: Spender(machine, spends))


def cost(machine: Machine, registration: Registration, kept: Selection = EVERYTHING) -> Cost:
    (only,) = measure([Plan(registration, 10.0)], Host(), kept, 3, 1.0, 5.0, machine.clocks())
    return only


def test_a_poll_costs_the_median_and_the_first_does_not_count() -> None:
    machine = Machine()
    found = cost(machine, spending(machine, 9.0, 0.2, 0.1, 0.4))
    assert found.poll == pytest.approx(0.2)
    assert found._replace(poll=None) == Cost("spender", None, 2, 10.0)
    assert found.a_minute == pytest.approx(1.2)


def test_series_that_are_left_out_do_not_count() -> None:
    machine = Machine()
    kept = Selection(Patterns(), {"where": Patterns(("here",))})
    assert cost(machine, spending(machine, *[0.1] * 4), kept).series == 1


def test_what_cannot_be_read_has_a_reason_and_no_cost() -> None:
    def nothing(*_: object) -> Spender:
        raise NoData("no such hardware")

    found = cost(Machine(), Registration("none", "Made up.", (), nothing))
    assert found == Cost("none", None, 0, 10.0, "no such hardware")
    assert found.a_minute == 0.0


def test_a_collector_that_hangs_is_left_behind() -> None:
    machine, end = Machine(), threading.Event()

    class Hung(Spender):
        def collect(self, now: float) -> Reading:
            end.wait()
            return Reading((), [])

    hung = Registration("hung", "Made up.", (), lambda *_: Hung(machine, []))
    plans = [Plan(hung, 1.0), Plan(spending(machine, *[0.1] * 4), 1.0)]
    first, second = measure(plans, Host(), EVERYTHING, 3, 1.0, 0.05, machine.clocks())
    end.set()
    assert first.poll is None
    assert first.reason.startswith("hung has not answered for")
    assert second.poll == pytest.approx(0.1)


FOUND = [Cost("cpu", 0.0001, 20, 1.0), Cost("gpu", None, 0, 1.0, "no driver"), Cost("own", 0.0003, 5, 30.0)]


def test_the_table_ends_with_all_together() -> None:
    assert list(table(FOUND)) == [
        "collector      us a poll   every  series  CPU s a minute",
        "cpu                  100      1s      20         0.00600",
        "gpu                    -      1s       -               -  no driver",
        "own                  300     30s       5         0.00060",
        "all                                   25         0.00660",
    ]


def test_json_is_one_object_a_collector_and_one_for_all() -> None:
    assert [json.loads(line) for line in json_lines(FOUND)] == [
        {"collector": "cpu", "interval": 1.0, "poll": 0.0001, "series": 20, "cpu": 0.006},
        {"collector": "gpu", "interval": 1.0, "reason": "no driver"},
        {"collector": "own", "interval": 30.0, "poll": 0.0003, "series": 5, "cpu": 0.0006},
        {"collector": "all", "series": 25, "cpu": 0.0066},
    ]


def test_this_hosts_collectors_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[collectors]\npaging.enabled = false\n")
    assert main(["test", "--cost", "--json", "--interval", "50ms", "--config", str(file)]) == 0
    told = {one["collector"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert set(told) == {*NAMES, "all"} - {"paging"}
    assert told["memory"]["poll"] > 0
    assert told["memory"]["series"] > 5
    assert all("poll" in one or one["reason"] for name, one in told.items() if name != "all")
    assert told["all"]["cpu"] == pytest.approx(sum(one.get("cpu", 0) for one in told.values()) / 2, abs=1e-3)
