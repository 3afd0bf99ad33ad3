"""A daemon past its own limits: a collector that burns, hoards or leaks for real makes it do with less,
say so, and come back."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from agent import governing
from agent.config import Config
from agent.config.settings import MIB, Alert, Broker, Device, Limits, Runtime, Store, Window
from agent.daemon import Daemon
from agent.judge.ladder import EASY, Pace
from agent.ship import protocol as shipped
from agent.view.broker import free_port
from collectors import catalog, own
from collectors.api import Metric, Reading, Registration
from collectors.host import Host
from collectors.tally import Tally
from tests.apart import apart
from tests.histories import events, windows, windows_pass
from tests.waiting import until

NAME = "glutton"
POLLS = Metric("test.polls", "{poll}", "counter", (), "test", "Polls.")
SERIES = (POLLS.of(),)
ROOMY = Limits(cpu=64.0, memory=64 * 1024 * MIB, descriptors=1_000_000)


class Glutton:
    """Takes more than its share: `burn` CPU s a poll, `hoard` bytes and `leak` descriptors until closed."""

    burn, hoard, leak = 0.0, 0, 0
    polls = 0

    def __init__(self) -> None:
        self.ballast = b""
        self.descriptors: list[int] = []

    def collect(self, now: float) -> Reading:
        Glutton.polls += 1
        end = time.thread_time() + self.burn
        while time.thread_time() < end:
            pass
        if len(self.ballast) < self.hoard:
            self.ballast = b"x" * self.hoard
        self.descriptors += [os.open("/dev/null", os.O_RDONLY) for _ in range(self.leak)]
        return Reading(SERIES, [Glutton.polls])

    def close(self) -> None:
        self.ballast = b""
        for each in self.descriptors:
            os.close(each)
        self.descriptors = []


def serve(patch: pytest.MonkeyPatch) -> None:
    """One collector more in the catalog, and steps that follow each other in tenths of a second."""
    module = ModuleType(f"collectors.{NAME}")
    module.COLLECTOR = Registration(NAME, "Too much.", (POLLS,), lambda *_: Glutton())  # type: ignore[attr-defined]
    patch.setitem(sys.modules, module.__name__, module)
    patch.setattr(catalog, "NAMES", (*catalog.NAMES, NAME))
    patch.setattr(governing, "EVERY", 0.1)
    patch.setattr(governing, "MEAN", 0.6)
    patch.setattr(governing, "DEFAULT_PACE", Pace(past=0.3, settle=1.0, calm=1.0, longest=2.0))
    for what, nothing in (("burn", 0.0), ("hoard", 0), ("leak", 0), ("polls", 0)):
        patch.setattr(Glutton, what, nothing)


@pytest.fixture(autouse=True)
def glutton(monkeypatch: pytest.MonkeyPatch) -> None:
    """The glutton, in this process."""
    serve(monkeypatch)


class Rig:
    """A daemon in this process that polls the glutton ten times a second."""

    def __init__(self, folder: Path, limits: Limits, *alerts: Alert) -> None:
        config = Config(
            device=Device(name="dut"),
            broker=Broker(url=f"mqtt://127.0.0.1:{free_port()}"),
            window=Window(1.0),
            store=Store(directory=str(folder / "state"), max_size=4 * MIB),
            runtime=Runtime(str(folder / "runtime")),
            limits=limits,
            alert=alerts,
        )
        polling = config.polling(NAME)._replace(interval=0.1)
        self.config = config._replace(collectors={NAME: polling})
        self.state = folder / "state"
        self.tally = Tally()
        self.lines: list[tuple[str, str]] = []
        self.daemon = Daemon(self.config, Host(), self.tally, lambda *line: self.lines.append(line))
        self.conditions: list[tuple[str, ...]] = []
        real = self.daemon._shipper.post

        def post(event: shipped.Event) -> None:
            if isinstance(event, shipped.Condition):
                self.conditions.append(event.degraded)
            real(event)

        self.daemon._shipper.post = post  # type: ignore[method-assign]

    def looks(self, until_so: str, step: int | None = None) -> None:
        """Look as the daemon's main thread does, until it said this, or until the limit is on this step."""
        limit = until_so.partition(" ")[0]

        def so() -> bool:
            said = self.daemon.look() and any(until_so in text for _, text in self.lines)
            return said and (step is None or self.steps()[limit] == step)

        until(so, lambda: (self.lines[-5:], self.steps()))

    def steps(self) -> dict[str, float]:
        """The gauge of each limit."""
        return {
            dict(each.attributes)["outrider.governor.limit"]: each.value
            for each in self.tally.snapshot()
            if each.name == governing.STEP
        }

    def told(self, name: str) -> list[str]:
        """The texts of the events of this name, once the daemon has ended."""
        return [event.text for event in events(self.state) if event.name == name]

    def interval(self) -> float:
        return self.daemon._runner.intervals[NAME]


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_one_that_costs_too_much_is_asked_less_often_until_it_costs_less(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ROOMY._replace(cpu=0.3))
    Glutton.burn = 0.08
    rig.daemon.start("test")
    rig.looks("cpu is at")
    assert "governor.cpu" in rig.conditions[-1]
    until(lambda: rig.daemon.look() and rig.interval() >= 0.4, rig.interval)
    until(lambda: rig.daemon.look() and (rig.daemon._governing.usage(time.monotonic())["cpu"] or 1) < 0.3)
    before = windows(rig.state)
    windows_pass(rig.state, 2)
    assert windows(rig.state) > before
    Glutton.burn = 0.0
    rig.looks("cpu is at", step=0)
    until(lambda: rig.daemon.look() and rig.interval() == 0.1, rig.interval)
    assert rig.conditions[-1] == ()
    rig.daemon.stop("test")
    tightened, eased = rig.told("governor.tightened"), rig.told("governor.eased")
    assert f"intervals x2 of {NAME}" in tightened[0]
    assert eased[-1].endswith("intervals as configured")
    assert len(tightened) == len(eased)


