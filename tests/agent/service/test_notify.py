from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.service.notify import FAILED, Notifier
from collectors.tally import Tally


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The service manager's side: the value of NOTIFY_SOCKET and the socket that receives."""
    name = f"@outrider-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if name.startswith("@") else name)
        listener.settimeout(5)
        yield name, listener


def notifier(environ: dict[str, str], tally: Tally | None = None) -> Notifier:
    return Notifier(environ, tally or Tally(), pid=os.getpid())


def test_each_message_is_one_datagram_and_what_was_said_is_not_said_again(
    manager: tuple[str, socket.socket],
) -> None:
    name, listener = manager
    sender = notifier({"NOTIFY_SOCKET": name})
    sender.ready("collecting")
    sender.status("collecting")
    sender.watchdog()
    sender.status("degraded: disk full")
    sender.status("degraded: disk full")
    sender.reloading(12.3456789)
    sender.stopping("SIGTERM")
    sender.close()
    assert [listener.recv(4096).decode() for _ in range(5)] == [
        "READY=1\nSTATUS=collecting",
        "WATCHDOG=1",
        "STATUS=degraded: disk full",
        "RELOADING=1\nMONOTONIC_USEC=12345678",
        "STOPPING=1\nSTATUS=SIGTERM",
    ]


def test_a_status_cannot_smuggle_in_another_key(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    sender = notifier({"NOTIFY_SOCKET": name})
    sender.status("host says\nREADY=1")
    sender.close()
    assert listener.recv(4096) == b"STATUS=host says READY=1"


def test_without_a_socket_nothing_is_sent_nor_counted() -> None:
    tally = Tally()
    sender = notifier({}, tally)
    sender.ready("collecting")
    sender.close()
    assert tally.snapshot() == []


def test_a_manager_that_is_gone_is_counted_by_reason(tmp_path: Path) -> None:
    tally = Tally()
    sender = notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, tally)
    sender.watchdog()
    sender.watchdog()
    sender.close()
    assert tally.snapshot() == [(FAILED, (("reason", "ENOENT"),), "counter", 2)]


def test_a_manager_that_does_not_read_never_holds_us_up(tmp_path: Path) -> None:
    tally = Tally()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mute:
        mute.bind(str(tmp_path / "mute"))
        sender = notifier({"NOTIFY_SOCKET": str(tmp_path / "mute")}, tally)
        for _ in range(2_000):
            sender.watchdog()
        sender.close()
    [(name, attributes, _, lost)] = tally.snapshot()
    assert (name, attributes) == (FAILED, (("reason", "EAGAIN"),))
    assert 0 < lost < 2_000


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="NOTIFY_SOCKET='vsock:2:1234'"):
        notifier({"NOTIFY_SOCKET": "vsock:2:1234"})


def test_the_watchdog_is_fed_at_half_its_time() -> None:
    assert notifier({"WATCHDOG_USEC": "60000000"}).watchdog_interval == 30.0
    own = str(os.getpid())
    assert notifier({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": own}).watchdog_interval == 0.25


def test_a_watchdog_of_another_process_is_not_ours() -> None:
    assert notifier({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}).watchdog_interval is None
    assert notifier({}).watchdog_interval is None
