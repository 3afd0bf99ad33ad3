"""A child process that never outlives us: its output kept in a file, its end bounded.

The kernel sends it SIGTERM when the thread that started it ends, however that happens; so start
children from the main thread. Nothing here runs in the daemon: the demo and the tests use it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
TAIL = 16_384
"""How many bytes from the end of the output are looked at for the last lines."""

_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """One program, started and ended by us.

    It has a session of its own, so that Ctrl-C in the terminal reaches us alone and we decide the
    order of the end; with `terminal` it shares ours, reads the keyboard and writes to the screen.

    Args:
        name: what to call it in messages.
        command: program and arguments.
        log: the file its output is appended to, both streams; not used with `terminal`.
        terminal: leave standard input, output and error as ours are.
        environ: added to our environment.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        terminal: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._terminal = terminal
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running or ended process.

        Raises:
            RuntimeError: it was not started.
        """
        if self._process is None:
            raise RuntimeError(f"{self.name}: not started")
        return self._process

    @property
    def started(self) -> bool:
        """Whether it was ever started."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def start(self) -> None:
        """Start it.

        Raises:
            OSError: no such program, or no right to run it.
        """
        if self._terminal:
            self._process = self._spawn(None, None)
            return
        with self.log.open("ab") as output:
            self._process = self._spawn(subprocess.DEVNULL, output)

    def _spawn(self, stdin: int | None, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
        parent = os.getpid()

        def with_us() -> None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:  # we ended between the fork and the call above
                os._exit(1)

        return subprocess.Popen(
            self.command,
            stdin=stdin,
            stdout=output,
            stderr=output,
            env=self._environ,
            start_new_session=not self._terminal,
            preexec_fn=with_us,  # noqa: PLW1509 - one prctl; started before we have other threads
        )

    def ended(self, within: float = 0.0) -> int | None:
        """Its exit status once it has ended (negative: the signal), else None after `within` s."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens if it has ended."""
        self.process.send_signal(number)

    def stop(self, grace: float = 5.0) -> int:
        """Ask it to end, wait `grace` s, then kill it. Its exit status; safe to call twice."""
        process = self.process
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            if self.ended(grace) is None:
                process.kill()
        return process.wait()

    def kill(self) -> int:
        """End it now, as a power cut would. Its exit status."""
        self.process.kill()
        return self.process.wait()

    def tail(self, lines: int = 10) -> str:
        """The last lines it wrote, or an empty string."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as output:
            output.seek(max(0, self.log.stat().st_size - TAIL))
            text = output.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])
