"""Alerts from the real daemon, on a host whose memory the test writes, through a real broker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.ship.alert import Alert, parse_alert
from tests.brokers import Secured
from tests.daemons import Daemon
from tests.e2e.conftest import DEVICE, OpenDaemon
from tests.histories import events, windows_pass
from tests.moving import MovingHost
from tests.waiting import until

ROOT = f"outrider/v1/default/{DEVICE}/"
RULES = """
[[alert]]
name = "low"
when = "system.memory.linux.available < 1 GiB"
clear = "2 GiB"
severity = "critical"
summary = "Memory runs out"
[[alert]]
name = "gone"
when = "no system.memory.linux.available for 2s"
"""
Configured = Callable[[str], list[str]]


class Ear:
    """A subscriber that keeps what is retained, as any would: the last payload of each topic."""

    def __init__(self, broker: Secured) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self.ready.set()
        self._client.connect("127.0.0.1", broker.port)
        self._client.subscribe(f"{ROOT}alert/+", qos=1)
        self._client.loop_start()
        assert self.ready.wait(20)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic.removeprefix(f"{ROOT}alert/"), bytes(message.payload)))

    def firing(self) -> Mapping[str, Alert]:
        last = dict(self.heard)
        return {rule: parse_alert(payload) for rule, payload in last.items() if payload}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def ears() -> Iterator[Callable[[Secured], Ear]]:
    made: list[Ear] = []

    def make(broker: Secured) -> Ear:
        made.append(Ear(broker))
        return made[-1]

    yield make
    for ear in made:
        ear.close()


@pytest.fixture
def host(tmp_path: Path) -> MovingHost:
    return MovingHost(tmp_path / "host")


@pytest.fixture
def judged(
    daemons: OpenDaemon, configured: Configured, host: MovingHost, tmp_path: Path
) -> Callable[[Secured], Daemon]:
    """Makes a daemon with the rules above, on the host that moves; not yet started."""

    def make(broker: Secured) -> Daemon:
        words = configured(broker.url)
        path = tmp_path / "outrider.toml"
        text = path.read_text().replace('confirm = "sink:main"', 'confirm = "broker"')
        path.write_text(f'{text}[host]\nroot = "{host.root}"\n{RULES}')
        return daemons(words)

    return make


def names(daemon: Daemon) -> list[tuple[str, str]]:
    """The alerts in the device's own history: what happened, and to which rule."""
    found = [each for each in events(daemon.state) if each.name.startswith("alert.")]
    return [(each.name, dict(each.attributes)["outrider.alert.rule"]) for each in found]


def test_an_alert_comes_is_retained_and_goes(
    broker: Secured,
    judged: Callable[[Secured], Daemon],
    host: MovingHost,
    ears: Callable[[Secured], Ear],
) -> None:
    ear = ears(broker)
    daemon = judged(broker).start()
    windows_pass(daemon.state, 1)
    host.available(512 << 20)
    until(lambda: "low" in ear.firing(), daemon.child.tail)
    alert = ear.firing()["low"]
    assert (alert.device, alert.severity, alert.summary) == (DEVICE, "critical", "Memory runs out")
    assert [(each.series.name, each.value) for each in alert.series] == [
        ("system.memory.linux.available", float(512 << 20))
    ]
    until(lambda: "low" in ears(broker).firing())
    host.available(1536 << 20)
    windows_pass(daemon.state, 2)
    assert "low" in ear.firing()
    host.available(3 << 30)
    until(lambda: "low" not in ear.firing(), daemon.child.tail)
    assert daemon.stop() == 0
    assert names(daemon) == [("alert.fired", "low"), ("alert.cleared", "low")]


def test_an_absence_comes_and_goes(
    broker: Secured,
    judged: Callable[[Secured], Daemon],
    host: MovingHost,
    ears: Callable[[Secured], Ear],
) -> None:
    ear = ears(broker)
    daemon = judged(broker).start()
    windows_pass(daemon.state, 1)
    host.nothing()
    until(lambda: "gone" in ear.firing(), daemon.child.tail)
    assert [each.value for each in ear.firing()["gone"].series] == [None]
    host.available(3 << 30)
    until(lambda: "gone" not in ear.firing(), daemon.child.tail)


def test_an_alert_outlives_a_kill_without_firing_twice(
    broker: Secured,
    judged: Callable[[Secured], Daemon],
    host: MovingHost,
    ears: Callable[[Secured], Ear],
) -> None:
    ear = ears(broker)
    daemon = judged(broker).start()
    windows_pass(daemon.state, 1)
    host.available(512 << 20)
    until(lambda: "low" in ear.firing() and ("alert.fired", "low") in names(daemon))
    before = ear.firing()["low"]
    daemon.kill()
    daemon.start()
    until(lambda: ear.firing()["low"].at > before.at, daemon.child.tail)
    assert ear.firing()["low"].since == before.since
    windows_pass(daemon.state, 2)
    assert not [rule for rule, payload in ear.heard[1:] if rule == "low" and not payload]
    host.available(3 << 30)
    until(lambda: "low" not in ear.firing(), daemon.child.tail)
    daemon.stop()
    assert names(daemon) == [("alert.fired", "low"), ("alert.cleared", "low")]


def test_an_alert_that_cleared_while_the_daemon_was_dead_is_cleared(
    broker: Secured,
    judged: Callable[[Secured], Daemon],
    host: MovingHost,
    ears: Callable[[Secured], Ear],
) -> None:
    ear = ears(broker)
    daemon = judged(broker).start()
    host.available(512 << 20)
    until(lambda: "low" in ear.firing(), daemon.child.tail)
    daemon.kill()
    host.available(3 << 30)
    daemon.start()
    until(lambda: "low" not in ear.firing(), daemon.child.tail)


@pytest.mark.mosquitto
def test_a_broker_that_forgot_is_told_again(
    broker: Secured,
    judged: Callable[[Secured], Daemon],
    host: MovingHost,
    ears: Callable[[Secured], Ear],
) -> None:
    ear = ears(broker)
    daemon = judged(broker).start()
    host.available(512 << 20)
    until(lambda: "low" in ear.firing(), daemon.child.tail)
    broker.broker.kill()
    broker.broker.start()
    again = ears(broker)
    until(lambda: "low" in again.firing(), daemon.child.tail)
    assert again.firing()["low"].since == ear.firing()["low"].since
    broker.broker.kill()
    host.available(3 << 30)
    until(lambda: ("alert.cleared", "low") in names(daemon))
    broker.broker.start()
    last = ears(broker)
    until(lambda: ("low", b"") in last.heard or ("gone", b"") in last.heard, daemon.child.tail)
    assert last.firing() == {}


def test_a_rule_that_a_reload_takes_away_is_cleared(
    broker: Secured,
    judged: Callable[[Secured], Daemon],
    host: MovingHost,
    ears: Callable[[Secured], Ear],
    tmp_path: Path,
) -> None:
    ear = ears(broker)
    daemon = judged(broker).start()
    host.available(512 << 20)
    until(lambda: "low" in ear.firing(), daemon.child.tail)
    path = tmp_path / "outrider.toml"
    path.write_text(path.read_text().replace('name = "low"', 'name = "memory"'))
    daemon.reload()
    until(lambda: set(ear.firing()) == {"memory"}, daemon.child.tail)
    assert ("alert.cleared", "low") in names(daemon)
