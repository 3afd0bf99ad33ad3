"""A FIFO that a pattern names: read as it comes, without a position, for what was read of it is gone.

Lines that were taken and not stored are lost with a crash. It is opened so that nobody waits: neither we for
a writer, nor, while we are there, a writer for a reader.
"""

from __future__ import annotations

import os
import stat

from collectors.logs.tail.lines import whole
from collectors.logs.tail.medium import Refused, give_back
from collectors.logs.tail.source import Limits
from collectors.logs.tail.track import Part


class Pipe:
    """One FIFO; of a line that is not whole yet, at most a block is kept.

    Args:
        path: where it is.
        limits: how long a line may be, and how much is read at once.
    """

    __slots__ = ("_descriptor", "_limits", "_rest", "_skipping", "path")

    def __init__(self, path: str, limits: Limits) -> None:
        self.path = path
        self._limits = limits
        self._descriptor = -1
        self._rest = b""
        self._skipping = False

    def read(self) -> Part | None:
        """What has come; None: nothing.

        Raises:
            OSError: it is not there, may not be read, or is no FIFO.
        """
        if self._descriptor < 0:
            self._open()
        try:
            data = os.read(self._descriptor, self._limits.block)
        except BlockingIOError:
            return None
        if not data:
            return None
        found = whole(self._rest + data, self._limits.line, skipping=self._skipping)
        self._rest = (self._rest + data)[found.used :]
        self._skipping = found.skipping
        return Part(found.text, None, len(data), found.cut, found.torn, 0, found.dropped)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor >= 0:
            give_back(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        """As with files, what it is is seen before it is opened."""
        seen = os.open(self.path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISFIFO(os.fstat(seen).st_mode):
                raise Refused("kind", "no FIFO", self.path)
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
            self._descriptor = os.open(f"/proc/self/fd/{seen}", flags)
        finally:
            os.close(seen)
