"""What a hostile broker may send: little, and nothing that waits in memory."""

from __future__ import annotations

import re

import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.ship.mqtt import Broker
from agent.ship.mqtt.bounded import UNREAD, BoundedClient
from tests.agent.ship.mqtt.device import Device, FakeBroker, mqtt_311, some

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
        client._handle_publish()
