from __future__ import annotations

import socket

import pytest

from agent.ship.mqtt.dial import dial
from agent.ship.mqtt.wire import counted
from agent.view.broker import free_port


def test_a_socket_that_answers_is_connected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        failed: list[socket.socket] = []
        sock = dial("127.0.0.1", server.getsockname()[1], 5.0, failed.append)
        assert sock.getpeername() == server.getsockname()
        sock.close()
    assert failed == []


def test_one_that_is_refused_is_shown_before_it_is_closed_and_took_bytes() -> None:
    seen: list[int] = []

    def failed(sock: socket.socket) -> None:
        found = counted(sock)
        assert found is not None
        seen.append(found.wire)

    with pytest.raises(ConnectionRefusedError):
        dial("127.0.0.1", free_port(), 5.0, failed)
    assert len(seen) == 1
    assert seen[0] >= 60, "a SYN at least"


def test_a_name_without_an_address_is_an_error() -> None:
    with pytest.raises(OSError, match=r".+"):
        dial("no.such.name.invalid", 1, 5.0, lambda _sock: None)
