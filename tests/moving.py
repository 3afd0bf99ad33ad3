"""A host whose memory a test writes while the daemon looks: a made-up tree of /proc, changed in place."""

from __future__ import annotations

import os
from pathlib import Path

BOOT = "7e1e3481-b947-4d20-ba1c-f71c32826e9e"
TOTAL = 8 << 30
HEAD = f"MemTotal:       {TOTAL >> 10:>10} kB\nMemFree:         1048576 kB\n"


class MovingHost:
    """Below `root`: a boot id and `/proc/meminfo`, and no more. Writes are in place and of one length, so
    that a kept descriptor sees each of them whole."""

    def __init__(self, root: Path) -> None:
        self.root = root
        boot = root / "proc/sys/kernel/random/boot_id"
        boot.parent.mkdir(parents=True)
        boot.write_text(f"{BOOT}\n")
        self._meminfo = root / "proc/meminfo"
        self._meminfo.touch()
        self.available(4 << 30)

    def available(self, size: int) -> None:
        """So many bytes are available from now on (whole KiB)."""
        self._write("MemAvailable:", size)

    def nothing(self) -> None:
        """The kernel does not say how much is available."""
        self._write("MemXvailable:", 0)

    def _write(self, key: str, size: int) -> None:
        text = f"{HEAD}{key}{size >> 10:>14} kB\n"
        descriptor = os.open(self._meminfo, os.O_WRONLY)
        try:
            os.pwrite(descriptor, text.encode(), 0)
        finally:
            os.close(descriptor)
