"""What `/proc/<pid>` says of one process, read without keeping anything open.

The folder's name is a number that the kernel gives to another process later: whatever is read of it is
believed only together with the start time in `stat`.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from collectors.fields import number
from collectors.host import Host, counts, malformed

STAT = "/proc/PID/stat"
IO = "/proc/PID/io"
ROLLUP = "/proc/PID/smaps_rollup"
ENDED = frozenset((b"Z", b"X", b"x"))
MOST_DESCRIPTORS = 65_536
MOST_CPUS = 8192
SLACK = 2  # descriptors that another thread may open or close between two looks


class Stat(NamedTuple):
    """A process's own line: times in clock ticks, `start` since boot; `rss` in pages.

    `ended`: it is a zombie, whose times are its last. The kernel collects `rss` from its CPUs in batches:
    it may be some dozen pages a CPU behind `statm`, which would be one more file to read.
    """

    ended: bool
    faults: int
    user: int
    system: int
    threads: int
    start: int
    rss: int


def parse_stat(text: bytes) -> Stat:
    """`/proc/PID/stat`; the name in it may hold any byte, parentheses and line feeds too.

    Raises:
        ValueError: it is malformed.
    """
    words = text.rpartition(b")")[2].split()
    try:
        found = counts((words[9], words[11], words[12], words[17], words[19], words[21]))
    except (IndexError, ValueError):
        raise malformed(STAT, text) from None
    return Stat(words[0] in ENDED, *found)


def parse_io(text: bytes) -> tuple[int, int]:
    """Bytes read from and written to storage, from `/proc/PID/io`.

    Raises:
        ValueError: it has no such lines, or they are malformed.
    """
    return number(IO, text, b"read_bytes:"), number(IO, text, b"write_bytes:")


def parse_cpus(text: bytes) -> int:
    """How many CPUs a list such as `0-3,6` names.

    Raises:
        ValueError: it is malformed.
    """
    total = 0
    for piece in text.strip().split(b","):
        first, _, last = piece.partition(b"-")
        try:
            ends = counts((first, last or first))
        except ValueError:
            raise malformed("/sys/devices/system/cpu/online", text) from None
        if not 0 <= ends[1] - ends[0] < MOST_CPUS:
            raise malformed("/sys/devices/system/cpu/online", text)
        total += ends[1] - ends[0] + 1
    return total


class Accounts:
    """Reads the files of any process of `host`."""

    __slots__ = ("_host", "_sized", "hidden")

    def __init__(self, host: Host) -> None:
        self.hidden = hidden(host)
        self._host = host
        self._sized = sized(host)

    def stat(self, pid: int) -> Stat:
        """Its line.

        Raises:
            OSError: it ended, or is hidden.
            ValueError: it is malformed.
        """
        return parse_stat(self._host.read(self._host.proc / f"{pid}/stat"))

    def io(self, pid: int) -> tuple[int, int]:
        """Bytes read and written; refused for processes of other users.

        Raises:
            OSError: it ended, or may not be read.
            ValueError: it is malformed.
        """
        return parse_io(self._host.read(self._host.proc / f"{pid}/io"))

    def pss(self, pid: int) -> int:
        """Bytes of its proportional memory, for which the kernel walks all its pages.

        Raises:
            OSError: it ended, or may not be read.
            ValueError: it is malformed.
        """
        return 1024 * number(ROLLUP, self._host.read(self._host.proc / f"{pid}/smaps_rollup"), b"Pss:")

    def descriptors(self, pid: int) -> int:
        """Its open files.

        Raises:
            OSError: it ended, or (before Linux 6.2) belongs to another user.
            ValueError: there are too many to count.
        """
        path = f"{self._host.proc}/{pid}/fd"
        if self._sized:
            return os.stat(path).st_size
        return _listed(path)


def sized(host: Host) -> bool:
    """Whether the size of `/proc/PID/fd` is the number of descriptors, as since Linux 6.2.

    The size can be asked for any process; the folder is listed for those of the same user only.
    """
    own = f"{host.proc}/self/fd"
    try:
        return abs(os.stat(own).st_size - (_listed(own) - 1)) <= SLACK
    except (OSError, ValueError):
        return False


def hidden(host: Host) -> str:
    """Says so where `/proc` does not show the processes of other users; else nothing."""
    if (host.proc / "1").exists():
        return ""
    return f"{host.proc} hides the processes of other users (hidepid)"


def _listed(path: str) -> int:
    total = 0
    with os.scandir(path) as entries:
        for _ in entries:
            total += 1
            if total > MOST_DESCRIPTORS:
                raise ValueError(f"{path}: more than {MOST_DESCRIPTORS} descriptors")
    return total
