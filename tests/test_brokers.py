"""The brokers that other tests rely on do what they are asked for."""

from __future__ import annotations

import socket
import ssl
from queue import Queue

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.brokers import Options, Secured
from tests.conftest import OpenBroker
from tests.looping import looping
from tests.waiting import until

pytestmark = pytest.mark.mosquitto


def client(user: tuple[str, str] | None = None) -> mqtt.Client:
    made = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    if user:
        made.username_pw_set(*user)
    return made


def answer(asking: mqtt.Client, port: int) -> str:
    """What the broker says to a connection."""
    told: Queue[str] = Queue()
    asking.on_connect = lambda _, __, ___, reason, ____: told.put(str(reason))
    asking.connect("localhost", port)
    with looping(asking):
        return told.get(timeout=10)


@pytest.mark.parametrize("broker", [Options(password=("edge", "secret"))], indirect=True)
def test_a_password_is_asked_for(broker: Secured) -> None:
    assert answer(client(("edge", "secret")), broker.port) == "Success"
    assert answer(client(("edge", "wrong")), broker.port) == "Not authorized"
    assert answer(client(), broker.port) == "Not authorized"


@pytest.mark.parametrize("broker", [Options(tls=True, client_certificates=True)], indirect=True)
def test_tls_asks_for_a_certificate_of_the_tests_own_authority(broker: Secured) -> None:
    assert broker.authority
    assert broker.client
    assert broker.url == f"mqtts://127.0.0.1:{broker.port}"
    trusting = client()
    certificate, key = map(str, broker.client)
    trusting.tls_set(str(broker.authority.certificate), certificate, key)
    assert answer(trusting, broker.port) == "Success"
    stranger = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", broker.port)) as raw,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        stranger.wrap_socket(raw, server_hostname="localhost")


@pytest.mark.parametrize(("options", "kept"), [(Options(persistence=True), True), (Options(), False)])
def test_a_power_cut_forgets_unless_persistence_is_asked_for(
    brokers: OpenBroker, options: Options, *, kept: bool
) -> None:
    made = brokers(options)
    writer = client()
    stored: Queue[object] = Queue()

    def write(*_: object) -> None:
        writer.publish("kept", b"1", qos=1, retain=True)

    writer.on_connect = write
    writer.on_publish = lambda *_: stored.put(None)
    writer.connect("localhost", made.port)
    with looping(writer):
        stored.get(timeout=10)
    if kept:
        # A PUBACK is not durability: Mosquitto saves what changed a moment after it.
        saved = made.broker.settings.parent.rglob
        until(lambda: any(b"kept" in path.read_bytes() for path in saved("mosquitto.db")))
    made.broker.kill()
    made.broker.start()
    assert bool(retained("kept", made.port)) is kept


def retained(topic: str, port: int) -> list[bytes]:
    """What the broker holds for a topic, known once a message sent after the subscription is back."""
    seen: Queue[bytes] = Queue()
    reader = client()

    def subscribe(*_: object) -> None:
        reader.subscribe([(topic, 1), ("end", 1)])

    def end(*_: object) -> None:
        reader.publish("end", b"", qos=1)

    reader.on_connect = subscribe
    reader.on_subscribe = end
    reader.on_message = lambda _, __, message: seen.put(bytes(message.payload))
    reader.connect("localhost", port)
    with looping(reader):
        return list(iter(lambda: seen.get(timeout=10), b""))
