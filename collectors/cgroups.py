"""The trees of control groups: where they lie, and a bounded walk through their folders.

`/sys/fs/cgroup` is one tree with every controller (version 2), or holds a tree for each (version 1).
That is seen from what lies there: the table of mounts is the reader's own, in a container another one.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from errno import ENODEV, ENOENT
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from collectors.api import NoData
from collectors.host import Host, printable

MOST = 4096  # folders of one walk
MOST_LISTED = 2 * MOST  # entries of one folder; a group has some 80 files of its own
DEEP = 12  # folders below one another; a rootless container of a user's service is 7 deep
VANISHED = frozenset((ENOENT, ENODEV))
# Version 1: the folders a controller may have; the joint one where the links to it are missing.
FOLDERS: Mapping[str, tuple[str, ...]] = {
    "memory": ("memory",),
    "cpuacct": ("cpuacct", "cpu,cpuacct", "cpuacct,cpu"),
    "cpu": ("cpu", "cpu,cpuacct", "cpuacct,cpu"),
    "pids": ("pids",),
    "blkio": ("blkio",),
    "systemd": ("systemd", "unified"),
}


class Trees(NamedTuple):
    """The version, and the root of each controller's tree: in version 2 all the same one."""

    version: int
    roots: Mapping[str, Path]

    @property
    def any(self) -> Path:
        """A tree in which every group that is accounted for has a folder."""
        return next(iter(self.roots.values()))


class Walk(NamedTuple):
    """Folders below a root, as "/one/two", nearest first; and what could not be walked, in words."""

    paths: list[str]
    faults: tuple[str, ...]


def trees(host: Host) -> Trees:
    """Where this host's control groups lie.

    Raises:
        NoData: there are none.
    """
    base = host.sys / "fs/cgroup"
    if (base / "cgroup.controllers").exists():
        return Trees(2, dict.fromkeys(FOLDERS, base))
    found = {
        controller: next((base / name for name in names if (base / name).is_dir()), None)
        for controller, names in FOLDERS.items()
    }
    roots = {controller: root for controller, root in found.items() if root is not None}
    if not roots:
        raise NoData(f"{base} holds no control groups")
    return Trees(1, roots)


def walk(root: Path, closed: Callable[[str], object] = lambda _: False) -> Walk:
    """At most `MOST` folders below `root`, not going into those that are `closed`.

    Raises:
        OSError: `root` itself cannot be read.
    """
    base = str(root)
    found: list[str] = []
    faults: tuple[str, ...] = ()
    names, beyond = _folders(base, MOST)
    queue = deque(f"/{name}" for name in names)
    while queue:
        path = queue.popleft()
        found.append(path)
        if closed(path) or path.count("/") >= DEEP:
            continue
        try:
            names, more = _folders(base + path, MOST - len(found) - len(queue))
        except OSError as error:
            if error.errno not in VANISHED and not faults:
                faults = (printable(str(error)),)
            continue
        queue.extend(f"{path}/{name}" for name in names)
        beyond += more
    if beyond:
        faults += (f"{base}: {len(found)} groups were looked at, at least {beyond} more were not",)
    return Walk(found, faults)


def _folders(path: str, room: int) -> tuple[list[str], int]:
    """The names of the folders in one, as many as there is `room` for; and how many more were seen."""
    # A folder's own links are two and one for each folder in it, where they are counted at all: most
    # groups have none below them, and need not be listed.
    if os.stat(path).st_nlink == 2:
        return [], 0
    with os.scandir(path) as entries:
        listed = islice(entries, MOST_LISTED)
        names = sorted(entry.name for entry in listed if entry.is_dir(follow_symlinks=False))
        # Beyond these nobody has looked which are folders.
        unseen = 0 if next(entries, None) is None else 1
    return names[:room], len(names[room:]) + unseen


def unit(path: str) -> str:
    """The last name of a group's path as systemd means it: it puts `_` before one it may not use."""
    return path.rpartition("/")[2].removeprefix("_")
