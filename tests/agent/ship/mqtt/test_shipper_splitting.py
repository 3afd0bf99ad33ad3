"""Splitting to what real brokers take: packets, payloads, publishes at a time; never an endless loop."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.ship import protocol as p
from agent.ship.mqtt import Broker
from agent.view import broker as brokers_of_the_demo
from agent.view.broker import Broker as BrokerProcess
from tests.agent.ship.bench import content
from tests.agent.ship.mqtt.device import Device, some
from tests.brokers import Options
from tests.conftest import OpenBroker
from tests.waiting import until

# Listens, so that what is sent has a subscriber, and says how long each payload on `data` was.
EAR = """
import sys
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
client.on_subscribe = lambda *_: print("ready", flush=True)
client.on_message = lambda _client, _data, message: print(len(message.payload), flush=True)
client.connect("127.0.0.1", int(sys.argv[1]))
client.subscribe("outrider/v1/f/d/data", 1)
client.loop_forever()
"""


@contextmanager
def ear(port: int, heard: Path) -> Iterator[None]:
    """A subscriber beside us, that writes to `heard`."""
    with heard.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", EAR, str(port)], stdout=out)
        try:
            until(lambda: b"ready" in heard.read_bytes())
            yield
        finally:
            process.terminate()
            process.wait()


def lengths(heard: Path) -> list[int]:
    return [int(word) for word in heard.read_text().split() if word != "ready"]


def shipped(port: int, heard: Path, size: int, **settings: Any) -> tuple[float, list[int]]:
    """Ship a record of about `size` bytes and one that follows; how often it connected, and the payloads."""
    with ear(port, heard), Device(Broker("127.0.0.1", port, "d"), **settings) as device:
        device.flush(content(size))
        device.wait_sent(0)
        device.flush(some())
        device.wait_sent(1)
        until(lambda: len(lengths(heard)) > 1)
        return device.count("outrider.ship.connections"), lengths(heard)


@pytest.mark.mosquitto
@pytest.mark.parametrize("most", [2_000, 30_000])
def test_a_packet_size_that_is_announced_is_kept_to(brokers: OpenBroker, tmp_path: Path, most: int) -> None:
    broker = brokers(Options(lines=(f"max_packet_size {most}",)))
    connections, payloads = shipped(broker.port, tmp_path / "heard", 200_000)
    assert connections == 1
    assert max(payloads) <= most
    assert len(payloads) > 50_000 // most


@pytest.mark.mosquitto
def test_a_payload_limit_that_is_not_announced_is_learnt_from_the_refusal(
    brokers: OpenBroker, tmp_path: Path
) -> None:
    broker = brokers(Options(lines=("message_size_limit 20000",)))
    connections, payloads = shipped(broker.port, tmp_path / "heard", 200_000)
    assert connections == 1
    assert 8_192 < max(payloads) <= 20_000


@pytest.mark.mosquitto
def test_no_more_publishes_go_at_a_time_than_the_broker_takes(brokers: OpenBroker, tmp_path: Path) -> None:
    broker = brokers(Options(lines=("max_inflight_messages 2", "max_packet_size 5000")))
    connections, payloads = shipped(broker.port, tmp_path / "heard", 200_000, in_flight=20)
    assert connections == 1, "0x93, receive maximum exceeded, ends the connection"
    assert len(payloads) > 10


def test_a_broker_that_hangs_up_on_large_payloads_gets_smaller_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers_of_the_demo, "MAX_PAYLOAD", 30_000)
    with BrokerProcess(tmp_path, engine="iotcore") as broker:
        connections, payloads = shipped(broker.port, tmp_path / "heard", 200_000)
    assert connections < 12
    assert 8_192 < max(payloads) <= 30_000


@pytest.mark.mosquitto
def test_a_record_that_no_broker_takes_is_set_aside_and_makes_no_endless_loop(brokers: OpenBroker) -> None:
    """zigbee2mqtt#13030: an oversize message, a lost connection, and the same message again for ever."""
    broker = brokers(Options(lines=("message_size_limit 1000",)))
    with Device(Broker("127.0.0.1", broker.port, "d")) as device:
        device.flush(content(20_000))
        notice = device.wait_notice("set_aside", "packet_too_large")
        assert isinstance(notice, p.Notice)
        device.flush(some())
        device.wait_notice("unheard")
        assert device.count("outrider.ship.connections") == 1
        assert device.count("outrider.ship.publishes") < 12
        assert device.count("outrider.ship.set_aside") == 1
