"""A program in a terminal of its own: its keys are pressed, and what it writes is read as it comes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

PATIENCE = 30.0
PLAIN: Mapping[str, str] = {"TERM": "xterm-256color", "NO_COLOR": "1"}


class Terminal:
    """A pseudo-terminal of `size` (columns, lines) with a program in it, from `with` to its end.

    Args:
        command: the program and its arguments. environ: what it finds beside our own environment.

    `seen` is all that it wrote, escapes included.
    """

    def __init__(
        self, command: Sequence[str], size: tuple[int, int] = (100, 30), environ: Mapping[str, str] = PLAIN
    ) -> None:
        self._data = bytearray()
        self._status: int | None = None
        self._from = 0
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.environ.pop("COLUMNS", None)
            os.environ.pop("LINES", None)
            os.environ.update(environ)
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.execvp(command[0], list(command))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is None:
            os.kill(self.pid, 9)
            self.end()
        os.close(self._terminal)

    @property
    def seen(self) -> str:
        """All that was written so far."""
        return self._data.decode(errors="replace")

    def press(self, keys: str) -> None:
        """Type these."""
        os.write(self._terminal, keys.encode())

    def until(self, part: str, again: Callable[[], object] = bool) -> None:
        """Read until this was written since the last `until`; `again` is done meanwhile, again and again."""
        deadline = time.monotonic() + PATIENCE
        while part.encode() not in self._data[self._from :]:
            assert time.monotonic() < deadline, f"never wrote {part!r}: {self.seen[-3000:]!r}"
            again()
            self.read(0.1)
        self._from = len(self._data)

    def read(self, seconds: float) -> int:
        """Read for that long at most; how many bytes came."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return 0
        data = b""
        with contextlib.suppress(OSError):  # EIO: the program closed its side
            data = os.read(self._terminal, 65536)
        self._data += data
        return len(data)

    def end(self) -> int:
        """Read until the program ends; its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._status is None:
            assert time.monotonic() < deadline, f"still runs: {self.seen[-3000:]!r}"
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        while self.read(0.0):
            pass
        return self._status
