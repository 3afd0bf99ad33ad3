from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest

from collectors.api import Absence, Metric, NoData, Reading, Registration
from collectors.host import Host
from collectors.runner import EVERYTHING, METRICS, Runner, Superseded, Transition
from collectors.schedule import Plan, Regime
from collectors.selection import Patterns, Selection
from collectors.tally import Tally
from tests.collecting import planned

METRIC = Metric("test.value", "1", "gauge", (), "here", "A value.")
SERIES = (METRIC.of(),)
KEYED = Metric("test.keyed", "1", "gauge", ("where",), "here", "A value by place.")
Act = Callable[[float], Reading]


class Scripted:
    """A collector that does what the test tells it to."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.bench = bench
        self.name = name

    def collect(self, now: float) -> Reading:
        return self.bench.acts[self.name](now)

    def close(self) -> None:
        self.bench.close(self.name)


def right(now: float) -> Reading:
    return Reading(SERIES, [now])


class Bench:
    """A runner of scripted collectors, and what became of them."""

    def __init__(
        self,
        acts: dict[str, Act],
        interval: float = 1.0,
        report: float = 10.0,
        selection: Selection = EVERYTHING,
        metrics: tuple[Metric, ...] = (METRIC,),
    ) -> None:
        self.acts = acts
        self.metrics = metrics
        self.cpu = 0.0
        self.opened: dict[str, int] = dict.fromkeys(acts, 0)
        self.closed: dict[str, int] = dict.fromkeys(acts, 0)
        self.tally = Tally()
        clock = itertools.count()
        entries = [Plan(self.registration(name), interval) for name in acts]
        self.runner = Runner(
            entries,
            Host(),
            self.tally,
            lambda: float(next(clock)),
            report,
            selection=selection,
            cpu=lambda: self.cpu,
        )

    def registration(self, name: str) -> Registration:
        def opening(*_: object) -> Scripted:
            self.opened[name] += 1
            return Scripted(self, name)

        return Registration(name, "A test.", self.metrics, opening)

    def close(self, name: str) -> None:
        self.closed[name] += 1

    def poll(self, now: float) -> dict[str, Reading]:
        return dict(self.runner.poll(now, self.runner.token))

    def up(self, now: float) -> list[object]:
        """The gauges of `outrider.up`, from the runner's own reading."""
        return list(self.poll(now)["runner"].values[: len(self.acts)])

    def counted(self) -> dict[str, float]:
        return {each.name: each.value for each in self.tally.snapshot()}


def broken(_: float) -> Reading:
    raise ValueError("/proc/x: malformed line 'y\x1b[2J'")


def nothing(_: float) -> Reading:
    raise NoData("no such device on this host")


def test_every_collector_that_is_due_is_read() -> None:
    bench = Bench({"one": right, "two": right})
    readings = bench.poll(5.0)
    assert list(readings) == ["one", "two", "runner"]
    assert readings["one"] == Reading(SERIES, [5.0])
    assert bench.poll(5.9) == {}
    assert list(bench.poll(6.0)) == ["one", "two"]
    assert bench.runner.transitions() == []


def test_it_says_how_far_apart_the_readings_of_each_name_are() -> None:
    bench = Bench({"one": right}, interval=30.0)
    assert bench.runner.intervals == {"one": 30.0, "runner": 10.0}
    assert bench.runner.intervals.keys() == bench.poll(30.0).keys()


def test_an_error_costs_that_reading_only_and_is_told_once() -> None:
    bench = Bench({"bad": broken, "good": right})
    assert list(bench.poll(1.0)) == ["good", "runner"]
    reason = "ValueError: /proc/x: malformed line 'y?[2J'"
    assert bench.runner.transitions() == [Transition("bad", 1.0, "failing", reason)]
    assert list(bench.poll(2.0)) == ["good"]
    assert bench.runner.transitions() == []
    assert bench.counted() == {"outrider.collect.errors": 2}
    assert bench.opened["bad"] == bench.closed["bad"] == 2


def test_a_collector_that_fails_is_tried_less_and_less_often_and_comes_back() -> None:
    bench = Bench({"bad": broken})
    tried = []
    for now in range(200):
        before = bench.opened["bad"]
        bench.poll(float(now))
        if bench.opened["bad"] > before:
            tried.append(now)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    bench.acts["bad"] = right
    assert list(bench.poll(243.0)) == ["bad", "runner"]
    told = bench.runner.transitions()
    assert [(each.at, each.state, each.up) for each in told] == [(0.0, "failing", False), (243.0, "ok", True)]
    assert bench.runner.next_due() == 244.0


