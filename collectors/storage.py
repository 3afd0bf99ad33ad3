"""Traffic of disks: `/sys/block/<device>/stat`.

Whole disks only: what partitions, RAID and encrypted volumes carry is carried by a disk below them,
and loop, RAM and boot-partition devices are none. One kept descriptor a disk costs less than
`/proc/diskstats`, which lists all those too. New disks are looked for every 10 s; a vanished one is
seen at once.
"""

from __future__ import annotations

import os
from errno import ENODEV, ENOENT, ENXIO
from itertools import chain
from pathlib import Path

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.host import Host, Kept, counts, label, malformed

STAT = "/sys/block/*/stat"
SKIPPED = ("loop", "ram", "zram", "dm-", "md", "mtdblock", "sr", "fd")
SKIPPED_ENDS = ("boot0", "boot1", "rpmb")
LOOK = 10.0
SECTOR = 512  # bytes, whatever the disk's own sectors are

KEYS = ("system.device", "disk.io.direction")
IO = Metric("system.disk.io", "By", "counter", KEYS, STAT, "Bytes read and written.")
OPERATIONS = Metric(
    "system.disk.operations", "{operation}", "counter", KEYS, STAT, "Reads and writes completed."
)
OPERATION_TIME = Metric(
    "system.disk.operation_time", "s", "counter", KEYS, STAT, "Time reads and writes took, added up over all."
)
IO_TIME = Metric(
    "system.disk.io_time", "s", "counter", KEYS[:1], STAT, "Time in which the disk had anything to do."
)
METRICS = (IO, OPERATIONS, OPERATION_TIME)
UNKNOWN = (None,) * 7


def parse(text: bytes) -> tuple[float, ...]:
    """Bytes, operations and seconds, each read and then written, and the busy seconds of one disk.

    Raises:
        ValueError: it is malformed.
    """
    words = text.split()
    if len(words) < 11:
        raise malformed(STAT, text)
    try:
        reads, _, read, reading, writes, _, written, writing, _, active = counts(words[:10])
    except ValueError:
        raise malformed(STAT, text) from None
    return read * SECTOR, written * SECTOR, reads, writes, reading / 1e3, writing / 1e3, active / 1e3


def wanted(names: list[str]) -> list[str]:
    """The disks among the block devices."""
    return sorted(name for name in names if not name.startswith(SKIPPED) and not name.endswith(SKIPPED_ENDS))


class Storage:
    """Keeps every disk's `stat` open."""

    __slots__ = ("_disks", "_host", "_look", "_names", "_series")

    def __init__(self, host: Host) -> None:
        """Look for disks.

        Raises:
            NoData: the kernel has no block devices.
        """
        self._host = host
        self._look = 0.0
        self._names: list[str] = []
        self._disks: dict[str, Kept] = {}
        self._series: tuple[Series, ...] = ()
        if not (host.sys / "block").is_dir():
            raise NoData(f"{host.sys / 'block'} is not there: the kernel has no block devices")

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        if now >= self._look:
            self._look = now + LOOK
            self._arrange(self._host.list(self._host.sys / "block"))
        values: list[object] = []
        absences: tuple[Absence, ...] = ()
        gone = []
        for name, disk in self._disks.items():
            try:
                values += parse(disk.read())
            except OSError as error:
                if error.errno not in (ENODEV, ENOENT, ENXIO):
                    raise
                gone.append(name)
            except ValueError as error:
                values += UNKNOWN
                absences += (Absence(label(os.fsencode(name)), str(error)),)
        if gone:
            self._arrange([name for name in self._names if name not in gone])
        return Reading(self._series, values, absences)

    def close(self) -> None:
        """See `Collector.close`."""
        for disk in self._disks.values():
            disk.close()

    def _arrange(self, names: list[str]) -> None:
        if names == self._names:
            return
        self._names = names
        disks = wanted(names)
        for name in self._disks.keys() - set(disks):
            self._disks[name].close()
        self._disks = {name: self._disks.get(name) or self._host.open(self._path(name)) for name in disks}
        self._series = tuple(chain.from_iterable(map(series, disks)))

    def _path(self, name: str) -> Path:
        return self._host.sys / "block" / name / "stat"


def series(name: str) -> tuple[Series, ...]:
    """The series of one disk, in the order of `parse`."""
    device = label(os.fsencode(name))
    both = tuple(
        metric.of(**dict(zip(KEYS, (device, direction), strict=True)))
        for metric in METRICS
        for direction in ("read", "write")
    )
    return (*both, IO_TIME.of(**{"system.device": device}))


COLLECTOR = Registration(
    "storage",
    "Bytes, operations and busy time of disks.",
    (*METRICS, IO_TIME),
    lambda host, *_: Storage(host),
)
