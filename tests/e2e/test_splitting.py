"""Records that a broker never takes: set aside, counted, kept over a restart, and given out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.view.broker import Broker
from agent.view.fleet import FleetStore
from tests.brokers import Options
from tests.conftest import OpenBroker
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.waiting import until

Configured = Callable[[str], list[str]]
Number = tuple[int, int]
"""Epoch and number."""

SHORT = 3.0
# Less than the smallest window of this daemon, and more than its status.
TOO_SMALL = "message_size_limit 600"


def spool(state: Path, *words: str) -> list[dict[str, Any]]:
    """What `outrider spool` prints, each line an object."""
    command = [sys.executable, "-m", "agent", "spool", *words, "--state-dir", str(state)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in printed.splitlines()]


def refused(state: Path) -> set[Number]:
    """The windows that can never be sent."""
    found = [each for each in spool(state, "ls", "--json") if each["stream"] == "windows"]
    return {(each["epoch"], each["first"]) for each in found if each.get("refused") == "packet_too_large"}


def known(fleet: FleetStore, table: str) -> set[Number]:
    """The windows that a table of the sink knows."""
    keys = [key for key in fleet.spans(DEVICE, table) if key.stream == "windows"]
    return {(key.epoch, number) for key in keys for number in range(key.first, key.last + 1)}


@pytest.mark.mosquitto
def test_what_the_broker_never_takes_is_kept_marked_exported_and_not_tried_by_the_next_start(
    tmp_path: Path, brokers: OpenBroker, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    """zigbee2mqtt#13030: a batch that cannot go is set aside and counted, and makes no endless loop."""
    broker = brokers(Options(lines=(TOO_SMALL,)))
    sink = sinks(broker.url, hole_after=SHORT).start().subscribed()
    daemon = daemons(configured(broker.url)).start()
    until(lambda: len(refused(daemon.state)) >= 2, daemon.child.tail)
    log = daemon.log.read_text()
    assert log.count("connected to the broker") == 1
    assert log.count("cannot be sent and stays on the device: packet_too_large") >= 1
    daemon.stop()
    kept = refused(daemon.state)
    assert spool(daemon.state, "export", "--refused", "-")
    broker.broker.kill()
    with Broker(tmp_path, port=broker.port), closing(sink.fleet()) as fleet:
        daemon.start()
        until(lambda: len(known(fleet, "data")) > 1, daemon.child.tail)
        until(lambda: kept <= known(fleet, "lost"), sink.said)
        assert {reason for _, reason in fleet.losses(DEVICE)} == {"refused"}
        assert kept <= refused(daemon.state)
        assert not kept & known(fleet, "data")
