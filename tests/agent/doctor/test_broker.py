"""Real brokers, and none: each step of the way says where it ends and what to do."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from agent.doctor import Finding, broker, worst
from agent.ship.mqtt import Broker
from tests.agent.ship.mqtt.device import FakeBroker, mute
from tests.brokers import Options, Secured
from tests.certificates import Authority
from tests.conftest import OpenBroker

TOPIC = "outrider/v1/default/d/doctor"
pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


def examined(there: Broker) -> list[Finding]:
    return list(broker.examine(broker.Way(there, TOPIC, time.monotonic, time.time)))


def at(secured: Secured, **more: Any) -> Broker:
    there = Broker(
        "127.0.0.1", secured.port, "doctor", tls=secured.authority is not None, connect_timeout=5.0
    )
    if secured.authority is not None:
        there = there._replace(ca_file=str(secured.authority.certificate))
    return there._replace(**more)


def last(there: Broker) -> Finding:
    return examined(there)[-1]


def test_the_whole_way_to_a_broker_that_lets_us_in(brokers: OpenBroker) -> None:
    found = examined(at(brokers(Options(password=("u", "secret"))), credentials=lambda: ("u", "secret")))
    assert worst(found) == "ok"
    assert found[-1].text == f"a publish on {TOPIC} was acknowledged, though nobody subscribed to it"


def test_the_whole_way_over_tls_tells_how_long_the_certificate_holds(brokers: OpenBroker) -> None:
    found = examined(at(brokers(Options(tls=True))))
    assert any("certificate is trusted and holds until" in each.text for each in found)
    assert "acknowledged" in found[-1].text


def test_a_wrong_password_is_named_without_the_password(brokers: OpenBroker) -> None:
    found = last(at(brokers(Options(password=("u", "secret"))), credentials=lambda: ("u", "wrong")))
    assert (found.level, "broker.password_file" in found.advice) == ("problem", True)
    assert "wrong" not in found.text


def test_a_broker_of_another_authority_is_not_trusted(brokers: OpenBroker, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    found = last(at(brokers(Options(tls=True)), ca_file=str(other.certificate)))
    assert (found.level, "not trusted" in found.text, "broker.ca_file" in found.advice) == (
        "problem",
        True,
        True,
    )


def test_a_port_without_tls_says_so(brokers: OpenBroker) -> None:
    found = last(at(brokers(Options()), tls=True))
    assert (found.level, found.text.startswith("no TLS connection")) == ("problem", True)


def test_a_right_that_is_missing_is_named(brokers: OpenBroker, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic read #\n")
    tmp_path.chmod(0o755)
    found = last(at(brokers(Options(lines=(f"acl_file {rules}",)))))
    assert (found.level, "not_authorised" in found.text) == ("problem", True)


def test_nobody_at_the_port(port: int) -> None:
    found = last(Broker("127.0.0.1", port, "d"))
    assert (found.level, "Connection refused" in found.text) == ("problem", True)


def test_a_name_that_is_none() -> None:
    found = last(Broker("nowhere.invalid", 1883, "d"))
    assert (found.level, "cannot be resolved" in found.text) == ("problem", True)


def test_a_port_that_is_mute_has_let_nobody_in() -> None:
    with FakeBroker(mute) as fake:
        found = examined(Broker("127.0.0.1", fake.port, "d", connect_timeout=0.5))
    assert (found[-1].level, found[-1].text) == ("problem", "no answer to our login within 0.5 s")
    assert "it lets us in" not in [each.text for each in found]


def test_a_broker_that_lets_us_in_and_is_mute() -> None:
    def answer(packet: int, body: bytes) -> bytes | None:
        return b"\x20\x03\x00\x00\x00" if packet >> 4 == 1 else mute(packet, body)

    with FakeBroker(answer) as fake:
        found = examined(Broker("127.0.0.1", fake.port, "d", connect_timeout=0.5))
    assert found[-2].text == "it lets us in"
    assert (found[-1].level, "does not answer" in found[-1].advice) == ("problem", True)


def test_an_address_without_a_route_is_told_before_anything_is_sent() -> None:
    found = last(Broker("255.255.255.255", 1883, "d"))
    assert (found.level, "no route" in found.text) == ("problem", True)


def name_of(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """A name service that knows these addresses for every name."""

    def found(_host: str, port: int, *_more: object, **_named: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_each_address_is_tried_until_one_works(brokers: OpenBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    there = at(brokers(Options(password=("u", "secret"))), host="broker.example")
    name_of(monkeypatch, "255.255.255.255", "127.0.0.2", "127.0.0.1", "127.0.0.3")
    found = examined(there._replace(credentials=lambda: ("u", "secret")))
    told = [(each.level, each.text) for each in found]
    assert told[:-2] == [
        ("ok", "broker.example is 255.255.255.255, 127.0.0.2, 127.0.0.1, 127.0.0.3"),
        ("note", "there is no route to 255.255.255.255: Permission denied"),
        ("ok", "the way to 127.0.0.2 leaves from 127.0.0.1"),
        ("note", f"127.0.0.2 port {there.port} cannot be reached: Connection refused"),
        ("ok", "the way to 127.0.0.1 leaves from 127.0.0.1"),
        ("ok", f"127.0.0.1 port {there.port} accepts connections"),
    ]
    assert found[-1].text.startswith(f"a publish on {TOPIC} was acknowledged")
    assert worst(found) == "note"


def test_where_no_address_works_each_is_told(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    name_of(monkeypatch, "127.0.0.2", "127.0.0.3", "127.0.0.1")
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.2", port), backlog=0))
        for _ in range(3):  # Linux drops what finds no place in the queue
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        found = examined(Broker("broker.example", port, "d", connect_timeout=0.3))
    assert [(each.level, each.text) for each in found if each.level != "ok"] == [
        ("warning", f"127.0.0.2 port {port} does not answer within 0.3 s"),
        ("note", f"127.0.0.3 port {port} cannot be reached: Connection refused"),
        ("problem", f"127.0.0.1 port {port} cannot be reached: Connection refused"),
    ]
