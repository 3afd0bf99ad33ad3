"""The write-ahead log as a file: grown in advance, and how much of it is in use.

SQLite has no call for the second that reaches Python. What is counted here is what SQLite's own
recovery would count: frames that carry the salt of the log's header, from the first on. Opening and
closing this file by ourselves is safe; doing it with the database or the shared memory would drop
SQLite's POSIX locks.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.store.layout import PAGE
from agent.store.sizing import FRAME_HEADER, LOG_HEADER

_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


class Log:
    """The `-wal` file beside an open database."""

    def __init__(self, database: Path) -> None:
        self.path = Path(f"{database}-wal")
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        # Reading ahead would gather the pages to come in large folios, and each small write into one
        # would count, and on some file systems be written, as the whole of it.
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_RANDOM)
        self._salt = b""
        self._frames = self._done = 0

    def grow(self, size: int) -> None:
        """Reserve `size` bytes on the disk; a tail of zeros is no valid frame.

        Raises:
            OSError: no space.
        """
        if os.fstat(self._descriptor).st_size < size:
            os.posix_fallocate(self._descriptor, 0, size)
            os.fsync(self._descriptor)

    def used(self) -> int:
        """How many frames are in use since the log was last begun anew, at least as many as SQLite's."""
        header = os.pread(self._descriptor, LOG_HEADER, 0)
        if header[:4] not in _MAGIC:
            return 0
        salt = header[16:24]
        if salt != self._salt:
            self._salt, self._frames, self._done = salt, 0, 0
        while self._frame_salt(self._frames) == salt:
            self._frames += 1
        return self._frames

    def owed(self) -> int:
        """How many frames in use are not in the database yet. After an open that is all of them: what was
        brought in before, SQLite does not know any more, and does once more."""
        return self.used() - self._done

    def brought_in(self, done: int) -> None:
        """A checkpoint says that so many frames in use are in the database."""
        self._done = done

    def let_go(self) -> None:
        """Give the kernel its copy of the file back: a checkpoint has read it in large folios."""
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)

    def _frame_salt(self, index: int) -> bytes:
        return os.pread(self._descriptor, 16, LOG_HEADER + index * (PAGE + FRAME_HEADER))[8:16]
