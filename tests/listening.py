"""A server of the test's own: listens on a loopback port, and hands each connection over."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

from typing_extensions import Self

from agent.view.broker import HOST

Server = TypeVar("Server", bound="Listener")


class Listener(ABC):
    """Listens from the start, and takes connections inside `with`; what is `open` is closed at its end."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for each in self.open:
            self.end(each)

    @abstractmethod
    def took(self, connection: socket.socket) -> None:
        """Somebody has connected; called in the thread that accepts, returns soon."""

    def end(self, connection: socket.socket) -> None:
        """Close a connection."""
        connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.open.append(connection)
            self.took(connection)
