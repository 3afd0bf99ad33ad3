"""Room on mounted file systems: `/proc/self/mounts` and `statvfs`.

Only file systems that lie on a disk of this host are asked, each once, whatever bind mounts show it
again: `statvfs` on a dead network mount hangs, a FUSE mount may, and images (squashfs, iso9660) are
always full. The root is asked whatever it is, an overlay in a container too.
"""

from __future__ import annotations

import os
from itertools import chain
from typing import NamedTuple

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.host import Host, label, malformed, printable

MOUNTS = "/proc/self/mounts"
LOCAL = frozenset(
    b"bcachefs btrfs exfat ext2 ext3 ext4 f2fs jffs2 jfs nilfs2 ntfs3 reiserfs ubifs vfat xfs zfs".split()
)
# The root of a network-booted board is as dead as the network; never ask it.
REMOTE = frozenset(b"nfs nfs4 cifs smb3 9p ceph afs glusterfs lustre".split())
ESCAPES = ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\043", b"#"), (b"\\134", b"\\"))
MOST = 64  # mounts; a container host may have thousands

USAGE = Metric(
    "system.filesystem.usage",
    "By",
    "gauge",
    ("system.filesystem.mountpoint", "system.filesystem.state"),
    f"statvfs of {MOUNTS}",
    "Bytes used, free, and reserved for root; together the size of the file system.",
)
UTILIZATION = Metric(
    "system.filesystem.utilization",
    "1",
    "gauge",
    ("system.filesystem.mountpoint",),
    f"statvfs of {MOUNTS}",
    "Share used of what is not reserved, as `df` has it.",
)
INODES = Metric(
    "linux.filesystem.inodes.utilization",
    "1",
    "gauge",
    ("system.filesystem.mountpoint",),
    f"statvfs of {MOUNTS}",
    "Share of the inodes in use, where the file system has a fixed number of them.",
)
READ_ONLY = Metric(
    "linux.filesystem.read_only",
    "1",
    "gauge",
    ("system.filesystem.mountpoint",),
    f"statvfs of {MOUNTS}",
    "1 while the file system is mounted read-only, as ext4 becomes after an error; else 0.",
)


class Mount(NamedTuple):
    """A file system to ask: its source, where it is mounted (the host's own path), and its type."""

    source: bytes
    point: bytes
    type: bytes


def parse(text: bytes) -> tuple[list[Mount], tuple[Absence, ...]]:
    """The local file systems of `/proc/self/mounts` in the order of mounting, each once; and for each
    line that is no mount an absence.
    """
    top: dict[bytes, Mount] = {}  # of mounts at one point the last one hides the others
    absences: tuple[Absence, ...] = ()
    for line in filter(None, text.split(b"\n")):
        words = line.split()
        if len(words) >= 4:
            mount = Mount(*map(unescaped, words[:3]))
            top.pop(mount.point, None)
            top[mount.point] = mount
        elif len(absences) < MOST:
            absences += (Absence(USAGE.name, str(malformed(MOUNTS, line))),)
    found: dict[bytes, Mount] = {}
    for mount in filter(local, top.values()):
        found.setdefault(mount.source, mount)
    return list(found.values())[:MOST], absences


def local(mount: Mount) -> bool:
    """Whether asking for the room on it cannot hang for want of another machine or process."""
    return mount.type in LOCAL or (mount.point == b"/" and mount.type not in REMOTE)


def unescaped(word: bytes) -> bytes:
    """A word of the file with the kernel's five escapes as the bytes they stand for."""
    if b"\\" in word:
        for escape, byte in ESCAPES:
            word = word.replace(escape, byte)
    return word


def room(found: os.statvfs_result) -> list[float | None]:
    """Bytes used, free and reserved, the share used, 1 if read-only, and the share of inodes used."""
    used = found.f_blocks - found.f_bfree
    reach = used + found.f_bavail
    return [
        used * found.f_frsize,
        found.f_bavail * found.f_frsize,
        (found.f_bfree - found.f_bavail) * found.f_frsize,
        used / reach if reach else None,
        found.f_flag & os.ST_RDONLY,
        (found.f_files - found.f_ffree) / found.f_files if found.f_files else None,
    ]


def series(point: str, inodes: bool) -> tuple[Series, ...]:
    """The series of one mount, in the order of `room`; the last only where inodes are numbered."""
    usage = tuple(
        USAGE.of(**{"system.filesystem.mountpoint": point, "system.filesystem.state": state})
        for state in ("used", "free", "reserved")
    )
    single = (UTILIZATION, READ_ONLY, INODES) if inodes else (UTILIZATION, READ_ONLY)
    return (*usage, *(metric.of(**{"system.filesystem.mountpoint": point}) for metric in single))


class Filesystem:
    """Keeps `/proc/self/mounts` open, and the mounts found in it until it changes."""

    __slots__ = ("_absences", "_file", "_host", "_inodes", "_mounts", "_series", "_text")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._file = host.open(host.proc / "self/mounts")
        self._text = b""
        self._mounts: list[Mount] = []
        self._absences: tuple[Absence, ...] = ()
        self._inodes: dict[bytes, bool] = {}
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: no local file system is mounted.
        """
        text = self._file.read()
        changed = text != self._text
        if changed:
            self._mounts, self._absences = parse(text)
            self._text = text
        if not self._mounts:
            raise NoData(f"{MOUNTS} names no local file system")
        absences = self._absences
        rooms: list[list[float | None]] = []
        for mount in self._mounts:
            try:
                rooms.append(room(self._host.statvfs(os.fsdecode(mount.point))))
            except (OSError, ValueError) as error:
                rooms.append([None] * 6)
                absences += (Absence(label(mount.point), printable(str(error))),)
        return Reading(self._arranged(rooms, changed), self._flat(rooms), absences)

    def close(self) -> None:
        """See `Collector.close`."""
        self._file.close()

    def _arranged(self, rooms: list[list[float | None]], changed: bool) -> tuple[Series, ...]:
        """The layout; a mount that cannot be asked keeps the one it had."""
        inodes = {
            mount.point: each[5] is not None or (each[0] is None and self._inodes.get(mount.point, False))
            for mount, each in zip(self._mounts, rooms, strict=True)
        }
        if changed or inodes != self._inodes:
            self._inodes = inodes
            each = (series(label(point), has) for point, has in inodes.items())
            self._series = tuple(chain.from_iterable(each))
        return self._series

    def _flat(self, rooms: list[list[float | None]]) -> list[float | None]:
        numbered = self._inodes.values()
        return [value for each, has in zip(rooms, numbered, strict=True) for value in each[: 6 if has else 5]]


COLLECTOR = Registration(
    "filesystem",
    "Room on mounted local file systems.",
    (USAGE, UTILIZATION, READ_ONLY, INODES),
    lambda host, *_: Filesystem(host),
)
