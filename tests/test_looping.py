"""Clients of the tests leave no socket behind, and all are ended by what closes them."""

from __future__ import annotations

import psutil
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.brokers import Secured
from tests.looping import looping
from tests.source import ROOT

STOPS = ".loop_" + "stop()"


def connections() -> set[tuple[object, ...]]:
    """Both ends of each TCP connection that this process has open."""
    return {(each.laddr, each.raddr) for each in psutil.Process().net_connections("tcp4")}


def test_a_client_in_a_circle_leaves_no_socket(broker: Secured) -> None:
    before = connections()
    client = Client(CallbackAPIVersion.VERSION2)
    client.user_data_set(client)
    client.connect("127.0.0.1", broker.port)
    with looping(client):
        assert len(connections() - before) == 3
    assert not connections() - before


def test_no_client_is_ended_otherwise() -> None:
    files = (ROOT / "tests").rglob("*.py")
    assert [path.name for path in files if STOPS in path.read_text()] == ["looping.py"]
