"""A TCP connection whose failures are counted too: a broker that is not there takes bytes each time."""

from __future__ import annotations

import socket
from collections.abc import Callable


def dial(host: str, port: int, timeout: float, failed: Callable[[socket.socket], None]) -> socket.socket:
    """Connect to the first address that answers, each within `timeout` s; `failed` sees the sockets of
    those that do not, before they are closed.

    Raises:
        OSError: why the last one did not, or that the name has no address.
    """
    fault: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(timeout)
            sock.connect(where)
        except OSError as error:
            failed(sock)
            sock.close()
            fault = error
        else:
            return sock
    raise fault
