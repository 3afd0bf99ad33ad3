"""The real daemon as a process, for end-to-end tests: started, told, and ended in every way.

The test is its service manager: what the daemon says by sd_notify tells the test when it is ready,
so nothing sleeps and nothing polls.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.service.child import Child

PATIENCE = 30.0
"""Seconds a daemon may take to say what a test waits for, on a machine that does much else."""


class Daemon:
    """`outrider run` with directories of its own below `directory`, which outlive a restart.

    Args:
        directory: its state, runtime directory and output lie below.
        arguments: more words for `run`, such as ["--span", "1s"].
        before: a command that the daemon is run by, such as strace with its options.
    """

    def __init__(self, directory: Path, arguments: Sequence[str] = (), before: Sequence[str] = ()) -> None:
        self.state, self.runtime = directory / "state", directory / "runtime"
        self.log = directory / "daemon.log"
        for path in (self.state, self.runtime):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(directory / "notify"))
        self._environ = {"NOTIFY_SOCKET": str(directory / "notify")}
        self._command = [*before, sys.executable, "-m", "agent", "run", *arguments]
        self._command += ["--state-dir", str(self.state), "--runtime-dir", str(self.runtime)]
        self.child = self._fresh()

    def _fresh(self) -> Child:
        return Child("daemon", self._command, self.log, environ=self._environ)

    def start(self, *, ready: bool = True) -> Daemon:
        """Start it, again too; with `ready`, return when it says that it is."""
        self.child = self._fresh()
        self.child.start()
        if ready:
            self.told("READY", "1")
        return self

    def told(self, key: str, value: str | None = None, within: float = PATIENCE) -> str:
        """Wait for it to say this key (with this value), and return the value.

        Raises:
            AssertionError: it did not within so many seconds, or ended; its last lines are in the message.
        """
        self._socket.settimeout(within)
        while True:
            said = self._said(f"{key}={'...' if value is None else value}")
            if key in said and value in (None, said[key]):
                return said[key]

    def _said(self, awaited: str) -> Mapping[str, str]:
        try:
            message = self._socket.recv(4096).decode()
        except TimeoutError:
            status = self.child.ended()
            state = "still runs" if status is None else f"ended with {status}"
            raise AssertionError(f"never said {awaited}; it {state}\n{self.child.tail(30)}") from None
        return dict(line.partition("=")[::2] for line in message.splitlines())

    def reload(self) -> None:
        """SIGHUP."""
        self.child.signal(signal.SIGHUP)

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        self.child.kill()

    def stop(self, grace: float = 10.0) -> int:
        """SIGTERM; the exit status."""
        return self.child.stop(grace)

    def close(self) -> None:
        """End it if it runs, and give the socket back."""
        if self.child.started:
            self.child.stop()
        self._socket.close()
