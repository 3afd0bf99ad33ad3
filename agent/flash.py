"""What is written to the flash: the process's own count, and that of the block device below the store.

The process's count is of pages that it made dirty (4 KiB each); the device's, of sectors that it was given,
by anyone, the file system's journal among them.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.judge.thrift import Counted
from collectors import own
from collectors.host import Host, counts

SECTOR = 512
WRITTEN = 6
"""Sectors written, among the numbers of a block device's `stat` (Documentation/block/stat.rst)."""

MOUNTS = Path("/proc/self/mountinfo")


class Flash:
    """Counts what is written below one directory.

    `device` is the block device's name, "" where there is none; `why` says then why.
    """

    def __init__(self, host: Host, directory: Path) -> None:
        self.device, self.why = "", ""
        self._host = host
        self._stat: Path | None = None
        try:
            self._stat, self.device = self._found(directory)
        except (OSError, ValueError) as error:
            self.why = str(error)

    def counted(self) -> Counted:
        """The counts as they are now."""
        return Counted(self._process(), self._written())

    def _process(self) -> int | None:
        try:
            return own.written(self._host)
        except (OSError, ValueError):
            return None

    def _written(self) -> int | None:
        if self._stat is None:
            return None
        try:
            return SECTOR * counts(self._host.read(self._stat).split())[WRITTEN]
        except (OSError, ValueError, IndexError):
            return None

    def _found(self, directory: Path) -> tuple[Path, str]:
        """The `stat` of the block device below a directory, and its name; a file system that spans devices
        (btrfs) has a number of its own, and is found by the device it is mounted from.

        Raises:
            OSError: there is no such block device.
            ValueError: it lies on none.
        """
        number = directory.stat().st_dev
        major, minor = os.major(number), os.minor(number)
        if major:
            folder = self._host.sys / f"dev/block/{major}:{minor}"
        else:
            kind, source = mounted(self._host.read(MOUNTS), directory.resolve())
            if not source.startswith("/dev/"):
                raise ValueError(f"it lies on {kind or 'an unknown file system'}, which is no block device")
            folder = self._host.sys / "class/block" / Path(source).name
        stat = folder / "stat"
        self._host.read(stat)
        return stat, folder.resolve().name


def mounted(table: bytes, path: Path) -> tuple[str, str]:
    """The type and the source of the mount that a path lies on (proc_pid_mountinfo(5)); "" if none has it."""
    best, found = -1, ("", "")
    for line in table.decode("utf-8", "surrogateescape").splitlines():
        about, _, system = line.partition(" - ")
        words, last = about.split(), system.split()
        if len(words) > 4 and len(last) > 1:
            point = Path(words[4].replace("\\040", " "))
            if path.is_relative_to(point) and len(point.parts) >= best:
                best, found = len(point.parts), (last[0], last[1])
    return found
