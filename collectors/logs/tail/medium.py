"""Opening and reading what a path leads to: a plain file, or what a compressed one holds.

Nothing is opened that is no regular file, or lies outside the allowed roots: opening a device can do things
(a watchdog's timer starts). So a path is first opened as a mere path (`O_PATH`), looked at, and what was
looked at is opened, whatever the path leads to by then.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import EACCES
from typing import NamedTuple

from collectors.logs.tail.packed import MAGIC, Decoder, Unpacked, decoder_for
from collectors.logs.tail.proof import HEAD, WINDOW

UNKNOWN = 1 << 62
"""The size of a compressed file's content, until its end was seen."""
STEP = 256 * 1024


class Refused(OSError):  # noqa: N818 - it is the file that is refused
    """Raised for what is not opened by rule; `reason` is "link" or "kind"."""

    def __init__(self, reason: str, words: str, path: str) -> None:
        super().__init__(EACCES, words, path)
        self.reason = reason


class Opened(NamedTuple):
    """A descriptor, what it is of, and where that lies by its real name."""

    descriptor: int
    status: os.stat_result
    real: str


def open_safely(path: str, roots: Sequence[str]) -> Opened:
    """Open a regular file below one of `roots` (real paths) for reading.

    Raises:
        Refused: it is none, or lies elsewhere.
        OSError: it is missing, or may not be read.
    """
    seen = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        status = os.fstat(seen)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("kind", "no regular file", path)
        real = os.readlink(f"/proc/self/fd/{seen}")
        if not any(real.startswith(root.rstrip("/") + "/") for root in roots):
            raise Refused("link", f"leads to {real}, outside of where logs may lie", path)
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return Opened(os.open(f"/proc/self/fd/{seen}", flags), status, real)
    finally:
        os.close(seen)


def give_back(descriptor: int) -> None:
    """Close what was only read: that a dead mount says so once more is no news, and the number is free all
    the same, so that nobody may close it again."""
    with suppress(OSError):
        os.close(descriptor)


class Plain:
    """A file as it is. Closed by `close`."""

    __slots__ = ("_descriptor",)
    packed = False

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def status(self) -> os.stat_result:
        """As it is now, whatever its name is by then."""
        return os.fstat(self._descriptor)

    def size(self) -> int:
        """Bytes."""
        return self.status().st_size

    def reach(self, offset: int) -> bool:
        """Whether `read` may begin there now."""
        return True

    def read(self, start: int, size: int) -> bytes:
        """At most `size` bytes from `start` on."""
        return os.pread(self._descriptor, size, start)

    def data_after(self, offset: int) -> int:
        """Where, from `offset` on, there is anything but a hole."""
        try:
            return os.lseek(self._descriptor, offset, os.SEEK_DATA)
        except OSError:
            return offset

    def head(self) -> bytes:
        """The first bytes."""
        return self.read(0, HEAD)

    def before(self, offset: int) -> bytes | None:
        """The last bytes before `offset`; None: it is not so long."""
        start = max(0, offset - WINDOW)
        data = self.read(start, offset - start)
        return data if len(data) == offset - start else None

    def close(self) -> None:
        """Give the descriptor back."""
        give_back(self._descriptor)


class Packed:
    """What a compressed file holds, by offsets of the content; forward only, a step at a time."""

    __slots__ = ("_at", "_base", "_buffer", "_descriptor", "_head", "_make", "_stream")
    packed = True

    def __init__(self, descriptor: int, make: Callable[[], Decoder]) -> None:
        self._descriptor = descriptor
        self._make = make
        self._stream = Unpacked(self._input, make)
        self._at = 0
        self._base = 0
        self._buffer = b""
        self._head = b""

    def status(self) -> os.stat_result:
        """Of the compressed file."""
        return os.fstat(self._descriptor)

    def size(self) -> int:
        """Bytes of the content, once its end was seen."""
        return self._base + len(self._buffer) if self._stream.done else UNKNOWN

    def reach(self, offset: int) -> bool:
        """Go a step towards `offset`, keeping the `WINDOW` before it; True: it is reached, or is not there.

        Raises:
            OSError, ValueError: as `Unpacked.step`.
        """
        if self._base + len(self._buffer) < offset and not self._stream.done:
            self._more()
            self._drop(offset - WINDOW)
        return self._stream.done or self._base + len(self._buffer) >= offset

    def read(self, start: int, size: int) -> bytes:
        """At most `size` bytes from `start` on, which is not before what an earlier `read` began with.

        Raises:
            OSError, ValueError: as `Unpacked.step`.
        """
        while self._base + len(self._buffer) < start + size and not self._stream.done:
            self._more()
            self._drop(start)
        return self._buffer[start - self._base : start - self._base + size]

    def data_after(self, offset: int) -> int:
        """There are no holes in it."""
        return offset

    def head(self) -> bytes:
        """The first bytes."""
        while len(self._head) < HEAD and not self._stream.done:
            self._more()
        return self._head

    def before(self, offset: int) -> bytes | None:
        """The last bytes before `offset`, after `reach` said that it is there; None: it is not so long."""
        start = max(0, offset - WINDOW)
        while not self.reach(offset):
            pass
        data = self._buffer[max(0, start - self._base) : max(0, offset - self._base)]
        return data if len(data) == offset - start else None

    def close(self) -> None:
        """Give the descriptor back."""
        give_back(self._descriptor)

    def again(self) -> Packed:
        """The same from its start, with a descriptor of its own."""
        return Packed(os.dup(self._descriptor), self._make)

    def _input(self, most: int) -> bytes:
        data = os.pread(self._descriptor, most, self._at)
        self._at += len(data)
        return data

    def _more(self) -> None:
        piece = self._stream.step(STEP)
        self._buffer += piece
        if len(self._head) < HEAD:
            self._head += piece[: HEAD - len(self._head)]

    def _drop(self, until: int) -> None:
        """Forget what stands before `until`."""
        spare = min(max(0, until - self._base), len(self._buffer))
        self._buffer = self._buffer[spare:]
        self._base += spare


Medium = Plain | Packed


def medium_of(descriptor: int) -> Medium:
    """The reader of an open file, by what it begins with.

    Raises:
        OSError: it cannot be read; the descriptor is closed then.
    """
    try:
        make = decoder_for(os.pread(descriptor, MAGIC, 0))
    except OSError:
        give_back(descriptor)
        raise
    return Plain(descriptor) if make is None else Packed(descriptor, make)
