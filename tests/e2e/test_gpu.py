"""The daemon beside a driver whose call never comes back, through the real bindings."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.stats.frame import Frame
from tests.e2e.conftest import OpenDaemon
from tests.histories import events, reading, windows_pass
from tests.nvml.fakes import driven
from tests.waiting import until

Configured = Callable[[str], list[str]]
NOWHERE = "mqtt://127.0.0.1:1"
STOP_WITHIN = 5.0


@pytest.fixture
def driver(tmp_path: Path) -> list[str]:
    """The command that runs a program on a host with two GPUs, one of which answers three times."""
    command = driven(tmp_path, 2, "fault nvmlDeviceGetPowerUsage 1 hang 3")
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root may put a driver's file into /proc")
    return command


def frames(state: Path) -> list[Frame]:
    """All windows in the history, oldest first."""
    with reading(state) as reader:
        rows = [each for each in reader.stored(streams=("windows",)) if each.row.tombstone is None]
        return [frame for each in rows for frame in each.content().frames]


def names(frame: Frame) -> set[str]:
    """The metrics that the frame has."""
    return {series.name for series in frame.windows}


@pytest.mark.gcc
def test_a_driver_that_hangs_costs_the_gpus_alone_and_does_not_delay_the_end(
    driver: list[str], daemons: OpenDaemon, configured: Configured
) -> None:
    daemon = daemons(configured(NOWHERE), driver).start()
    until(lambda: any("hw.power" in names(frame) for frame in frames(daemon.state)), daemon.child.tail)
    windows_pass(daemon.state, 6)
    daemon.told("WATCHDOG", "1")
    last = names(frames(daemon.state)[-1])
    assert "system.cpu.utilization" in last
    assert not [name for name in last if name.startswith("hw.gpu")]
    assert not [event for event in events(daemon.state) if event.name == "collector.stale"]
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < STOP_WITHIN
    assert [event.text for event in events(daemon.state) if event.name == "agent.stop"] == ["told to stop"]