def test_nothing_to_read_is_no_error_and_looked_for_again_after_a_minute() -> None:
    bench = Bench({"none": nothing})
    assert bench.up(3.0) == [None]
    told = bench.runner.transitions()
    assert told == [Transition("none", 3.0, "absent", "no such device on this host")]
    assert told[0].up is None
    assert bench.counted() == {}
    assert bench.runner.next_due() == 63.0
    bench.acts["none"] = right
    assert "none" in bench.poll(63.0)


def test_up_is_told_at_every_change_and_every_ten_seconds() -> None:
    bench = Bench({"a": right, "b": right})
    assert bench.up(1.0) == [1, 1]
    bench.acts["b"] = broken
    assert bench.up(2.0) == [1, 0]
    assert "runner" not in bench.poll(3.0)
    assert bench.up(10.0) == [1, 0]


def test_durations_are_those_of_the_polls_since_the_last_report() -> None:
    bench = Bench({"a": right})
    bench.poll(10.0)
    for now in range(11, 20):
        bench.poll(float(now))
    reading = bench.poll(20.0)["runner"]
    assert reading.values == [1, [1.0] * 10]
    assert [each.name for each in reading.series] == ["outrider.up", "outrider.collect.duration"]
    assert {each.name: each.unit for each in METRICS}["outrider.collect.duration"] == "s"


def test_what_is_not_selected_is_neither_read_nor_counted() -> None:
    series = (KEYED.of(where="a"), KEYED.of(where="b"))

    def act(now: float) -> Reading:
        return Reading(series, [1, 2], (Absence("b", "left out"), Absence("c", "broken")))

    kept = Selection(Patterns(exclude=("*.duration",)), {"where": Patterns(exclude=("b",))})
    bench = Bench({"x": act}, selection=kept, metrics=(KEYED,))
    found = bench.poll(0.0)
    assert found["x"] == Reading(series[:1], [1], (Absence("c", "broken"),))
    assert [series.name for series in found["runner"].series] == ["outrider.up"]
    assert bench.counted()["outrider.collect.absences"] == 1
    assert bench.runner.excluded() == 2
    assert bench.poll(1.0)["x"].series is found["x"].series
    assert Bench({"x": act}).runner.excluded() is None


def test_absences_are_counted() -> None:
    bench = Bench({"a": lambda _: Reading(SERIES, [None], (Absence("x", "y"), Absence("z", "y")))})
    bench.poll(1.0)
    assert bench.counted() == {"outrider.collect.absences": 2}


def test_ticks_missed_in_a_suspend_are_skipped() -> None:
    bench = Bench({"a": right})
    bench.poll(1.0)
    assert "a" in bench.poll(1000.4)
    assert bench.runner.next_due() == 1001.0


@pytest.mark.parametrize("interval", [0.1, 0.3, 1.0, 7.0, 90.0])
def test_a_poll_at_its_due_time_is_never_due_again_at_once(interval: float) -> None:
    bench = Bench({"a": right}, interval)
    bench.poll(0.05)
    for _ in range(1000):
        due = bench.runner.next_due()
        bench.poll(due)
        assert bench.runner.next_due() - due == pytest.approx(interval)


def test_intervals_stay_in_phase() -> None:
    host, tally = Host(), Tally()
    made = [Bench({"x": right}).registration(name="x") for _ in range(2)]
    runner = Runner([Plan(made[0], 1.0), Plan(made[1], 10.0)], host, tally, lambda: 0.0)
    wakes = set()
    list(runner.poll(3.7, runner.token))
    for _ in range(40):
        wakes.add(runner.next_due())
        list(runner.poll(runner.next_due(), runner.token))
    assert wakes == {float(second) for second in range(4, 44)}


def test_a_collector_that_cannot_be_closed_is_counted_and_forgotten() -> None:
    bench = Bench({"bad": broken})
    bench.close = lambda _: (_ for _ in ()).throw(OSError("no"))  # type: ignore[assignment,method-assign]
    bench.poll(1.0)
    bench.runner.close()
    assert bench.counted()["outrider.collect.unclosed"] == 1


def test_closing_closes_each_once_and_supersedes_the_poll_thread() -> None:
    bench = Bench({"a": right, "b": right})
    token = bench.runner.token
    bench.poll(1.0)
    bench.runner.close()
    bench.runner.close()
    assert bench.closed == {"a": 1, "b": 1}
    with pytest.raises(Superseded):
        list(bench.runner.poll(2.0, token))


def test_a_runner_without_collectors_never_has_to_wake() -> None:
    assert Bench({}).runner.next_due() == math.inf


def test_states_say_how_each_collector_does_and_since_when() -> None:
    bench = Bench({"a": right, "b": broken})
    bench.poll(4.0)
    assert [(each.name, each.state, each.at) for each in bench.runner.states()] == [
        ("a", "ok", 4.0),
        ("b", "failing", 4.0),
    ]


