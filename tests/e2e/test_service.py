"""The daemon as a service: readiness, watchdog, reload, a collector that hangs, the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.stats.frame import Event
from tests.deadmount import dead_mount
from tests.e2e.conftest import OpenDaemon
from tests.histories import events, windows_pass
from tests.waiting import until

Configured = Callable[[str], list[str]]
NOWHERE = "mqtt://127.0.0.1:1"
STOP_WITHIN = 5.0


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[list[str]]:
    """The command that runs a program for which reading /proc/loadavg never ends."""
    with dead_mount(tmp_path / "dead") as dead:
        bound = f'mount --bind {dead.file} /proc/loadavg && exec "$@"'
        yield ["unshare", "--mount", "sh", "-c", bound, "sh"]


def named(state: Path, name: str) -> list[Event]:
    """The events of that name in the history."""
    return [event for event in events(state) if event.name == name]


@pytest.mark.usefixtures("fast_look")
def test_it_says_when_it_is_ready_alive_and_ending(daemons: OpenDaemon, configured: Configured) -> None:
    daemon = daemons(configured(NOWHERE)).start(ready=False)
    status = daemon.told("STATUS")
    assert "windows of 1 s" in status
    daemon.told("WATCHDOG", "1", within=5.0)
    daemon.told("WATCHDOG", "1", within=5.0)
    assert daemon.stop() == 0
    assert daemon.told("STOPPING", "1") == "1"
    assert [event.text for event in named(daemon.state, "agent.start")] == ["started"]
    assert [event.text for event in named(daemon.state, "agent.stop")] == ["told to stop"]


def test_a_reload_changes_span_and_interval_and_the_process_stays(
    tmp_path: Path, daemons: OpenDaemon, configured: Configured
) -> None:
    daemon = daemons(configured(NOWHERE)).start()
    pid = daemon.child.pid
    file = tmp_path / "outrider.toml"
    slower = file.read_text().replace('span = "1s"', 'span = "2s"')
    file.write_text(f'{slower}[collect]\ninterval = "500ms"\n')
    daemon.reload()
    assert int(daemon.told("MONOTONIC_USEC")) <= time.monotonic() * 1e6
    status = daemon.told("STATUS")
    assert "polls each 0.5 s" in status
    assert "windows of 2 s" in status
    assert daemon.child.pid == pid
    assert daemon.child.ended() is None
    windows_pass(daemon.state, 1)
    assert [event.text for event in named(daemon.state, "agent.start")] == ["started", "reloaded"]


def test_a_bad_file_at_a_reload_is_said_with_its_lines_and_the_old_one_stays(
    tmp_path: Path, daemons: OpenDaemon, configured: Configured
) -> None:
    """telegraf#2679, #69 and otel PR#13432: a bad file at a reload purges buffers, or kills the agent."""
    daemon = daemons(configured(NOWHERE)).start()
    file = tmp_path / "outrider.toml"
    lines = file.read_text().splitlines()
    bad = lines.index('span = "1s"')
    lines[bad] = 'spam = "1s"'
    file.write_text("\n".join(lines))
    daemon.reload()
    daemon.told("RELOADING", "1")
    assert "windows of 1 s" in daemon.told("STATUS")
    assert f"{file}:{bad + 1}: window.spam: " in daemon.child.tail()
    assert "the old one stays in force" in daemon.child.tail()
    windows_pass(daemon.state, 1)
    assert len(named(daemon.state, "agent.start")) == 1


@pytest.mark.fuse
@pytest.mark.usefixtures("fast_look")
def test_a_collector_that_hangs_costs_its_reading_alone(
    tmp_path: Path, hanging: list[str], daemons: OpenDaemon, configured: Configured
) -> None:
    arguments = configured(NOWHERE)
    file = tmp_path / "outrider.toml"
    file.write_text(file.read_text() + '[collect]\nhang_after = "1s"\n')
    daemon = daemons(arguments, hanging).start()
    # What this host does not have is said in more lines than a tail shows.
    until(lambda: "a collector does not answer" in daemon.log.read_text(), daemon.child.tail)
    daemon.told("WATCHDOG", "1")
    windows_pass(daemon.state, 2)
    stale = named(daemon.state, "collector.stale")
    assert stale[0].attributes == (("outrider.collector", "cpu"),)
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < STOP_WITHIN


@pytest.mark.fuse
def test_a_collector_that_hangs_does_not_delay_the_end(
    hanging: list[str], daemons: OpenDaemon, configured: Configured
) -> None:
    daemon = daemons(configured(NOWHERE), hanging).start()
    until(lambda: "request_wait_answer" in waits(daemon.child.pid), lambda: waits(daemon.child.pid))
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < STOP_WITHIN
    assert [event.text for event in named(daemon.state, "agent.stop")] == ["told to stop"]


def waits(pid: int) -> list[str]:
    """What each thread of a process waits for in the kernel; a dead file is asked for ever."""
    return [(task / "wchan").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
