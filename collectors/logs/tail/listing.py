"""What stands in folders, listed once for all searches of one look.

A thousand logs may rotate at once, and each is searched for among all that were rotated before.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from collectors.logs.tail.places import modified

MOST_NAMES = 16384
FOLDERS = 8
"""Folders whose names are kept until the next look."""
TICK = 50_000_000
"""ns; a folder that was changed so lately may change again and bear the same time."""


class Listing:
    """The entries of one folder, at most `MOST_NAMES`."""

    def __init__(self, folder: str) -> None:
        entries: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as listed:
                entries += (entry for entry, _ in zip(listed, range(MOST_NAMES), strict=False))
        except OSError:
            # Of a folder that goes away as it is listed, what was seen.
            pass
        self._entries = sorted(entries, key=lambda entry: entry.name)
        self._names = [entry.name for entry in self._entries]
        self._inodes: dict[int, list[os.DirEntry[str]]] = {}
        for entry in self._entries:
            self._inodes.setdefault(entry.inode(), []).append(entry)

    def named(self, name: str) -> os.DirEntry[str] | None:
        """The entry of this name."""
        at = bisect_left(self._names, name)
        return self._entries[at] if self._names[at : at + 1] == [name] else None

    def starting(self, start: str) -> Iterator[os.DirEntry[str]]:
        """The entries whose names begin like this."""
        for at in range(bisect_left(self._names, start), len(self._names)):
            if not self._names[at].startswith(start):
                return
            yield self._entries[at]

    def of_inode(self, inode: int) -> Sequence[os.DirEntry[str]]:
        """The names of one file."""
        return self._inodes.get(inode, ())


class Listings:
    """The listings of one look; of a folder that has changed meanwhile a new one."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Listing]] = {}

    def renew(self) -> None:
        """Another look begins."""
        self._known.clear()

    def of(self, folder: str) -> Listing:
        """What stands there now."""
        changed = modified(folder)
        known = self._known.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        listing = Listing(folder)
        if time.time_ns() - changed > TICK:
            if len(self._known) >= FOLDERS:
                self._known.clear()
            self._known[folder] = changed, listing
        return listing