def test_all_collectors_run_on_this_machine() -> None:
    clock = itertools.count()
    runner = Runner(planned(), Host(), Tally(), lambda: float(next(clock)))
    first = dict(runner.poll(100.0, runner.token))
    second = dict(runner.poll(101.0, runner.token))
    runner.close()
    assert {"cpu", "memory", "network", "own", "runner"} <= set(first)
    assert {"cpu", "memory", "network"} <= set(second)
    assert all(first[name].series is second[name].series for name in second if name != "runner")


def govern(bench: Bench, now: float, regime: Regime) -> None:
    """What the governor asks for, taken over by the poll thread."""
    bench.runner.govern(regime)
    assert bench.runner.comply(now)
    assert not bench.runner.comply(now)


def test_longer_intervals_are_kept_at_once_and_given_back() -> None:
    bench = Bench({"a": right, "b": right})
    bench.poll(5.0)
    govern(bench, 5.0, Regime({"a": 4}))
    assert bench.runner.intervals == {"a": 4.0, "b": 1.0, "runner": 10.0}
    assert [now for now in range(6, 20) if "a" in bench.poll(float(now))] == [8, 12, 16]
    assert bench.runner.stretch == 1.0
    govern(bench, 20.0, Regime({"a": 4, "b": 2}))
    assert bench.runner.stretch == 2.0
    govern(bench, 21.0, Regime())
    assert [now for now in range(22, 25) if "a" in bench.poll(float(now))] == [22, 23, 24]


def test_one_that_is_switched_off_is_closed_and_says_why_until_it_is_on_again() -> None:
    bench = Bench({"a": right, "b": right}, report=1e9)
    bench.poll(1.0)
    govern(bench, 1.5, Regime(off={"a": "cpu is past limits.cpu"}))
    assert bench.up(1.5) == [None, 1], "neither up nor down"
    assert bench.closed == {"a": 1, "b": 0}
    told = bench.runner.transitions()
    assert told == [Transition("a", 1.5, "governed", "cpu is past limits.cpu")]
    assert told[0].up is None
    assert not any("a" in bench.poll(float(now)) for now in range(2, 5000, 7))
    assert bench.runner.transitions() == []
    govern(bench, 6000.0, Regime())
    assert "a" in bench.poll(6000.0)
    assert [(each.state, each.up) for each in bench.runner.transitions()] == [("ok", True)]
    assert bench.opened["a"] == 2
    assert bench.counted() == {}, "none of it is an error"


def test_reopening_closes_what_each_keeps_open_and_reads_on() -> None:
    bench = Bench({"a": right, "b": nothing})
    bench.poll(1.0)
    govern(bench, 1.2, Regime(reopen=1))
    assert "a" in bench.poll(1.2)
    assert (bench.opened["a"], bench.closed["a"]) == (2, 1)
    bench.poll(2.0)
    assert bench.opened["a"] == 2


def test_a_longer_interval_gives_a_call_that_hangs_no_more_time() -> None:
    def patience(now: float) -> Reading:
        busy = bench.runner.busy()
        assert busy is not None
        return right(busy.deadline - busy.since)

    bench = Bench({"a": patience}, interval=10.0)
    assert bench.poll(0.0)["a"].values == [50.0]
    govern(bench, 0.0, Regime({"a": 16}))
    assert bench.poll(160.0)["a"].values == [50.0]


def test_the_cost_of_a_poll_is_the_processors_time_without_the_opening() -> None:
    bench = Bench({"a": right, "b": nothing}, interval=10.0)

    def costly(now: float) -> Reading:
        bench.cpu += 0.25
        return right(now)

    bench.acts["a"] = costly
    bench.poll(0.0)
    assert [each.poll for each in bench.runner.costs()] == [None, None]
    bench.poll(10.0)
    assert bench.runner.costs()[0] == ("a", 10.0, 0.25)
    bench.acts["a"] = right
    for now in range(20, 500, 10):
        bench.poll(float(now))
    assert bench.runner.costs()[0].poll == pytest.approx(0.0, abs=0.001)


def test_permission_errors_are_said_once_and_then_counted() -> None:
    """contrib#20435: a file that may not be read floods the log."""

    def closed(now: float) -> Reading:
        raise PermissionError(13, "Permission denied", "/proc/1/io")

    def partly(now: float) -> Reading:
        return Reading(SERIES, [None], (Absence("test.value", "Permission denied"),))

    bench = Bench({"closed": closed, "partly": partly})
    for now in range(3600):
        bench.poll(float(now))
    told = bench.runner.transitions()
    assert [(each.name, each.state) for each in told] == [("closed", "failing")]
    assert "Permission denied" in told[0].reason
    counted = bench.counted()
    assert counted["outrider.collect.errors"] > 50
    assert counted["outrider.collect.absences"] == 3600
