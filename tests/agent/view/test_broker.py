from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import cast

import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.view.broker import MAX_PAYLOAD, Broker, BrokerError, Engine, free_port
from tests.looping import looping

ENGINES = [pytest.param("mosquitto", marks=pytest.mark.mosquitto), "iotcore"]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return cast("Engine", request.param)


@pytest.fixture
def running(engine: Engine, tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path, engine=engine) as broker:
        yield broker


def echo(port: int, protocol: MQTTProtocolVersion, payload: bytes) -> bytes:
    """What comes back of a payload sent to a topic that the sender itself reads."""
    told: Queue[bytes] = Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=protocol)

    def subscribe(*_: object) -> None:
        client.subscribe("echo", qos=1)

    def send(*_: object) -> None:
        client.publish("echo", payload, qos=1)

    client.on_connect = subscribe
    client.on_subscribe = send
    client.on_message = lambda _, __, message: told.put(bytes(message.payload))
    client.connect("127.0.0.1", port)
    with looping(client):
        return told.get(timeout=10)


def test_it_takes_payloads_of_256_kb_with_mqtt_5(running: Broker) -> None:
    payload = os.urandom(MAX_PAYLOAD - 64)
    assert echo(running.port, MQTTProtocolVersion.MQTTv5, payload) == payload


def test_it_takes_mqtt_3_1_1(running: Broker) -> None:
    assert echo(running.port_311, MQTTProtocolVersion.MQTTv311, b"hello") == b"hello"


def test_it_listens_on_the_loopback_alone(running: Broker) -> None:
    process = psutil.Process(running.child.pid)
    listening = {c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_it_is_gone_after_its_block(engine: Engine, tmp_path: Path) -> None:
    with Broker(tmp_path, engine=engine) as broker:
        pid, port = broker.child.pid, broker.port
    assert not psutil.pid_exists(pid)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_comes_back_on_the_same_port_after_a_power_cut(running: Broker) -> None:
    url = running.url
    running.kill()
    running.start()
    assert running.url == url
    assert echo(running.port, MQTTProtocolVersion.MQTTv5, b"again") == b"again"


def test_a_port_where_another_listens_is_refused(engine: Engine, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"127.0.0.1:{port} is taken by another program"):
            Broker(tmp_path, port=port, engine=engine).start()


@pytest.mark.mosquitto
def test_a_broker_that_cannot_start_says_so_in_its_own_words(tmp_path: Path) -> None:
    broker = Broker(tmp_path, engine="mosquitto", extra=["no_such_setting true"])
    with pytest.raises(BrokerError, match=r"(?s)ended with .*no_such_setting"):
        broker.start()


def test_settings_that_iotcore_cannot_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="iotcore takes no extra settings: persistence true"):
        Broker(tmp_path, engine="iotcore", extra=["persistence true"])


def test_a_free_port_can_be_bound() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))
