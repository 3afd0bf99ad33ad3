"""Room on mounted file systems: `/proc/self/mounts` and `statvfs`.

Only file systems that lie on a disk of this host are asked, each once, whatever bind mounts show it
again; images (squashfs, iso9660) are always full. The root is asked whatever it is, an overlay in a
container too. Those of another machine are asked on wish (option `remote`).

`statvfs` on a dead network mount hangs, on a FUSE mount it may, and so it does on a disk mounted below
one: these are asked aside, at most `WAITING` of them at once, and `linux.filesystem.responding` says
which do not answer.

Whether a file system is read-only is told by its own options in `/proc/self/mountinfo`: those of a mount
are the sandbox's, which mounts all there is read-only for the service.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import chain
from time import monotonic
from typing import NamedTuple

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.aside import Lanes, Unasked
from collectors.host import Host, Kept, label, malformed, printable
from collectors.options import Filesystem as Options

MOUNTS = "/proc/self/mounts"
MOUNTINFO = "/proc/self/mountinfo"
INACCESSIBLE = b"/systemd/inaccessible/"
CLOSED = "the service's sandbox hides it; `outrider service allow home` shows it"
LOCAL = frozenset(
    b"bcachefs btrfs exfat ext2 ext3 ext4 f2fs jffs2 jfs nilfs2 ntfs3 reiserfs ubifs vfat xfs zfs".split()
)
BY_PROCESS = b"fuseblk"  # on a disk too, as ntfs-3g is, but a process answers
# The root of a network-booted board is as dead as the network; it too is asked on wish only.
REMOTE = frozenset(b"nfs nfs4 cifs smb3 9p ceph afs lustre beegfs orangefs".split())
# The host of a virtual machine answers for these.
SHARED = frozenset(b"virtiofs vboxsf".split())
# Images, and what has no room of its own.
ROOMLESS = frozenset(
    b"fuse.snapfuse fuse.squashfuse fuse.squashfuse_ll fuse.gvfsd-fuse fuse.portal fuse.lxcfs".split()
)
ESCAPES = ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\043", b"#"), (b"\\134", b"\\"))
MOST = 64  # mounts; a container host may have thousands
BOUND = 8 * 1024 * 1024  # bytes; an overlay of many layers has a line of 4 KB
WAITING = 8
PATIENCE = 0.5
LONGEST = 1.0  # s that one poll spends on waiting

Room = tuple[float | None, ...]
UNKNOWN: Room = (None,) * 5
LANES: Lanes[Room] = Lanes("statvfs", PATIENCE, WAITING, monotonic)

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
    MOUNTINFO,
    "1 while the file system itself is read-only, as ext4 becomes after an error; else 0.",
)
RESPONDING = Metric(
    "linux.filesystem.responding",
    "1",
    "gauge",
    ("system.filesystem.mountpoint",),
    f"statvfs of {MOUNTS}",
    "1 while a file system that may hang says how much room it has, else 0; of remote and FUSE ones.",
)


class Mount(NamedTuple):
    """A file system to ask: its source, where it is mounted (the host's own path), its type, and whether
    the answer may not come.
    """

    source: bytes
    point: bytes
    type: bytes
    aside: bool = False


def parse(text: bytes, *, remote: bool = False) -> tuple[list[Mount], tuple[Absence, ...]]:
    """The file systems to ask in `/proc/self/mounts`, in the order of mounting, each once, those that may
    hang last; and an absence for each line that is no mount, and for what is too much.
    """
    top: dict[bytes, Mount] = {}  # of mounts at one point the last one hides the others
    absences: tuple[Absence, ...] = ()
    for line in filter(None, text.split(b"\n")):
        words = line.split()
        if len(words) >= 4:
            source, point, kind = map(unescaped, words[:3])
            mount = Mount(source, point, kind)
            top.pop(mount.point, None)
            top[mount.point] = mount
        elif len(absences) < MOST:
            absences += (Absence(USAGE.name, str(malformed(MOUNTS, line))),)
    dead = tuple(mount.point + b"/" for mount in top.values() if elsewhere(mount) and mount.point != b"/")
    found: dict[tuple[bytes, ...], Mount] = {}
    for mount in top.values():
        if wanted(mount, remote):
            aside = elsewhere(mount) or mount.point.startswith(dead)
            found.setdefault(identity(mount), mount._replace(aside=aside))
    mounts = unlike(sorted(found.values(), key=lambda mount: mount.aside))[:MOST]
    if len(mounts) < len(found):
        reason = f"{len(found) - len(mounts)} mounts are not asked: more than {MOST}, or of one name"
        absences += (Absence(USAGE.name, reason),)
    return mounts, absences


def unlike(mounts: list[Mount]) -> list[Mount]:
    """The mounts whose points do not read as an earlier one's: of odd bytes, or very long."""
    first: dict[str, Mount] = {}
    for mount in mounts:
        first.setdefault(label(mount.point), mount)
    return list(first.values())


def elsewhere(mount: Mount) -> bool:
    """Whether another machine or process has to answer for it."""
    return mount.type in REMOTE or mount.type in SHARED or mount.type.startswith(b"fuse")


def wanted(mount: Mount, remote: bool) -> bool:
    """Whether it is asked; `remote`: also those of other machines, and of processes."""
    if mount.type in LOCAL or mount.type == BY_PROCESS or (mount.point == b"/" and mount.type not in REMOTE):
        return True
    return remote and elsewhere(mount) and mount.type not in ROOMLESS | {b"fusectl"}


def identity(mount: Mount) -> tuple[bytes, ...]:
    """What two mounts of one file system share; the source of a FUSE mount is but a word."""
    if mount.type.startswith(b"fuse."):
        return (mount.type, mount.source, mount.point)
    return (mount.source,)


class Standing(NamedTuple):
    """What `/proc/self/mountinfo` adds: which points are of a file system that is read-only, by point, and
    which are hidden by a sandbox.
    """

    read_only: Mapping[bytes, int]
    hidden: tuple[bytes, ...]


def standing(text: bytes) -> Standing:
    """Read `/proc/self/mountinfo`; a line that is none is passed over, as its mount has a reason then.

    https://docs.kernel.org/filesystems/proc.html#proc-pid-mountinfo-information-about-mounts
    """
    read_only: dict[bytes, int] = {}
    hidden: dict[bytes, None] = {}
    for line in text.split(b"\n"):
        words = line.split(b" ")
        try:
            mark = words.index(b"-", 6)
            root, point, options = words[3], unescaped(words[4]), words[mark + 3]
        except (IndexError, ValueError):
            continue
        if root.startswith(INACCESSIBLE) and point in read_only:
            hidden[point] = None
        read_only[point] = int(b"ro" in options.split(b","))
    return Standing(read_only, tuple(hidden))


def unescaped(word: bytes) -> bytes:
    """A word of the file with the kernel's five escapes as the bytes they stand for."""
    if b"\\" in word:
        for escape, byte in ESCAPES:
            word = word.replace(escape, byte)
    return word


def room(found: os.statvfs_result) -> Room:
    """Bytes used, free and reserved, the share used, and the share of inodes used."""
    used = found.f_blocks - found.f_bfree
    reach = used + found.f_bavail
    return (
        used * found.f_frsize,
        found.f_bavail * found.f_frsize,
        (found.f_bfree - found.f_bavail) * found.f_frsize,
        used / reach if reach else None,
        (found.f_files - found.f_ffree) / found.f_files if found.f_files else None,
    )


def answered(host: Host, point: bytes) -> Room:
    """The room of a file system that may hang.

    Raises:
        OSError: it cannot be asked.
        ValueError: it is a FUSE mount of another user, to whom alone it tells.
    """
    found = host.statvfs(os.fsdecode(point))
    if not found.f_blocks:
        raise ValueError("it says nothing of its room")
    return room(found)


class Layout(NamedTuple):
    """Which series a mount has: where it is, whether it numbers inodes, whether it may hang."""

    point: bytes
    inodes: bool
    aside: bool

    def series(self) -> tuple[Series, ...]:
        """The series: the first four of `room`, whether it is read-only, the last of `room` where inodes
        are numbered, and whether it responds.
        """
        point = {"system.filesystem.mountpoint": label(self.point)}
        usage = (
            USAGE.of(**point, **{"system.filesystem.state": state}) for state in ("used", "free", "reserved")
        )
        inodes = (INODES,) if self.inodes else ()
        responding = (RESPONDING,) if self.aside else ()
        single = (UTILIZATION, READ_ONLY, *inodes, *responding)
        return (*usage, *(metric.of(**point) for metric in single))


class Filesystem:
    """Keeps `/proc/self/mounts` and `mountinfo` open, and the mounts found until the first changes."""

    __slots__ = (
        "_absences", "_file", "_host", "_info", "_layouts", "_mounts", "_remote", "_series", "_stands",
        "_text", "_told",
    )  # fmt: skip

    def __init__(self, host: Host, options: Options) -> None:
        self._host = host
        self._remote = options.remote
        self._file = Kept(host.mounts, BOUND)
        self._info = Kept(host.mounts.with_name("mountinfo"), BOUND)
        self._text = self._told = b""
        self._stands = Standing({}, ())
        self._mounts: list[Mount] = []
        self._absences: tuple[Absence, ...] = ()
        self._layouts: list[Layout] = []
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: no file system is mounted that is to be asked.
        """
        text = self._file.read()
        if text != self._text:
            self._mounts, self._absences = parse(text, remote=self._remote)
            self._text = text
        if not self._mounts:
            raise NoData(f"{MOUNTS} names no local file system")
        stands, absences = self._stand()
        absences += self._absences
        rooms: list[Room] = []
        until = monotonic() + LONGEST
        for mount in self._mounts:
            try:
                rooms.append((*self._ask(mount, until), 1))
            except (OSError, ValueError) as error:
                rooms.append((*UNKNOWN, None if isinstance(error, Unasked) else 0))
                absences += (Absence(label(mount.point), printable(str(error))),)
        self._arrange(rooms)
        return Reading(self._series, self._flat(rooms, stands), absences)

    def close(self) -> None:
        """See `Collector.close`. Calls that hang are waited for by whoever is opened next."""
        self._file.close()
        self._info.close()

    def _stand(self) -> tuple[Standing, tuple[Absence, ...]]:
        """Which file systems are read-only or hidden now, and what of that cannot be told."""
        try:
            text = self._info.read()
            if text != self._told:
                self._told, self._stands = text, standing(text)
        except (OSError, ValueError) as error:
            return Standing({}, ()), (Absence(READ_ONLY.name, printable(str(error))),)
        found = self._stands
        untold = (each.point for each in self._mounts if each.point not in found.read_only)
        reason = f"not in {MOUNTINFO}"
        return found, (
            *(Absence(label(point), CLOSED) for point in found.hidden[:MOST]),
            *(Absence(READ_ONLY.name, f"{label(point)}: {reason}") for point in untold),
        )

    def _ask(self, mount: Mount, until: float) -> Room:
        host, point = self._host, mount.point
        if not mount.aside:
            return room(host.statvfs(os.fsdecode(point)))
        if monotonic() > until:
            raise Unasked("not asked this time: others took too long")
        return LANES(str(host.root / os.fsdecode(point).lstrip("/")), lambda: answered(host, point))

    def _arrange(self, rooms: list[Room]) -> None:
        """The layout; a mount that cannot be asked keeps the one it had."""
        had = {layout.point for layout in self._layouts if layout.inodes}
        layouts = [
            Layout(point, each[4] is not None or (each[0] is None and point in had), aside)
            for (_, point, _, aside), each in zip(self._mounts, rooms, strict=True)
        ]
        if layouts != self._layouts:
            self._layouts = layouts
            self._series = tuple(chain.from_iterable(layout.series() for layout in layouts))

    def _flat(self, rooms: list[Room], stands: Standing) -> list[float | None]:
        values: list[float | None] = []
        for layout, each in zip(self._layouts, rooms, strict=True):
            values += (*each[:4], stands.read_only.get(layout.point))
            values += each[4:5] if layout.inodes else ()
            values += each[5:] if layout.aside else ()
        return values


COLLECTOR = Registration(
    "filesystem",
    "Room on mounted local file systems.",
    (USAGE, UTILIZATION, READ_ONLY, INODES, RESPONDING),
    lambda host, _, options: Filesystem(host, options),
)
