"""Where an endpoint is: its URL taken apart, its name resolved, and whether that is this host."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple

_URL = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?((?:/[!-~]{0,1000})?)"
)
LOOPBACK = ("127.0.0.1", "::1")
MOST = 8

Resolve = Callable[[str, int], list[str]]
"""Addresses of a host's name, to be reached at a port; raises OSError."""


class Address(NamedTuple):
    """A URL of http or https; `host` without brackets, `path` with its query."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def address_of(url: str) -> Address | None:
    """The address that a URL says; None if it is none, holds a login or a fragment."""
    match = _URL.fullmatch(url)
    if match is None or "#" in match[4]:
        return None
    tls = match[1] == "https"
    port = int(match[3]) if match[3] else (443 if tls else 80)
    host = match[2].strip("[]")
    if not 0 < port < 65536 or (":" in host and not is_numeric(host)):
        return None
    return Address(tls, host, port, match[4] or "/")


def is_numeric(host: str) -> bool:
    """Whether it is an IP address, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Whether this IP address is this host's own, whatever it is written as."""
    where = ip_address(address.partition("%")[0])
    mapped = getattr(where, "ipv4_mapped", None)
    return bool((mapped or where).is_loopback)


def known(host: str) -> tuple[str, ...]:
    """The addresses that need no look-up: of an IP address itself, and of `localhost`."""
    if is_numeric(host):
        return (host,)
    return LOOPBACK if host.lower().rstrip(".") == "localhost" else ()


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the host's resolver has them; it may take half a minute.

    Raises:
        OSError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(str(error)) from None
    return list(dict.fromkeys(str(where[0]) for *_, where in found))[:MOST]
