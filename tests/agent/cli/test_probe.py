from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import main
from agent.cli.probe import NO_VALUE, Probe, as_json, as_table, probe, samples
from collectors.api import Absence, Metric, NoData, Reading, Registration
from collectors.catalog import NAMES
from collectors.host import Host
from collectors.schedule import Plan

LEVEL = Metric("a.level", "1", "gauge", ("where",), "nowhere", "A gauge.")
TOTAL = Metric("a.total", "By", "counter", (), "nowhere", "A counter.")
TIMES = Metric("a.duration", "s", "histogram", (), "nowhere", "A histogram.")
SERIES = (LEVEL.of(where="here"), LEVEL.of(where="there"), TOTAL.of(), TIMES.of())


class Scripted:
    """A collector that gives these readings in turn, or raises them."""

    def __init__(self, script: Iterator[Reading | Exception]) -> None:
        self.script = script

    def collect(self, now: float) -> Reading:
        step = next(self.script)
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        """Nothing is kept open."""


def registration(*script: Reading | Exception, name: str = "scripted") -> Registration:
    collector = Scripted(iter(script))

    def opened(*_: object) -> Scripted:
        return collector

    return Registration(name, "Made up.", (LEVEL, TOTAL, TIMES), opened)


class Hung:
    """A collector whose driver never answers."""

    def __init__(self) -> None:
        self.end = threading.Event()

    def collect(self, now: float) -> Reading:
        self.end.wait()
        raise NoData("over")

    def close(self) -> None:
        """Nothing is kept open."""


class Clock:
    """Time that passes by waiting alone."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def probed(*script: Reading | Exception) -> Probe:
    clock = Clock()
    (only,) = probe([Plan(registration(*script), 1.0)], 2.0, 10.0, Host(), clock, clock.wait)
    return only


FIRST = Reading(SERIES, [0.5, 7, 1000, [0.1]])
LAST = Reading(SERIES, [0.25, None, 3000, [0.2, 0.3]], (Absence("gpu0", "fell off the bus"),))


def test_a_counter_is_told_with_its_growth_a_second() -> None:
    (counter,) = [one for one in samples(probed(FIRST, LAST), 2.0) if one.kind == "counter"]
    assert (counter.value, counter.rate) == (3000, 1000.0)


def test_a_counter_that_began_anew_has_no_rate() -> None:
    (counter,) = [one for one in samples(probed(LAST, FIRST), 2.0) if one.kind == "counter"]
    assert (counter.value, counter.rate) == (1000, None)


def test_a_gauge_read_less_often_keeps_its_first_value() -> None:
    told = list(samples(probed(FIRST, LAST), 2.0))
    assert [one.value for one in told if one.metric == "a.level"] == [0.25, 7]


def test_absences_have_their_reason_and_no_value() -> None:
    both_absent = Reading(SERIES, [None, 1, 1, []], (Absence("a.level", "not supported"),))
    told = list(samples(probed(both_absent, both_absent), 2.0))
    assert [(one.value, one.reason) for one in told if one.attributes == {"where": "here"}] == [
        (None, "not supported")
    ]
    unsaid = Reading(SERIES, [None, 1, 1, []])
    assert next(samples(probed(unsaid, unsaid), 2.0)).reason == NO_VALUE
    device = [one for one in samples(probed(FIRST, LAST), 2.0) if one.metric == "gpu0"]
    assert [(one.value, one.reason) for one in device] == [(None, "fell off the bus")]


def test_a_collector_that_fails_or_has_nothing_is_one_absence() -> None:
    (failed,) = samples(probed(ValueError("a malformed line"), ValueError("a malformed line")), 2.0)
    assert failed.value is None
    assert "a malformed line" in failed.reason
    (nothing,) = samples(probed(NoData("no such hardware")), 2.0)
    assert nothing.reason == "no such hardware"


def test_a_collector_that_hangs_keeps_nobody_waiting() -> None:
    hung = Hung()
    hanging = Registration("hung", "Hangs.", (), lambda *_: hung)
    clock = Clock()
    first, second = probe(
        [Plan(hanging, 1.0), Plan(registration(FIRST, LAST), 1.0)], 0.1, 0.1, Host(), clock, clock.wait
    )
    hung.end.set()
    assert (first.last, first.reason) == (None, "no answer for 0.1 s")
    assert second.last == LAST


def test_the_table_stands_in_columns() -> None:
    assert list(as_table(probed(FIRST, LAST), 2.0)) == [
        "scripted: Made up.",
        '  a.level{where="here"}         0.25 1',
        '  a.level{where="there"}           7 1',
        "  a.total                       3000 By  (+1000 By/s)",
        "  a.duration              [0.2, 0.3] s",
        "  gpu0                        absent fell off the bus",
        "",
    ]


def test_json_is_one_object_a_sample() -> None:
    told = [json.loads(line) for line in as_json(probed(FIRST, LAST), 2.0)]
    assert told[0] == {
        "collector": "scripted",
        "metric": "a.level",
        "attributes": {"where": "here"},
        "unit": "1",
        "kind": "gauge",
        "value": 0.25,
    }
    assert told[2]["rate"] == 1000.0
    assert (told[4]["metric"], told[4]["value"], told[4]["reason"]) == ("gpu0", None, "fell off the bus")


def test_this_host_is_read_by_every_enabled_collector(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[collectors]\npaging.enabled = false\n")
    assert main(["test", "--json", "--interval", "50ms", "--config", str(file)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["collector"] for one in told} == set(NAMES) - {"paging"}
    limit = next(one for one in told if one["metric"] == "system.memory.limit")
    assert limit["value"] > 0
    assert limit["unit"] == "By"
    assert all(one["value"] is not None or one["reason"] for one in told)


def test_reading_nothing_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[collectors]\n" + "".join(f"{name}.enabled = false\n" for name in NAMES))
    assert main(["test", "--interval", "50ms", "--config", str(file)]) == 1


@pytest.mark.parametrize("interval", ["0", "1y", "2h", ""])
def test_a_bad_interval_is_wrong_usage(interval: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["test", "--interval", interval])
    assert ended.value.code == 2
    assert "allowed: 50ms to 1h" in (err := capsys.readouterr().err) or "is no duration" in err


def test_bytes_and_shares_are_told_as_people_read_them_too() -> None:
    used = Metric("system.memory.usage", "By", "gauge", (), "nowhere", "Bytes.").of()
    share = Metric("system.memory.utilization", "1", "gauge", (), "nowhere", "A share.").of()
    flag = Metric("a.flag", "1", "gauge", (), "nowhere", "0 or 1.").of()
    reading = Reading((used, share, flag), [3 << 30, 0.25, 1])
    told = [line.strip() for line in as_table(probed(reading, reading), 2.0)]
    assert "By  (3GiB)" in told[1]
    assert "0.25 1  (25%)" in told[2]
    assert told[3].endswith("1 1")
