"""Talk to systemd: readiness, watchdog, status, reload, end. The sd_notify protocol, without libraries.

A message is one datagram of `KEY=value` lines to the socket that NOTIFY_SOCKET names
(https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html). Without that variable
nothing is sent. A message that cannot be sent is counted as `outrider.notify.failed`: systemd not
listening must not stop the daemon, and must not go unseen either.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping

from collectors.tally import Tally

FAILED = "outrider.notify.failed"


class Notifier:
    """Sends to the socket of the service manager.

    Args:
        environ: where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are looked up.
        tally: counts what could not be sent, by reason.
        pid: our process id; the watchdog may be meant for another process.
    """

    def __init__(self, environ: Mapping[str, str], tally: Tally, pid: int) -> None:
        self._tally = tally
        self._address = address(environ.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        self._status = ""
        self.watchdog_interval = watchdog_interval(environ, pid)
        """How often `watchdog` is due, in s: half of WatchdogSec; None if there is no watchdog."""

    def ready(self, status: str) -> None:
        """Started, or reloaded; `status` is what `systemctl status` shows."""
        self._status = status
        self._send(f"READY=1\nSTATUS={one_line(status)}")

    def watchdog(self) -> None:
        """Alive: to be called each `watchdog_interval`, and only while all heartbeats came."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows; sent where it is another than before."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={one_line(text)}")

    def reloading(self, monotonic: float) -> None:
        """Began to reload at `monotonic` (CLOCK_MONOTONIC, s); `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(monotonic * 1_000_000)}")

    def stopping(self, status: str) -> None:
        """Began to end."""
        self._status = status
        self._send(f"STOPPING=1\nSTATUS={one_line(status)}")

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        if self._socket is None:
            # It must never hold up the loop: a full queue is counted, and the next message tries again.
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            self._tally.add(FAILED, reason=errno.errorcode.get(error.errno or 0, "unknown"))


def address(name: str) -> str | bytes | None:
    """The socket's address: a path, or an abstract name written with a leading "@"; None if empty.

    Raises:
        ValueError: neither of the two (systemd also knows vsock, which is for virtual machines).
    """
    if not name:
        return None
    if name.startswith("@"):
        return b"\0" + name[1:].encode()
    if name.startswith("/"):
        return name
    raise ValueError(f"NOTIFY_SOCKET={name!r}: must be an absolute path or begin with '@'")


def watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Half of the time systemd waits for us, in s; None if it does not watch this process.

    Raises:
        ValueError: WATCHDOG_USEC or WATCHDOG_PID is no number.
    """
    limit = environ.get("WATCHDOG_USEC")
    if not limit or int(environ.get("WATCHDOG_PID", pid)) != pid:
        return None
    return int(limit) / 2_000_000


def one_line(text: str) -> str:
    """The text without line ends: a second line would be a key of its own."""
    return " ".join(text.split())
