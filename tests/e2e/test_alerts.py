"""Alerts from the real daemon, on a host whose memory the test writes, through a real broker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.ship.alert import Alert, parse_alert
from tests.brokers import Secured
from tests.daemons import Daemon
from tests.e2e.conftest import DEVICE, OpenDaemon
from tests.histories import events, windows_pass
from tests.looping import ended
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
        ended(self._client)


class Stage:
    """A broker, a host whose memory moves, a daemon on it with the rules above, and subscribers."""

    def __init__(
        self, broker: Secured, host: MovingHost, daemon: Daemon, configuration: Path, ends: ExitStack
    ) -> None:
        self.broker, self.host, self.daemon, self.configuration = broker, host, daemon, configuration
        self._ends = ends
        self.ear = self.another_ear()

    def another_ear(self) -> Ear:
        """A subscriber that comes now."""
        return self._ends.enter_context(closing(Ear(self.broker)))

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until it is so; the daemon's last lines say why it is not."""
        until(what, self.daemon.child.tail)

    def heard(self, rule: str) -> Alert:
        """The alert of a rule, as soon as the first subscriber hears that it fires."""
        self.until(lambda: rule in self.ear.firing())
        return self.ear.firing()[rule]

    def over(self, rule: str) -> None:
        """Wait until the first subscriber hears that a rule fires no more."""
        self.until(lambda: rule not in self.ear.firing())

    def history(self) -> list[tuple[str, str]]:
        """The alerts in the device's own history: what happened, and to which rule."""
        found = [each for each in events(self.daemon.state) if each.name.startswith("alert.")]
        return [(each.name, dict(each.attributes)["outrider.alert.rule"]) for each in found]


@pytest.fixture
def stage(
    broker: Secured, daemons: OpenDaemon, configured: Callable[[str], list[str]], tmp_path: Path
) -> Iterator[Stage]:
    """All of it, the daemon started and a window written."""
    words, path = configured(broker.url), tmp_path / "outrider.toml"
    host = MovingHost(tmp_path / "host")
    text = path.read_text().replace('confirm = "sink:main"', 'confirm = "broker"')
    path.write_text(f'{text}[host]\nroot = "{host.root}"\n{RULES}')
    with ExitStack() as ends:
        made = Stage(broker, host, daemons(words), path, ends)
        made.daemon.start()
        windows_pass(made.daemon.state, 1)
        yield made


def test_an_alert_comes_is_retained_and_goes(stage: Stage) -> None:
    stage.host.available(512 << 20)
    alert = stage.heard("low")
    assert (alert.device, alert.severity, alert.summary) == (DEVICE, "critical", "Memory runs out")
    assert [(each.series.name, each.value) for each in alert.series] == [
        ("system.memory.linux.available", float(512 << 20))
    ]
    late = stage.another_ear()
    stage.until(lambda: "low" in late.firing())
    stage.host.available(1536 << 20)
    windows_pass(stage.daemon.state, 2)
    assert "low" in stage.ear.firing()
    stage.host.available(3 << 30)
    stage.over("low")
    assert stage.daemon.stop() == 0
    assert stage.history() == [("alert.fired", "low"), ("alert.cleared", "low")]


def test_an_absence_comes_and_goes(stage: Stage) -> None:
    stage.host.nothing()
    assert [each.value for each in stage.heard("gone").series] == [None]
    stage.host.available(3 << 30)
    stage.over("gone")


def test_an_alert_outlives_a_kill_without_firing_twice(stage: Stage) -> None:
    stage.host.available(512 << 20)
    before = stage.heard("low")
    stage.until(lambda: ("alert.fired", "low") in stage.history())
    stage.daemon.kill()
    stage.daemon.start()
    stage.until(lambda: stage.ear.firing()["low"].at > before.at)
    assert stage.ear.firing()["low"].since == before.since
    windows_pass(stage.daemon.state, 2)
    assert not [rule for rule, payload in stage.ear.heard[1:] if rule == "low" and not payload]
    stage.host.available(3 << 30)
    stage.over("low")
    stage.daemon.stop()
    assert stage.history() == [("alert.fired", "low"), ("alert.cleared", "low")]


def test_an_alert_that_cleared_while_the_daemon_was_dead_is_cleared(stage: Stage) -> None:
    stage.host.available(512 << 20)
    stage.heard("low")
    stage.daemon.kill()
    stage.host.available(3 << 30)
    stage.daemon.start()
    stage.over("low")


@pytest.mark.mosquitto
def test_a_broker_that_forgot_is_told_again(stage: Stage) -> None:
    stage.host.available(512 << 20)
    since = stage.heard("low").since
    stage.broker.broker.kill()
    stage.broker.broker.start()
    again = stage.another_ear()
    stage.until(lambda: "low" in again.firing())
    assert again.firing()["low"].since == since
    stage.broker.broker.kill()
    stage.host.available(3 << 30)
    stage.until(lambda: ("alert.cleared", "low") in stage.history())
    stage.broker.broker.start()
    last = stage.another_ear()
    stage.until(lambda: ("low", b"") in last.heard or ("gone", b"") in last.heard)
    assert last.firing() == {}


def test_a_rule_that_a_reload_takes_away_is_cleared(stage: Stage) -> None:
    stage.host.available(512 << 20)
    stage.heard("low")
    path = stage.configuration
    path.write_text(path.read_text().replace('name = "low"', 'name = "memory"'))
    stage.daemon.reload()
    stage.until(lambda: set(stage.ear.firing()) == {"memory"})
    assert ("alert.cleared", "low") in stage.history()
