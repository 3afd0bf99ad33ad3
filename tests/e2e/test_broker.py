"""A broker that dies, is absent, or falls silent: every number arrives once, the newest first."""

from __future__ import annotations

import re
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent.view.broker import HOST, Broker
from agent.view.fleet import FleetStore
from tests.agreement import arrived, disagreements
from tests.brokers import Secured
from tests.daemons import Daemon
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.histories import events, windows, windows_pass
from tests.waiting import until

Configured = Callable[[str], list[str]]
SHORT = 3.0
STOP_WITHIN = 5.0


def ends_in_time(daemon: Daemon) -> None:
    """SIGTERM ends it in good order within 5 s, and its last words are in its store."""
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < STOP_WITHIN
    assert events(daemon.state)[-1].name == "agent.stop"


def agree(daemon: Daemon, fleet: FleetStore) -> None:
    """All of a stopped device's history has arrived, each number once."""
    until(lambda: arrived(daemon.state, fleet, DEVICE), lambda: disagreements(daemon.state, fleet, DEVICE))
    assert disagreements(daemon.state, fleet, DEVICE) == []


@pytest.mark.mosquitto
def test_a_broker_killed_without_persistence_and_a_sink_that_stops_cost_nothing(
    broker: Secured, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    """mosquitto#3472, thin-edge#3083: what only the broker holds is lost; the spool is our own."""
    one = sinks(broker.url, ["--group", "g"], hole_after=SHORT).start().subscribed()
    other = sinks(broker.url, ["--group", "g"], store=one.store, hole_after=SHORT).start().subscribed()
    daemon = daemons(configured(broker.url)).start()
    windows_pass(daemon.state, 2)
    other.child.signal(signal.SIGSTOP)
    windows_pass(daemon.state, 2)
    broker.broker.kill()
    windows_pass(daemon.state, 1)
    broker.broker.start()
    windows_pass(daemon.state, 1)
    other.child.signal(signal.SIGCONT)
    with closing(one.fleet()) as fleet:
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        ends_in_time(daemon)
        agree(daemon, fleet)
        assert fleet.spans(DEVICE, "lost") == []
    assert one.said().count("subscribed") == 2


def test_a_daemon_without_a_broker_collects_and_ships_the_newest_first_once_it_is_there(
    tmp_path: Path, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    """telegraf#3723, #10180, #16715: an agent that does not start while the broker is down."""
    broker = Broker(tmp_path)
    daemon = daemons(configured(broker.url)).start()
    sink = sinks(broker.url, ["--verbose"]).start()
    windows_pass(daemon.state, 4)
    given = windows(daemon.state)
    with broker, closing(sink.fleet()) as fleet:
        until(lambda: arrived(daemon.state, fleet, DEVICE), sink.said)
        ends_in_time(daemon)
        agree(daemon, fleet)
        held = [int(n) for n in re.findall(rf"held {DEVICE}: windows (\d+)-", sink.said())]
        assert held[0] >= given - 1
        assert 0 in held[:3]


def test_a_broker_that_accepts_and_never_answers_does_not_delay_the_end(
    daemons: OpenDaemon, configured: Configured
) -> None:
    with socket.create_server((HOST, 0)) as mute:
        daemon = daemons(configured(f"mqtt://{HOST}:{mute.getsockname()[1]}")).start()
        connection, _ = mute.accept()
        with connection:
            assert connection.recv(1) == b"\x10"
            windows_pass(daemon.state, 1)
            ends_in_time(daemon)


def test_a_mute_broker_makes_a_new_connection(daemons: OpenDaemon, configured: Configured) -> None:
    with socket.create_server((HOST, 0)) as mute:
        daemon = daemons(configured(f"mqtt://{HOST}:{mute.getsockname()[1]}")).start()
        mute.settimeout(20)
        first, _ = mute.accept()
        with first, mute.accept()[0]:
            until(lambda: "no CONNACK within 2 s" in daemon.child.tail())
            assert daemon.child.ended() is None


@pytest.mark.mosquitto
def test_a_broker_that_falls_silent_is_left_and_found_again(
    broker: Secured, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    """system_sensors#61, lnxlink#168: a publisher that silently stops; the last answer's age is watched."""
    sink = sinks(broker.url, hole_after=SHORT).start().subscribed()
    daemon = daemons(configured(broker.url)).start()
    with closing(sink.fleet()) as fleet:
        until(lambda: bool(fleet.spans(DEVICE, "data")))
        broker.broker.pause()
        until(lambda: "no PUBACK within 2 s" in daemon.child.tail(), daemon.child.tail)
        broker.broker.resume()
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        ends_in_time(daemon)
        agree(daemon, fleet)


def test_a_paused_broker_does_not_delay_the_end(
    broker: Secured, daemons: OpenDaemon, configured: Configured
) -> None:
    daemon = daemons(configured(broker.url)).start()
    until(lambda: "connected to the broker" in daemon.child.tail())
    broker.broker.pause()
    try:
        windows_pass(daemon.state, 1)
        ends_in_time(daemon)
    finally:
        broker.broker.resume()
