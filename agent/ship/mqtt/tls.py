"""TLS to a broker, the same for devices and subscribers: whom we trust, and what we show of ourselves; and
for devices the session that the next connection resumes, which saves the certificates: 1.2 KB of 3.4 with
the shortest of them.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple


class Papers(NamedTuple):
    """Files in PEM: the authorities that the broker is checked against, "" for the system's; our own
    certificate and its key, "" for none."""

    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""


def context(papers: Papers, called: Papers) -> ssl.SSLContext:
    """At least TLS 1.2; the broker's certificate and name are checked.

    Args:
        papers: the files.
        called: what people set each of them by, for messages.

    Raises:
        ValueError: a file cannot be read or used; names the setting.
    """
    try:
        made = ssl.create_default_context(cafile=papers.ca_file or None)
    except OSError as error:
        raise ValueError(f"{called.ca_file} {papers.ca_file}: {error.strerror}") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if papers.certificate_file:
        try:
            made.load_cert_chain(papers.certificate_file, papers.key_file or None)
        except OSError as error:
            files = f"{called.certificate_file} {papers.certificate_file}, "
            files += f"{called.key_file} {papers.key_file or 'not set'}"
            raise ValueError(f"{files}: {error.strerror}") from error
    return made


class Trust:
    """Keeps the context and the latest session while the files are as they were."""

    def __init__(self, papers: Papers, called: Papers) -> None:
        """See `context`."""
        self._papers = papers
        self._called = called
        self._seen: tuple[tuple[int, int, int], ...] = ()
        self._context: ssl.SSLContext | None = None
        self._session: ssl.SSLSession | None = None

    def context(self) -> ssl.SSLContext:
        """What a connection is checked against, and what we show of ourselves.

        Raises:
            ValueError: a file cannot be read or used; names the setting.
        """
        seen = tuple(_identity(file) for file in self._papers if file)
        if self._context is None or seen != self._seen:
            self._context, self._session = context(self._papers, self._called), None
            self._seen = seen
        return self._context

    @property
    def session(self) -> ssl.SSLSession | None:
        """The one to resume."""
        return self._session

    def keep(self, sock: object) -> None:
        """A connection of this trust ends: the next one may resume its session."""
        if isinstance(sock, ssl.SSLSocket) and sock.context is self._context and sock.session is not None:
            self._session = sock.session

    def forget(self) -> None:
        """A connection failed: the next one begins from nothing."""
        self._session = None


def _identity(file: str) -> tuple[int, int, int]:
    """Which file it is; one that cannot be looked at is another."""
    try:
        status = Path(file).stat()
    except OSError:
        return (0, 0, 0)
    return status.st_ino, status.st_mtime_ns, status.st_size
