"""Every reason by which a broker may say no, from a small broker that says it; each is read and acted on."""

from __future__ import annotations

import pytest

from agent.ship import protocol as p
from agent.ship.mqtt import Broker
from agent.ship.protocol import FAULTS, ROW_FAULTS, RULE_FAULTS
from tests.agent.ship.mqtt.device import Device, FakeBroker, some

CONNACK, PUBACK, DISCONNECT = b"\x20\x03\x00", b"\x40\x04", b"\xe0\x02"
# Codes that MQTT 5 knows for PUBACK, and one that nobody knows.
CODES = (*FAULTS, 0xC0)
MOMENT = sorted(set(CODES) - {*ROW_FAULTS, *RULE_FAULTS})
# How often such a code is said before the broker gives in.
OFTEN = 3


class Answers:
    """A broker of MQTT 5: says `code` to the first so many publishes on `data`, and takes all others."""

    def __init__(self, code: int, often: int) -> None:
        self.data = 0
        self._code = code
        self._often = often

    def __call__(self, packet: int, body: bytes) -> bytes | None:
        if packet >> 4 == 1:
            return CONNACK + b"\x00\x00"
        if packet >> 4 != 3:
            return b""
        end = 2 + int.from_bytes(body[:2], "big")
        is_data = body[2:end].endswith(b"/data")
        self.data += is_data
        code = self._code if is_data and self.data <= self._often else 0
        return PUBACK + body[end : end + 2] + bytes([code, 0])


def at(fake: FakeBroker) -> Broker:
    return Broker("127.0.0.1", fake.port, "d")


@pytest.mark.parametrize("code", ROW_FAULTS)
def test_a_fault_of_the_row_sets_it_aside_and_the_next_one_goes(code: int) -> None:
    answers = Answers(code, 1)
    with FakeBroker(answers) as fake, Device(at(fake)) as device:
        device.flush(some())
        assert device.wait_notice("failed", FAULTS[code]).level == "error"
        device.wait_notice("set_aside", FAULTS[code])
        device.flush(some())
        device.wait_sent(1)
        assert device.outbox.refusals() == {b"digest00": FAULTS[code]}
        assert device.count("outrider.ship.connections") == 1


@pytest.mark.parametrize("code", RULE_FAULTS)
def test_a_fault_of_the_rules_keeps_the_row_and_is_seldom_tried(code: int) -> None:
    answers = Answers(code, OFTEN)
    with FakeBroker(answers) as fake, Device(at(fake), backoff_min=0.01, backoff_max=0.6) as device:
        device.flush(some())
        device.wait_notice("failed", FAULTS[code])
        device.wait_sent(0)
        assert device.outbox.refusals() == {}
        assert answers.data == OFTEN + 1
        assert device.count("outrider.ship.connections") == 1


@pytest.mark.parametrize("code", MOMENT)
def test_a_fault_of_the_moment_is_tried_again_on_the_same_connection(code: int) -> None:
    answers = Answers(code, OFTEN)
    with FakeBroker(answers) as fake, Device(at(fake)) as device:
        device.flush(some())
        assert device.wait_notice("failed", FAULTS.get(code, "other")).text.endswith(f"(0x{code:02x})")
        device.wait_sent(0)
        assert device.outbox.refusals() == {}
        assert device.count("outrider.ship.connections") == 1
        assert device.count("outrider.ship.failed") == OFTEN


class Turns:
    """A broker that turns the first connection away by these bytes: as its CONNACK, or right after it."""

    def __init__(self, connack: bytes, after: bytes = b"") -> None:
        self._first = connack + after
        self._taken = Answers(0, 0)

    def __call__(self, packet: int, body: bytes) -> bytes | None:
        if packet >> 4 == 1 and self._first:
            first, self._first = self._first, b""
            return first
        return self._taken(packet, body)


@pytest.mark.parametrize(
    ("code", "final"),
    [
        *((code, True) for code in (0x85, 0x86, 0x87, 0x8A, 0x8C)),
        *((code, False) for code in (0x80, 0x82, 0x83, 0x88, 0x89, 0x97, 0x9C, 0x9D, 0x9F)),
    ],
)
def test_a_refused_connection_is_tried_again_later_where_waiting_alone_will_not_help(
    code: int, final: bool
) -> None:
    with FakeBroker(Turns(CONNACK + bytes([code, 0]))) as fake, Device(at(fake)) as device:
        device.flush(some())
        notice = device.wait_notice("refused")
        assert notice.level == ("error" if final else "warning")
        assert notice.text.endswith(f"(0x{code:02x})")
        device.wait_sent(0)
        assert device.count("outrider.ship.connections") == 2


@pytest.mark.parametrize("code", [0x82, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x93, 0x97, 0x98, 0x9C, 0xA0])
def test_a_connection_that_the_broker_ends_says_why_and_is_made_anew(code: int) -> None:
    answers = Turns(CONNACK + b"\x00\x00", DISCONNECT + bytes([code, 0]))
    with FakeBroker(answers) as fake, Device(at(fake)) as device:
        device.flush(some())
        notice = device.wait_notice("lost", "closed")
        assert isinstance(notice, p.Notice)
        assert "the broker ended the connection: " in notice.text
        device.wait_sent(0)
        assert device.outbox.refusals() == {}


def test_a_connection_ended_over_a_small_packet_sets_its_rows_aside() -> None:
    answers = Turns(CONNACK + b"\x00\x00", DISCONNECT + b"\x95\x00")
    with FakeBroker(answers) as fake, Device(at(fake)) as device:
        device.flush(some())
        device.wait_notice("set_aside", "packet_too_large")
        device.flush(some())
        device.wait_sent(1)
