"""A proxy between a client and its broker that does what bad networks do."""

from __future__ import annotations

import queue
import socket
import threading
import time
from typing import Literal

from agent.view.broker import HOST
from tests.listening import Listener

CHUNK = 65_536
PUBLISH = 0x30

Mode = Literal["pass", "mute", "close"]


class Proxy(Listener):
    """Listens on a loopback port of its own, inside `with`.

    `mode` may change at any time: "mute" takes connections and swallows what comes, so that those it met
    are mute for ever; "close" closes a connection on its first publish. `delay` in s goes for each
    direction.
    """

    def __init__(self, target: int) -> None:
        super().__init__()
        self.mode: Mode = "pass"
        self.delay = 0.0
        self._target = target

    def took(self, connection: socket.socket) -> None:
        """Connect it with the broker."""
        try:
            broker = socket.create_connection((HOST, self._target))
        except OSError:
            connection.close()
            return
        self.open.append(broker)
        _Way(self, connection, broker, guarded=True).start()
        _Way(self, broker, connection, guarded=False).start()

    def end(self, connection: socket.socket) -> None:
        """Close a connection under whoever reads it."""
        _end(connection)


class _Way:
    """One direction of one connection: a thread that reads and one that writes what is due."""

    def __init__(self, proxy: Proxy, source: socket.socket, target: socket.socket, *, guarded: bool) -> None:
        self._proxy = proxy
        self._source = source
        self._target = target
        self._guarded = guarded
        self._due: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def start(self) -> None:
        for work in (self._read, self._write):
            threading.Thread(target=work, daemon=True).start()

    def _read(self) -> None:
        mute = False
        while data := _received(self._source):
            mute |= self._proxy.mode == "mute"
            if self._guarded and self._proxy.mode == "close" and data[0] & 0xF0 == PUBLISH:
                _end(self._source)
                break
            if not mute:
                self._due.put((time.monotonic() + self._proxy.delay, data))
        # What the other side does not hear of its end is no less mute.
        if not mute:
            self._due.put((time.monotonic() + self._proxy.delay, b""))

    def _write(self) -> None:
        while True:
            due, data = self._due.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                self._target.sendall(data)
            except OSError:
                data = b""
            if not data:
                _end(self._target)
                return


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(CHUNK)
    except OSError:
        return b""


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the far side was faster
    finally:
        connection.close()
