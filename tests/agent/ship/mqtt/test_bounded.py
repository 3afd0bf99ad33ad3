"""What a hostile broker may send: little, and nothing that waits in memory."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.ship.mqtt import Broker
from agent.ship.mqtt.bounded import CREDIT, EACH, UNREAD, BoundedClient
from tests.agent.ship.mqtt.device import Device, FakeBroker, mqtt_311, some
from tests.certificates import Authority

HUGE = b"\x30\xff\xff\xff\x7f\x00\x01t"
AT_QOS_2 = b"\x34\x05\x00\x01t\x00\x07"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (HUGE, r"a packet of \d+ bytes; at most 65536 are taken"),
        (AT_QOS_2, "a quality of service that nobody asked for"),
    ],
)
def test_what_would_fill_the_memory_ends_the_connection(sent: bytes, words: str) -> None:
    def answer(packet: int, body: bytes) -> bytes | None:
        return sent if packet >> 4 == 8 else mqtt_311(packet, body)

    with FakeBroker(answer) as fake, Device(Broker("127.0.0.1", fake.port, "d"), "s", protocol=4) as device:
        device.flush(some())
        assert re.search(words, device.wait_notice("lost", "protocol").text)


def test_no_message_is_taken_from_a_broker_that_reads_no_answers() -> None:
    client = BoundedClient(CallbackAPIVersion.VERSION2)
    client._in_packet["command"] = 0x32
    for mid in range(UNREAD + 1):
        client._send_puback(mid)
    with pytest.raises(ValueError, match="unread"):
        client._packet_handle()


def endless(packet: int, body: bytes) -> bytes | None:
    """A broker that answers a subscription with 400,000 messages that nobody asked for."""
    return (b"\x30\x14\x00\x01t" + b"x" * 17) * 400_000 if packet >> 4 == 8 else mqtt_311(packet, body)


@pytest.mark.parametrize("tls", [False, True])
def test_a_broker_that_floods_is_left_before_it_takes_memory_and_the_thread(
    tmp_path: Path, tls: bool
) -> None:
    """Over TLS there is always something decrypted to be read: the thread must come back to its work."""
    context, authority = None, Authority(tmp_path)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, authority.sign("broker")))
    with FakeBroker(endless, context) as fake:
        broker = Broker("127.0.0.1", fake.port, "d", tls=tls, ca_file=str(authority.certificate))
        with Device(broker, "s", protocol=4) as device:
            device.flush(some())
            assert "more packets than anybody asked for" in device.wait_notice("lost", "protocol").text
            assert CREDIT - EACH < device.count("outrider.ship.strange") <= CREDIT


def test_what_we_send_earns_what_comes() -> None:
    client = BoundedClient(CallbackAPIVersion.VERSION2)
    client._in_packet["command"] = 0xD0
    for _ in range(10 * CREDIT // EACH):
        client._packet_queue(0x32, b"", 1, 1)
        for _ in range(EACH):
            client._packet_handle()
    assert client.credit == CREDIT - EACH
    client._send_puback(1)
    assert client.credit == CREDIT - EACH
