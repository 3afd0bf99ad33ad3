"""Being let in: passwords, certificates, and clear words where it fails."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from agent.ship import protocol as p
from agent.ship.budget import Allowance
from agent.ship.link import RESTING
from agent.ship.mqtt import Broker
from agent.ship.mqtt.connection import refusal
from tests.agent.ship.bench import content
from tests.agent.ship.mqtt.device import Device, FakeBroker, mute, some
from tests.brokers import Options, Secured
from tests.certificates import Authority
from tests.conftest import OpenBroker
from tests.waiting import until

pytestmark = [
    pytest.mark.mosquitto,
    # After a handshake that failed, paho leaves the socket to reference counting, which closes it.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


def at(secured: Secured, **more: Any) -> Broker:
    """How the device reaches this broker, with what it needs to be let in."""
    broker = Broker("127.0.0.1", secured.port, "d", tls=secured.authority is not None)
    if secured.authority is not None and secured.client is not None:
        broker = broker._replace(
            ca_file=str(secured.authority.certificate),
            certificate_file=str(secured.client.certificate),
            key_file=str(secured.client.key),
        )
    return broker._replace(**more)


def connects(broker: Broker) -> bool:
    """Whether the broker lets this one in."""
    with Device(broker) as device:
        device.flush(some())
        device.wait_notice("connected", "mqtt5")
        device.wait_notice("unheard")
    return True


def test_a_password_lets_in(brokers: OpenBroker) -> None:
    secured = brokers(Options(password=("u", "secret")))
    assert connects(at(secured, credentials=lambda: ("u", "secret")))


@pytest.mark.parametrize("given", [("u", "wrong"), ("", "")])
def test_a_wrong_password_is_named(brokers: OpenBroker, given: tuple[str, str]) -> None:
    secured = brokers(Options(password=("u", "secret")))
    with Device(at(secured, credentials=lambda: given), backoff_max=5.0) as device:
        device.flush(some())
        notice = device.wait_notice("refused")
    assert (notice.level, notice.reason) == ("error", "not_authorized")
    assert "secret" not in notice.text


def test_a_password_that_was_changed_works_without_a_restart(brokers: OpenBroker) -> None:
    secured = brokers(Options(password=("u", "secret")))
    secrets = iter([("u", "old"), ("u", "secret")])
    with Device(at(secured, credentials=lambda: next(secrets))) as device:
        device.flush(some())
        device.wait_notice("refused", "not_authorized")
        device.wait_notice("connected")


def test_tls_with_the_right_authority(brokers: OpenBroker) -> None:
    assert connects(at(brokers(Options(tls=True)), certificate_file="", key_file=""))


def test_large_messages_arrive_over_tls(brokers: OpenBroker) -> None:
    secured = brokers(Options(tls=True))
    with Device(at(secured)) as device:
        device.flush(content(300_000))
        device.wait_notice("unheard")


def test_a_certificate_of_our_own_lets_in(brokers: OpenBroker) -> None:
    assert connects(at(brokers(Options(tls=True, client_certificates=True))))


def test_without_it_the_broker_hangs_up_and_we_say_why(brokers: OpenBroker) -> None:
    secured = brokers(Options(tls=True, client_certificates=True))
    with Device(at(secured, certificate_file="", key_file="")) as device:
        device.flush(some())
        assert "broker.certificate_file" in device.wait_notice("lost").text


def test_a_broker_of_another_authority_is_not_trusted(brokers: OpenBroker, tmp_path: Path) -> None:
    secured = brokers(Options(tls=True))
    other = Authority(tmp_path / "other")
    with Device(at(secured, ca_file=str(other.certificate))) as device:
        device.flush(some())
        notice = device.wait_notice("refused", "certificate")
    assert notice.level == "error"
    assert "not trusted" in notice.text
    assert "broker.ca_file" in notice.text


def test_a_broker_of_another_name_is_not_trusted(brokers: OpenBroker) -> None:
    secured = brokers(Options(tls=True))
    with Device(at(secured, host="127.0.0.2")) as device:
        device.flush(some())
        notice = device.wait_notice("refused")
    assert notice.reason in ("certificate", "connection")


def test_a_file_that_is_missing_is_named(brokers: OpenBroker, tmp_path: Path) -> None:
    secured = brokers(Options(tls=True))
    with Device(at(secured, certificate_file=str(tmp_path / "none.crt"), key_file="")) as device:
        device.flush(some())
        notice = device.wait_notice("refused", "settings")
    assert notice.level == "error"
    assert "none.crt" in notice.text
    assert "No such file" in notice.text


def test_a_file_that_holds_no_certificate_is_named(brokers: OpenBroker, tmp_path: Path) -> None:
    (tmp_path / "bad.crt").write_text("nothing of the kind")
    with Device(at(brokers(Options(tls=True)), ca_file=str(tmp_path / "bad.crt"))) as device:
        device.flush(some())
        assert "broker.ca_file" in device.wait_notice("refused", "settings").text


def test_plain_text_where_tls_is_expected_ends_in_time() -> None:
    with FakeBroker(mute) as fake:
        broker = Broker("127.0.0.1", fake.port, "d", tls=True, connect_timeout=0.2)
        with Device(broker, connect_timeout=0.3) as device:
            device.flush(some())
            device.wait_notice("refused")
            assert device.shipper.alive()


@pytest.mark.parametrize(
    ("error", "reason", "final"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name", False),
        (TimeoutError(), "timeout", False),
        (ConnectionRefusedError(111, "Connection refused"), "connection", False),
        (OSError(101, "Network is unreachable"), "network", False),
        (ssl.SSLError(1, "wrong version number"), "tls", False),
        (FileNotFoundError(2, "No such file or directory", "/etc/outrider/password"), "settings", True),
        (ValueError("password file is empty"), "settings", True),
    ],
)
def test_each_refusal_has_its_reason(error: OSError | ValueError, reason: str, final: bool) -> None:
    refused = refusal(error)
    assert (refused.reason, refused.final) == (reason, final)
    assert refused.text


def on_the_wire(device: Device) -> float:
    """All bytes so far, once the last connection's end is counted too: when it is that, nobody tells."""
    seen = [device.count("outrider.ship.wire")]

    def stands() -> bool:
        time.sleep(0.3)
        seen.append(device.count("outrider.ship.wire"))
        return seen[-1] == seen[-2]

    until(lambda: device.shipper._link.state == RESTING and stands())
    return seen[-1]


def test_the_next_connection_resumes_the_tls_session_and_takes_fewer_bytes(brokers: OpenBroker) -> None:
    secured = brokers(Options(tls=True))
    with Device(at(secured), budget=Allowance(200_000, 86_400.0)) as device:
        device.flush(some())
        until(lambda: device.count("outrider.ship.connections") == 1)
        first = on_the_wire(device)
        device.shipper.post(p.Condition(("disk full",)))
        until(lambda: device.count("outrider.ship.connections") == 2)
        second = on_the_wire(device) - first
    assert second < first - 800
