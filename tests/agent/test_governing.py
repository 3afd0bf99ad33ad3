"""The daemon's look at itself, on this very process: what it reads is real, and so is what it does."""

from __future__ import annotations

import os
import resource
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from agent import governing
from agent.config.settings import MIB, Alert, Limits
from agent.governing import EVERY, Governing, Outlets, give_back, ruled
from agent.judge.ladder import EASY, Pace
from collectors import own
from collectors.api import Attributes
from collectors.host import Host
from collectors.runner import Runner
from collectors.tally import Tally
from tests.apart import apart
from tests.collecting import planned

ROOMY = Limits(memory=64 * 1024 * MIB)  # the process of the tests is no daemon's
FAST = Pace(past=0.0, settle=0.0, calm=0.0)


class Bench:
    """Governs a runner of the real collectors, with what was said."""

    def __init__(self, limits: Limits, host: Host | None = None, ruled: frozenset[str] = frozenset()) -> None:
        self.events: list[tuple[str, str, Attributes]] = []
        self.lines: list[tuple[str, str]] = []
        self.tight: list[bool] = []
        self.tally = Tally()
        self.cpu = 0.0
        self.host = host or Host()
        self.runner = Runner(planned(), self.host, self.tally, time.monotonic, cpu=time.process_time)
        outlets = Outlets(
            lambda *event: self.events.append(event),
            self.tight.append,
            lambda *line: self.lines.append(line),
            self.tally,
        )
        self.governing = Governing(limits, ruled, self.runner, self.host, lambda: self.cpu, outlets)
        self.now = 0.0

    def look(self, busy: float = 0.0) -> tuple[str, ...]:
        """The next look, after this share of one core was used."""
        self.now += EVERY
        self.cpu += EVERY * busy
        return self.governing.look(self.now)

    def counted(self, name: str) -> dict[str, float]:
        return {
            dict(each.attributes)["outrider.governor.limit"]: each.value
            for each in self.tally.snapshot()
            if each.name == name
        }


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that need not be waited for."""
    monkeypatch.setattr(governing, "DEFAULT_PACE", FAST)


def test_a_healthy_process_is_far_from_the_defaults() -> None:
    bench = Bench(ROOMY)
    for _ in range(20):
        assert bench.look(0.01) == ()
    assert bench.events == []
    used = bench.governing.usage(bench.now)
    assert used["cpu"] == pytest.approx(0.01)
    assert 1 < (used["descriptors"] or 0) < Limits().descriptors / 2


def test_the_defaults_lie_below_what_the_unit_allows() -> None:
    unit = (Path(__file__).parents[2] / "systemd/outrider.service").read_text()
    said = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and line[0] != "#")
    limits = Limits()
    assert limits.memory < int(said["MemoryHigh"].removesuffix("M")) * MIB
    assert limits.cpu < float(said["CPUQuota"].removesuffix("%")) / 100
    assert limits.descriptors < governing.ALLOWED * int(said["LimitNOFILE"])


def test_it_is_the_mean_of_a_minute_that_counts() -> None:
    bench = Bench(Limits())
    for _ in range(10):
        bench.look(0.05)
    bench.look(0.65)
    assert bench.governing.usage(bench.now)["cpu"] == pytest.approx(0.15)


@pytest.mark.usefixtures("fast")
def test_it_says_what_was_past_which_limit_and_what_was_done_and_takes_it_back() -> None:
    bench = Bench(ROOMY._replace(cpu=0.02))
    for _ in range(6):
        assert bench.look(0.05) == ()
    assert {each.poll for each in bench.runner.costs()} == {None}
    assert bench.look(0.05) == (), "which collectors cost, nobody knows yet"
    for _ in range(2):
        list(bench.runner.poll(bench.now, bench.runner.token))
        bench.now += 3600.0
    while not (reasons := bench.look(0.05)):
        assert bench.now < 8000
    assert reasons == ("governor.cpu",)
    ((name, text, attributes),) = bench.events
    assert name == "governor.tightened"
    assert text.startswith("cpu is at 5 % of a core, limits.cpu is 2 % of a core: intervals x2 of ")
    assert dict(attributes) == {"limit": "cpu", "value": "0.05", "bound": "0.02", "step": "1"}
    assert bench.lines == [("warning", text)]
    assert bench.counted(governing.STEP) == {"cpu": 1, "memory": 0, "descriptors": 0}
    assert bench.runner.comply(bench.now)
    slowed = [
        each.name for each in bench.runner.costs() if bench.runner.intervals[each.name] == 2 * each.interval
    ]
    assert slowed
    assert all(name in text for name in slowed)
    while bench.look():
        assert bench.now < 9000
    assert bench.events[-1][0] == "governor.eased"
    assert bench.lines[-1][0] == "info"
    assert bench.counted(governing.STEP)["cpu"] == 0


class Ballasted(NamedTuple):
    """A process before, with and after ballast: its bytes, what each look found, and what was done."""

    before: int
    looks: list[tuple[str, ...]]
    tight: list[bool]
    events: list[tuple[str, str, Attributes]]
    off: int


def ballasted() -> Ballasted:
    """Look once before, and twice with 80 MiB more, of which the limit has room for 60; then without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(governing, "DEFAULT_PACE", FAST)
        give_back()
        before = own.proportional(Host())
        bench = Bench(ROOMY._replace(memory=before + 60 * MIB))
        looks = [bench.look()]
        ballast = bytearray(b"x" * 80 * MIB)
        looks += [bench.look(), bench.look()]
        bench.runner.comply(bench.now)
        off = len(bench.runner.off)
        ballast.clear()
        bench.look()
    return Ballasted(before, looks, bench.tight, bench.events, off)


