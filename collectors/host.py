"""The host as collectors see it: its `/proc`, `/sys` and mounts, re-rootable, by kept descriptors.

What is polled stays open and is read with `pread` from the start: opening costs too.
`Host("tests/hosts/board")` makes the same collectors read a recorded tree.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from errno import EINVAL, EISDIR, ENODEV, ENXIO, ESRCH, ESTALE
from pathlib import Path

from collectors.holders import Holders

BOUND = 256 * 1024  # bytes; /proc/stat of 1,024 CPUs has 130 KB
FIRST = 8192
# A file of many records (/proc/net/dev) comes in pieces that end before the record that would
# overflow the kernel's page; below half a page there is no next piece.
WHOLE = 2048
GONE = frozenset((ENODEV, ENXIO, ESRCH, ESTALE))
COUNT_LIMIT = 1 << 64
EXCERPT = 60
LABEL = 200


class Kept:
    """A file that is opened by the first `read` and stays open between polls.

    It is opened again when the kernel says that what stood behind the descriptor is gone.
    """

    __slots__ = ("_bound", "_descriptor", "_size", "path")

    def __init__(self, path: Path, bound: int = BOUND) -> None:
        self.path = str(path)
        self._bound = bound
        self._size = min(FIRST, bound + 1)
        self._descriptor = -1

    def read(self) -> bytes:
        """The whole file as it is now.

        Raises:
            OSError: it is missing, vanished or may not be read; names the path.
            ValueError: it is longer than the bound.
        """
        if self._descriptor >= 0:
            try:
                return self._read()
            except OSError as error:
                if error.errno not in GONE:
                    raise OSError(error.errno, error.strerror, self.path) from error
                self.close()
        self._descriptor = open_file(self.path)
        try:
            return self._read()
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.path) from error

    def close(self) -> None:
        """Give the descriptor back; harmless when repeated. A later `read` opens the file again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> bytes:
        data = os.pread(self._descriptor, self._size, 0)
        return data if len(data) < WHOLE else self._rest(data)

    def _rest(self, data: bytes) -> bytes:
        pieces = [data]
        total = len(data)
        while total <= self._bound:
            piece = os.pread(self._descriptor, self._size, total)
            if not piece:
                return b"".join(pieces) if len(pieces) > 1 else data
            pieces.append(piece)
            total += len(piece)
            self._size = min(max(self._size, 2 * total), self._bound + 1)
        raise ValueError(f"{self.path}: longer than the bound of {self._bound} bytes")


def open_file(path: str) -> int:
    """A descriptor of a regular file; never waits for the other end of a FIFO, never takes a device.

    Raises:
        OSError: it is missing, may not be read, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise OSError(
        *((EISDIR, os.strerror(EISDIR)) if stat.S_ISDIR(mode) else (EINVAL, "no regular file")), path
    )


class Host:
    """Where `/proc`, `/sys`, `/dev` and the mounts of the observed host lie; in them `net`, its network,
    `mounts`, the table of these, and `own`, what the kernel says of the reading process itself. And
    `holders`, what one collector was told of processes and leaves for another.

    Args:
        root: what the host calls `/` (a recorded tree, or `/host` in a container).
        proc, sys, dev: each in place of `root`'s own.
        other: it is not the host that this process sees as its own, but one seen from a container. What
            `/proc` shows of the reader (mounts, network) is taken from that host's process 1 then.
        ticks: clock ticks a second of `/proc/stat` (None: this kernel's).
        page: bytes of a memory page (None: this kernel's).
    """

    __slots__ = ("dev", "holders", "mounts", "net", "other", "own", "page", "proc", "root", "sys", "ticks")

    def __init__(
        self,
        root: Path | str = "/",
        *,
        proc: Path | None = None,
        sys: Path | None = None,
        dev: Path | None = None,
        other: bool = False,
        ticks: int | None = None,
        page: int | None = None,
    ) -> None:
        self.root = Path(root)
        self.proc = proc or self.root / "proc"
        self.sys = sys or self.root / "sys"
        self.dev = dev or self.root / "dev"
        self.other = other
        self.holders = Holders()
        self.net = self.proc / ("1/net" if other else "net")
        self.mounts = self.proc / ("1/mounts" if other else "self/mounts")
        self.own = Path("/proc/self") if other else self.proc / "self"
        self.ticks = ticks or os.sysconf("SC_CLK_TCK")
        self.page = page or os.sysconf("SC_PAGE_SIZE")

    def open(self, path: Path) -> Kept:
        """`path`, kept open from its first `read` on. The caller closes it."""
        return Kept(path)

    def read(self, path: Path, bound: int = BOUND) -> bytes:
        """`path`, opened, read and closed: for what is read rarely.

        Raises:
            OSError: it is missing or may not be read.
            ValueError: it is longer than `bound` bytes.
        """
        kept = Kept(path, bound)
        try:
            return kept.read()
        finally:
            kept.close()

    def list(self, path: Path) -> list[str]:
        """The names in the folder `path`, in the kernel's order.

        Raises:
            OSError: it is missing or may not be read.
        """
        return os.listdir(path)

    def statvfs(self, mountpoint: str) -> os.statvfs_result:
        """The file system at the host's own path `mountpoint`.

        Raises:
            OSError: it cannot be asked.
        """
        return os.statvfs(self.root / mountpoint.lstrip("/"))


def counts(words: Iterable[bytes]) -> list[int]:
    """Whole numbers as the kernel prints them, each in [0, 2^64).

    Raises:
        ValueError: one of them is no such number.
    """
    numbers = list(map(int, words))
    if numbers and (min(numbers) < 0 or max(numbers) >= COUNT_LIMIT):
        raise ValueError("a count lies outside [0, 2^64)")
    return numbers


def malformed(source: str, line: bytes) -> ValueError:
    """The error for a line of `source` that cannot be read, with a harmless excerpt of it."""
    return ValueError(f"{source}: malformed line {ascii(line[:EXCERPT])[1:]}")


def printable(text: str, limit: int = LABEL) -> str:
    """`text` without control, escape and bidirectional characters, at most `limit` characters."""
    text = text[:limit]
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)


def label(raw: bytes) -> str:
    """A device's name or mount point as an attribute's value."""
    return printable(raw.decode("utf-8", "replace"))
