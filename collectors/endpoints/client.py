"""Fetches a page over HTTP within a total time: a server that drips, hangs or never ends costs no more.

Not by `http.client`, whose time-outs are for each piece that arrives, and which costs 1.7 MB. The address
that is checked is the very one that is connected to, redirects are not followed, and each page is a
connection of its own.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import NamedTuple

from collectors.aside import Aside, Hung
from collectors.endpoints.address import Address, Resolve, is_loopback, known, resolve
from collectors.endpoints.reply import Failed, Reply

ACCEPT = "text/plain;version=0.0.4, */*;q=0.1"
"""Without OpenMetrics: Python servers send it wherever it is named, and write names otherwise there."""
PIECE = 65536


class Bounds(NamedTuple):
    """What a page may cost, and where it may come from.

    Args:
        timeout: s for all of it, from the name to the last byte.
        size: bytes of the page.
        remote: whether other hosts than this one may be asked.
    """

    timeout: float
    size: int
    remote: bool = False


class Client:
    """Fetches one endpoint's page again and again; for one thread."""

    def __init__(
        self,
        address: Address,
        bounds: Bounds,
        clock: Callable[[], float],
        ca_file: str = "",
        lookup: Resolve = resolve,
    ) -> None:
        """`clock` is in s and only goes forward; with `ca_file` a TLS server is checked against its
        certificates (PEM), else against the system's."""
        self._address = address
        self._bounds = bounds
        self._clock = clock
        self._ca_file = ca_file
        self._lookup = lookup
        self._names: Aside[list[str]] = Aside("the name service", bounds.timeout, clock)
        self._tokens: Aside[str] = Aside("the disk with its token", bounds.timeout, clock)
        self._papers: Aside[ssl.SSLContext] = Aside("the disk with its ca_file", bounds.timeout, clock)
        self._context: ssl.SSLContext | None = None

    def fetch(self, read_token: Callable[[], str] | None = None) -> bytes:
        """The page; asked for as the bearer of what `read_token` reads from a disk.

        Raises:
            Failed: it cannot be had in time, or at all, or `read_token` raised this.
        """
        end = self._clock() + self._bounds.timeout
        try:
            token = "" if read_token is None else self._tokens(read_token)
            with self._connected(end) as plain, self._secured(plain, end) as sock:
                return self._asked(sock, token, end)
        except TimeoutError:
            raise Failed("timeout", f"no page within {self._bounds.timeout:g} s") from None
        except Hung as error:
            raise Failed("timeout", str(error)) from None
        except ssl.SSLCertVerificationError as error:
            raise Failed("tls", f"its certificate is not trusted: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise Failed("tls", f"no TLS connection: {error.reason or error}") from None
        except OSError as error:
            raise Failed("connection", f"{error.strerror or error}") from None

    def close(self) -> None:
        """End the threads for what may hang, as far as there are any."""
        for aside in (self._names, self._tokens, self._papers):
            aside.close()

    def _left(self, end: float) -> float:
        left = end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _addresses(self) -> list[str]:
        """Where to connect to, as far as it is allowed."""
        host, port = self._address.host, self._address.port
        found = list(known(host))
        if not found:
            try:
                found = self._names(lambda: self._lookup(host, port))
            except Hung:
                raise
            except OSError as error:
                raise Failed(
                    "name", f"the name {host} cannot be resolved: {error.strerror or error}"
                ) from None
        allowed = [each for each in found if self._bounds.remote or is_loopback(each)]
        if not allowed:
            raise Failed("remote", f"{host} is not on this host ({', '.join(found)}): set remote = true")
        return allowed

    def _connected(self, end: float) -> socket.socket:
        """A connection to the first address that takes one."""
        *others, last = self._addresses()
        for at, where in enumerate(others):
            try:
                return self._opened(where, self._left(end) / (len(others) + 1 - at))
            except OSError:
                continue
        return self._opened(last, self._left(end))

    def _opened(self, where: str, seconds: float) -> socket.socket:
        family = socket.AF_INET6 if ":" in where else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(seconds)
            sock.connect((where, self._address.port))
        except BaseException:
            sock.close()
            raise
        return sock

    def _secured(self, sock: socket.socket, end: float) -> socket.socket:
        if not self._address.tls:
            return sock
        if self._context is None:
            self._context = self._trust()
        sock.settimeout(self._left(end))
        return self._context.wrap_socket(sock, server_hostname=self._address.host)

    def _trust(self) -> ssl.SSLContext:
        if not self._ca_file:
            return ssl.create_default_context()
        made = self._papers(lambda: ssl.create_default_context(cafile=self._ca_file))
        self._papers.close()
        return made

    def _asked(self, sock: socket.socket, token: str, end: float) -> bytes:
        """Ask, and read the answer to its end."""
        sock.settimeout(self._left(end))
        sock.sendall(self._request(token))
        reply = Reply(self._bounds.size)
        while not reply.done:
            # Each piece has what is left of the whole time, so that none of them prolongs it.
            sock.settimeout(self._left(end))
            reply.feed(sock.recv(PIECE))
        return reply.body

    def _request(self, token: str) -> bytes:
        lines = [
            f"GET {self._address.path} HTTP/1.1",
            f"Host: {self._address.authority}",
            "User-Agent: outrider",
            f"Accept: {ACCEPT}",
            "Accept-Encoding: gzip",
            "Connection: close",
        ]
        if token:
            if not (token.isascii() and token.isprintable()):
                raise Failed("token", "the token has characters that a header cannot carry")
            lines.append(f"Authorization: Bearer {token}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