class Hoarded(NamedTuple):
    """A process's bytes before the glutton and with it switched off, its limit, and what the daemon told."""

    before: int
    held: int
    limit: int
    tightened: list[str]
    governed: list[str]
    names: list[str]


def hoarding(folder: Path) -> Hoarded:
    """A daemon with 80 MiB of room, and the glutton with 160 until it is switched off."""
    with pytest.MonkeyPatch.context() as patch:
        serve(patch)
        before = own.proportional(Host())
        rig = Rig(folder, ROOMY._replace(memory=before + 80 * MIB))
        Glutton.hoard, Glutton.burn = 160 * MIB, 0.01
        rig.daemon.start("test")
        rig.looks(f"{NAME} switched off")
        until(lambda: NAME in {each.name for each in rig.daemon._runner.states() if each.state == "governed"})
        Glutton.hoard = Glutton.burn = 0
        held, polls = own.proportional(Host()), Glutton.polls
        rig.looks("memory is at", step=0)
        until(lambda: Glutton.polls > polls)
        rig.daemon.stop("test")
        told = (rig.told("governor.tightened"), rig.told("collector.governed"))
        return Hoarded(
            before, held, rig.config.limits.memory, *told, [event.name for event in events(rig.state)]
        )


def test_one_that_hoards_memory_is_switched_off_and_gives_it_back(tmp_path: Path) -> None:
    found = apart(hoarding, tmp_path)
    assert found.before < EASY * found.limit, "what is left without it is well below"
    assert found.held < found.limit
    assert "memory given back" in found.tightened[0]
    assert found.governed == ["switched off: memory is past limits.memory"]
    names = found.names
    assert names.index("collector.governed") < len(names) - 1 - names[::-1].index("collector.ok")


@pytest.mark.usefixtures("thawed")
def test_one_that_leaks_descriptors_is_closed_and_begins_anew(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ROOMY)
    rig.daemon.start("test")
    windows_pass(rig.state, 1)
    most = own.descriptors(Host()) + 200
    rig.daemon.stop("test")
    rig = Rig(tmp_path, ROOMY._replace(descriptors=most))
    Glutton.leak = 20
    rig.daemon.start("test")
    rig.looks("what collectors keep open closed")
    Glutton.leak = 0
    until(lambda: own.descriptors(Host()) < most)
    rig.looks("descriptors is at", step=0)
    rig.daemon.stop("test")
    assert own.descriptors(Host()) < most - 150, "what leaked is closed"


@pytest.mark.usefixtures("thawed")
def test_a_reload_begins_with_everything_as_configured(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ROOMY._replace(cpu=0.05))
    Glutton.burn = 0.08
    rig.daemon.start("test")
    until(lambda: rig.daemon.look() and rig.interval() > 0.1, rig.interval)
    rig.daemon.stop("reload")
    Glutton.burn = 0.0
    fresh = Rig(tmp_path, ROOMY)
    fresh.daemon.start("reloaded")
    assert fresh.interval() == 0.1
    assert fresh.steps() == {"cpu": 0, "memory": 0, "descriptors": 0}
    assert fresh.daemon.look()
    fresh.daemon.stop("test")


@pytest.mark.usefixtures("thawed")
def test_an_absence_rule_is_told_of_the_governor_and_never_fires_for_a_longer_interval(
    tmp_path: Path,
) -> None:
    rule = Alert("silent", "no test.polls for 1500ms")
    rig = Rig(tmp_path, ROOMY._replace(cpu=0.02), rule)
    Glutton.burn = 0.08
    rig.daemon.start("test")
    until(lambda: rig.daemon.look() and rig.interval() >= 1.6, rig.interval)
    until(
        lambda: rig.daemon.look() and any("alert silent fired" in text for _, text in rig.lines),
        lambda: (rig.lines[-5:], rig.steps()),
        within=60,
    )
    rig.daemon.stop("test")
    fired = [event for event in events(rig.state) if event.name == "alert.fired"]
    assert [event.text for event in fired] == ["switched off: cpu is past limits.cpu"]
    off = next(
        event
        for event in events(rig.state)
        if event.name == "collector.governed" and dict(event.attributes)["outrider.collector"] == NAME
    )
    assert off.wall < fired[0].wall