def test_memory_that_is_really_there_makes_it_give_back_and_then_switch_off() -> None:
    found = apart(ballasted)
    assert found.before < EASY * (found.before + 60 * MIB), "what is left below the ballast is well below"
    assert found.looks == [(), ("governor.memory",), ("governor.memory",)]
    assert found.tight == [True] * 3
    assert [name for name, _, _ in found.events] == ["governor.tightened"] * 2 + ["governor.eased"]
    assert found.events[0][1].endswith("memory given back")
    assert float(dict(found.events[0][2])["value"]) > found.before + 70 * MIB
    assert found.off == 1


def test_the_kernel_walks_the_pages_once_a_minute_and_at_each_look_near_the_limit(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.own.mkdir(parents=True)

    def holds(rss: int, share: int) -> None:
        pages = rss * MIB // host.page
        (host.own / "stat").write_text(f"1 (outrider) S {' '.join(['0'] * 20)} {pages} 0\n")
        (host.own / "smaps_rollup").write_text(
            f"00400000-7ffff000 ---p 00000000 00:00 0 [rollup]\nPss: {share * 1024} kB\n"
        )

    bench = Bench(Limits(memory=100 * MIB), host)

    def used() -> float:
        bench.now += EVERY
        return (bench.governing.usage(bench.now)["memory"] or 0.0) / MIB

    holds(rss=60, share=30)
    assert used() == 60, "well below the limit"
    holds(rss=80, share=50)
    assert used() == 50
    holds(rss=85, share=70)
    assert used() == 55, "what others bear is as before"
    bench.now += own.SELDOM
    assert used() == 70
    holds(rss=90, share=60)
    assert used() == 60, "it would be 75, near the limit"
    holds(rss=110, share=72)
    assert used() == 72
    holds(rss=110, share=71)
    assert used() == 71


def test_what_is_given_back_leaves_the_process() -> None:
    blocks = [bytes(1000) for _ in range(60_000)]
    keep = blocks[::3000]
    before = own.proportional(Host())
    del blocks
    give_back()
    assert own.proportional(Host()) < before - 30 * MIB
    assert len(keep) == 20


@pytest.mark.usefixtures("fast")
def test_descriptors_that_leak_make_all_begin_anew() -> None:
    bench = Bench(ROOMY._replace(descriptors=own.descriptors(Host()) + 64))
    assert bench.look() == ()
    with ExitStack() as leak:
        for _ in range(100):
            leak.callback(os.close, os.open("/dev/null", os.O_RDONLY))
        assert bench.look() == ("governor.descriptors",)
        assert bench.events[0][1].endswith("what collectors keep open closed")
    while bench.look():
        assert bench.now < 1000


def test_the_processs_own_limit_counts_where_it_is_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        bench = Bench(Limits())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert bench.governing._bounds["descriptors"] == 192


@pytest.mark.usefixtures("fast")
def test_what_cannot_be_read_is_counted_and_moves_nothing(tmp_path: Path) -> None:
    bench = Bench(Limits(memory=16 * MIB), Host(tmp_path))
    for _ in range(5):
        assert bench.look() == ()
    assert bench.counted(governing.UNREAD) == {"memory": 5, "descriptors": 5}


@pytest.mark.parametrize(
    ("when", "seen"),
    [
        ("system.filesystem.util* > 90%", {"filesystem"}),
        ("system.memory.utilization > 90%", {"memory"}),
        (
            "no outrider.up{outrider.collector='gpu_*'} for 5m",
            {"gpu_nvidia", "gpu_amd", "gpu_intel", "gpu_jetson"},
        ),
        ("no.such.metric > 1", set()),
    ],
)
def test_collectors_that_a_rule_looks_at_are_known(when: str, seen: set[str]) -> None:
    assert ruled([Alert("rule", when)], planned()) == seen
