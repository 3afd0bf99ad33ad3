"""The flight recorder of the real daemon: the seconds around an alert, whatever happens to the daemon."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.daemon import RING
from agent.stats.frame import Content
from agent.stats.ring import Ring
from agent.stats.ticks import polled
from agent.view.captures import Captured, of
from tests.brokers import Secured
from tests.daemons import Daemon
from tests.e2e.conftest import OpenDaemon, OpenSink
from tests.histories import reading, windows_pass
from tests.moving import MovingHost
from tests.waiting import until

AVAILABLE = "system.memory.linux.available"
SLACK = 0.05
"""Seconds by which two readings of the offset between the clocks may differ."""

PLENTY, LITTLE = 4 << 30, 512 << 20
RECORDER = """
[collect]
interval = "200ms"
[recorder]
before = "4s"
after = "3s"
[[alert]]
name = "low"
when = "system.memory.linux.available < 1 GiB"
"""
Made = Callable[..., Daemon]


@pytest.fixture
def host(tmp_path: Path) -> MovingHost:
    return MovingHost(tmp_path / "host")


@pytest.fixture
def recorded(
    daemons: OpenDaemon, configured: Callable[[str], list[str]], host: MovingHost, tmp_path: Path
) -> Made:
    """Makes a daemon with the rule above, on the host that moves; not yet started."""

    def make(url: str = "mqtt://127.0.0.1:1", more: str = "") -> Daemon:
        words = configured(url)
        path = tmp_path / "outrider.toml"
        path.write_text(f'{path.read_text()}[host]\nroot = "{host.root}"\n{RECORDER}{more}')
        return daemons(words)

    return make


def captures(daemon: Daemon) -> list[Content]:
    with reading(daemon.state) as reader:
        rows = [each for each in reader.stored(streams=("samples",)) if each.row.tombstone is None]
        return [each.content() for each in rows]


def captured(daemon: Daemon) -> tuple[Captured, list[tuple[float, float]]]:
    """The capture that comes, and the memory in it: when, and how much."""
    until(lambda: bool(captures(daemon)), daemon.child.tail)
    (content,) = captures(daemon)
    found = of(content)
    assert found is not None
    (memory,) = [polls for series, polls in polled(content.frames).items() if series.name == AVAILABLE]
    return found, memory


def holds_the_crossing(found: Captured, memory: list[tuple[float, float]]) -> None:
    """The value fell at the trigger, and each poll on both sides is there."""
    assert [value for at, value in memory if at < found.at - 0.001] == [PLENTY] * sum(
        at < found.at - 0.001 for at, _ in memory
    )
    assert {value for at, value in memory if at >= found.at - 0.001} == {LITTLE}
    assert found.before >= 3.0
    assert found.after >= 2.0


def polls(daemon: Daemon, first: float, last: float) -> int:
    """How many polls the ring has of that time (wall s), however busy the machine was."""
    offset = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    times = Ring.view(daemon.runtime / RING).times
    return sum(first - SLACK <= at + offset <= last + SLACK for at in times)


def test_a_capture_holds_the_seconds_before_and_after_the_crossing(
    recorded: Made, host: MovingHost, broker: Secured, sinks: OpenSink
) -> None:
    sink = sinks(broker.url).start().subscribed()
    daemon = recorded(broker.url).start()
    windows_pass(daemon.state, 5)
    host.available(LITTLE)
    found, memory = captured(daemon)
    assert (found.by, found.rule, found.metric) == ("alert.fired", "low", AVAILABLE)
    holds_the_crossing(found, memory)
    assert len(memory) == polls(daemon, memory[0][0], memory[-1][0])
    with_samples = Path(sink.store)
    until(lambda: len(held(with_samples)) == 1, daemon.child.tail)
    (shipped,) = held(with_samples)
    assert of(shipped) == found
    assert polled(shipped.frames).keys() == polled(captures(daemon)[0].frames).keys()


def held(store: Path) -> list[Content]:
    """The captures that the sink has."""
    from contextlib import closing

    from agent.view.fleet import FleetStore

    with closing(FleetStore.open(store, "main")) as fleet:
        return [content for key, content in fleet.contents("dut", 0.0) if key.stream == "samples"]


def test_kill_9_between_the_trigger_and_the_end_loses_nothing_that_was_polled(
    recorded: Made, host: MovingHost
) -> None:
    daemon = recorded().start()
    windows_pass(daemon.state, 5)
    host.available(LITTLE)
    until(lambda: pending(daemon), daemon.child.tail)
    daemon.kill()
    assert captures(daemon) == []
    daemon.start()
    found, memory = captured(daemon)
    assert (found.rule, found.joined) == ("low", 0)
    assert [value for at, value in memory if at < found.at - 0.001].count(PLENTY) >= 15
    assert LITTLE in {value for _, value in memory}


def pending(daemon: Daemon) -> bool:
    with reading(daemon.state) as reader:
        return b'"low"' in reader.states("kept").get("captures", b"")


def record(daemon: Daemon, *words: str) -> subprocess.CompletedProcess[str]:
    """`outrider record` beside the daemon."""
    command = [sys.executable, "-m", "agent", "record", *words]
    places = ["--state-dir", str(daemon.state), "--runtime-dir", str(daemon.runtime), "--device", "dut"]
    return subprocess.run([*command, *places], capture_output=True, text=True, timeout=60, check=False)


def test_people_on_the_device_ask_for_a_capture_and_look_at_it(recorded: Made) -> None:
    daemon = recorded().start()
    windows_pass(daemon.state, 2)
    asked = record(daemon, "--before", "1s", "--after", "1s", "--note", "the fan rattled")
    assert (asked.returncode, asked.stderr) == (0, "")
    begun, done = asked.stdout.splitlines()
    name = done.partition(":")[0]
    assert begun.startswith(f"{name}: ")
    assert "ticks of" in done
    (line,) = record(daemon, "ls").stdout.splitlines()
    assert line.startswith(name)
    assert "command the fan rattled" in line
    about, *series = [json.loads(each) for each in record(daemon, "show", name, "--json").stdout.splitlines()]
    assert (about["capture"], about["text"], about["by"]) == (name, "the fan rattled", "command")
    memory = next(each["samples"] for each in series if each["metric"] == AVAILABLE)
    assert {value for _, value in memory} == {PLENTY}
    shown = record(daemon, "show", "-", AVAILABLE).stdout.splitlines()
    assert len(shown) == len(memory)


def test_a_daemon_without_a_ring_says_so(recorded: Made) -> None:
    daemon = recorded(more="[ring]\nenabled = false\n").start()
    asked = record(daemon)
    assert asked.returncode == 1
    assert "ring.enabled is false" in asked.stderr


def test_without_a_daemon_nobody_is_asked(recorded: Made) -> None:
    daemon = recorded().start()
    daemon.kill()
    asked = record(daemon)
    assert asked.returncode == 1
    assert "no daemon listens there now" in asked.stderr
    assert record(daemon, "show", "nothing").returncode == 1


def test_a_daemon_that_goes_meanwhile_takes_the_capture_when_it_is_back(recorded: Made) -> None:
    daemon = recorded().start()
    windows_pass(daemon.state, 2)
    words = ["record", "--before", "1s", "--after", "10s"]
    places = ["--state-dir", str(daemon.state), "--runtime-dir", str(daemon.runtime)]
    with subprocess.Popen(
        [sys.executable, "-m", "agent", *words, *places],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        assert asking.stdout is not None
        assert "s to go" in asking.stdout.readline()
        daemon.kill()
        _, said = asking.communicate(timeout=30)
    assert asking.returncode == 1
    assert "goes on when it is back" in said
    daemon.start()
    found, _ = captured(daemon)
    assert (found.by, found.after > 8) == ("command", True)
