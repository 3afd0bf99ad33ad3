from __future__ import annotations

import socket
import sys
import threading

import pytest

from agent.ship.mqtt.wire import ACKNOWLEDGED_AT, FAREWELL_SEGMENTS, asked, counted, drained
from tests.waiting import until


def pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    return near, far


def test_payload_and_headers_of_both_ways_are_counted() -> None:
    near, far = pair()
    near.sendall(b"x" * 1_000)
    assert len(far.recv(2_000)) == 1_000
    far.sendall(b"y" * 500)
    assert len(near.recv(2_000)) == 500
    found = counted(near)
    assert found is not None
    assert (found.sent, found.received) == (1_000, 500)
    # SYN, SYN-ACK, ACK, and two segments at least with their acknowledgements.
    assert 1_500 + 5 * 52 <= found.wire <= 1_500 + 10 * 60
    cut = counted(near, over=True)
    assert cut is not None
    assert cut.wire - found.wire == pytest.approx(FAREWELL_SEGMENTS * 52, abs=52)
    near.close()
    far.close()


def test_when_both_are_through_nothing_goes_any_more() -> None:
    near, far = pair()

    def close() -> None:
        far.recv(10)
        far.sendall(b"last")
        far.close()

    closing = threading.Thread(target=close)
    closing.start()
    assert drained(near, 5.0)
    closing.join()
    found = counted(near)
    assert found is not None
    assert found.received >= 4
    near.close()


def test_a_far_side_that_stays_open_is_not_waited_for() -> None:
    near, far = pair()
    assert not drained(near, 0.05)
    near.close()
    far.close()


def test_only_names_are_asked_for() -> None:
    assert (asked("127.0.0.1"), asked("::1")) == (0, 0)
    assert asked("broker.example.org") > 300


class Old:
    """A socket of a kernel whose `tcp_info` ends earlier: 168 bytes in Linux 4.9, which Jetsons still run."""

    family = socket.AF_INET

    def __init__(self, sock: socket.socket, size: int) -> None:
        self._sock, self._size = sock, size

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        return self._sock.getsockopt(level, option, min(size, self._size))


def test_a_kernel_that_does_not_say_what_was_sent_is_asked_what_was_acknowledged() -> None:
    near, far = pair()
    near.sendall(b"x" * 5_000)
    assert len(far.recv(5_000, socket.MSG_WAITALL)) == 5_000
    far.sendall(b"y" * 700)
    assert len(near.recv(700, socket.MSG_WAITALL)) == 700
    until(lambda: acknowledged(near) >= 5_000)
    new, old = counted(near), counted(Old(near, 168))
    assert new is not None
    assert old is not None
    # The SYN counts as a byte that was acknowledged.
    assert 0 <= old.sent - new.sent <= 1
    assert 0 <= old.wire - new.wire <= 1
    assert counted(Old(near, 104)) is None
    near.close()
    far.close()


def acknowledged(sock: socket.socket) -> int:
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 168)
    return int.from_bytes(info[ACKNOWLEDGED_AT : ACKNOWLEDGED_AT + 8], sys.byteorder)
