"""Which paths patterns lead to: folders are listed again only when they have changed.

`*`, `?` and `[...]` stand for a part of one name, `**` for any number of folders, at most `DEEP`. How many
folders and names are looked at is bounded; what is beyond is counted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase, translate
from typing import NamedTuple

DEEP = 8
MOST_FOLDERS = 2048
MOST_NAMES = 16384  # of one folder
# A folder's time is that of the kernel's last tick: what happens in the same tick does not change it.
TICK = 50_000_000
RELIST = 60.0
MAGIC = re.compile(r"[*?[]")


class Listing(NamedTuple):
    """The names in a folder, which of them may be folders, and when it was listed."""

    names: tuple[str, ...]
    folders: tuple[str, ...]
    changed: int
    settled: bool
    at: float


class Places:
    """The paths of patterns, and what has changed since they were asked last.

    Args:
        patterns: absolute.
        most: paths at most.
        clock: seconds on any clock that only goes forward.
        wall: the wall clock in seconds.
        fault: is told of a folder that cannot be listed.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        most: int,
        clock: Callable[[], float],
        wall: Callable[[], float],
        fault: Callable[[str, OSError], object],
    ) -> None:
        self.beyond = 0
        self.changed: set[str] = set()
        """Folders that were not as before when `paths` was called last."""
        self._patterns = [[part for part in pattern.split("/") if part] for pattern in patterns]
        self._most = most
        self._clock = clock
        self._wall = wall
        self._fault = fault
        self._listings: dict[str, Listing] = {}
        self._used: set[str] = set()
        self._paths: list[str] | None = None
        self.roots = [root_of(pattern) for pattern in patterns]

    def paths(self) -> list[str]:
        """Every path, sorted."""
        self.changed.clear()
        if self._paths is not None and self._unchanged():
            return self._paths
        self._used.clear()
        found: set[str] = set()
        self.beyond = 0
        for parts in self._patterns:
            for path in self._expand("", parts, 0):
                if len(found) < self._most or path in found:
                    found.add(path)
                else:
                    self.beyond += 1
        self._listings = {folder: self._listings[folder] for folder in self._used if folder in self._listings}
        self._paths = sorted(found)
        return self._paths

    def names(self, path: str) -> bool:
        """Whether a pattern names this path, there or not."""
        names = [part for part in path.split("/") if part]
        return any(fits(parts, names) for parts in self._patterns)

    def _unchanged(self) -> bool:
        """Whether all folders are as before; each is looked at, for each that is not must be known."""
        changed = [folder for folder in self._used if not self._as_before(folder)]
        return not changed

    def _expand(self, base: str, parts: Sequence[str], depth: int, *, named: bool = True) -> Iterator[str]:
        """The paths below `base`; `named`: all until there was named, so that it is a path, there or not."""
        for at, part in enumerate(parts):
            if not MAGIC.search(part):
                if not named and at == len(parts) - 1 and part not in self._list(base).names:
                    return
                base = f"{base}/{part}"
                continue
            rest = parts[at + 1 :]
            listing = self._list(base or "/")
            if part == "**":
                yield from self._expand(base, rest or ["*"], depth, named=False)
                for name in listing.folders if depth < DEEP else ():
                    if not os.path.islink(f"{base}/{name}"):
                        yield from self._expand(f"{base}/{name}", parts[at:], depth + 1, named=False)
                return
            fits = re.compile(translate(part)).match
            hidden = part.startswith(".")
            for name in listing.folders if rest else listing.names:
                if fits(name) and (hidden or not name.startswith(".")):
                    yield from self._expand(f"{base}/{name}", rest, depth, named=False)
            return
        if base:
            yield base

    def _list(self, folder: str) -> Listing:
        if folder in self._used and folder in self._listings:
            return self._listings[folder]
        if len(self._used) >= MOST_FOLDERS:
            self.beyond += 1
            return Listing((), (), 0, settled=True, at=0.0)
        self._used.add(folder)
        if not self._as_before(folder):
            self._listings[folder] = self._listed(folder)
        return self._listings[folder]

    def _as_before(self, folder: str) -> bool:
        known = self._listings.get(folder)
        fresh = known is not None and known.settled and self._clock() - known.at < RELIST
        if known is not None and fresh and modified(folder) == known.changed:
            return True
        self.changed.add(folder)
        return False

    def _listed(self, folder: str) -> Listing:
        changed = modified(folder)
        settled = self._wall() * 1e9 - changed > TICK
        names: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if len(names) + len(folders) >= MOST_NAMES:
                        self.beyond += 1
                        break
                    if entry.is_dir(follow_symlinks=True):
                        folders.append(entry.name)
                    else:
                        names.append(entry.name)
        except OSError as error:
            names, folders = [], []
            self._fault(folder, error)
        return Listing(tuple(names), tuple(folders), changed, settled, self._clock())


def fits(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the parts of a pattern stand for the names of a path."""
    if not parts or not names:
        return not parts and not names
    if parts[0] == "**":
        deep = min(DEEP, len(names) - 1)
        return any(fits(parts[1:] or ["*"], names[skipped:]) for skipped in range(deep + 1))
    hidden = names[0].startswith(".") and bool(MAGIC.match(parts[0]))
    same = names[0] == parts[0] if not MAGIC.search(parts[0]) else fnmatchcase(names[0], parts[0])
    return same and not hidden and fits(parts[1:], names[1:])


def modified(folder: str) -> int:
    """When names in a folder last changed, in ns of the wall clock; 0 where there is no such folder."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def root_of(pattern: str) -> str:
    """The folder below which all of a pattern's paths lie."""
    parts = pattern.split("/")[:-1]
    plain = next((at for at, part in enumerate(parts) if MAGIC.search(part)), len(parts))
    return "/".join(parts[:plain]) or "/"
