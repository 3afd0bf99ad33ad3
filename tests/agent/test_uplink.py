"""The broker of a configuration, and its secrets read at each connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import uplink
from agent.config import Config, SecretRefused
from agent.config.settings import Broker


def test_every_setting_of_the_broker_arrives() -> None:
    settings = Broker(url="mqtts://far.example:9000", ca_file="/ca", keepalive=30.0, connect_timeout=7.0)
    there = uplink.broker(Config(broker=settings), "client")
    assert (there.host, there.port, there.tls) == ("far.example", 9000, True)
    assert (there.client_id, there.ca_file, there.keepalive, there.connect_timeout) == (
        "client",
        "/ca",
        30,
        7.0,
    )


def test_without_a_file_there_is_no_password() -> None:
    assert uplink.broker(Config(broker=Broker(user="u")), "c").credentials() == ("u", "")


def test_a_changed_secret_works_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "password"
    there = uplink.broker(Config(broker=Broker(user="u", password_file=str(file))), "c")
    with pytest.raises(SecretRefused):
        there.credentials()
    for secret in ("first", "second"):
        file.write_text(f"{secret}\n")
        file.chmod(0o600)
        assert there.credentials() == ("u", secret)
