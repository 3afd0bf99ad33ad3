"""Where the rest of a log went that was rotated away, and what was written and rotated between two looks.

Rotated files are known by name (the log's own, and behind it a number, a date, `old`) and by content.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain, product
from typing import NamedTuple

from collectors.logs.tail.depths import Depths, Known
from collectors.logs.tail.listing import Listings
from collectors.logs.tail.medium import Medium, Opened, Packed, Refused, give_back, medium_of, open_safely
from collectors.logs.tail.proof import STRONG, WEAK, Likeness, Proof

MOST = 64  # files of one search that are opened
# A file written in the tick of the last look may bear a time just before it.
SLACK = 20_000_000
COMPRESSED = re.compile(r"\.(?:gz|zst|xz)$")
NUMBERED = re.compile(r"(?:\d[\dT:_.+\-Z]*|old|bak|prev)$")
INSIDE = re.compile(r"(.+?)[.\-_]\d[\dT:_.+\-Z]*(\.[A-Za-z]{1,8})$")


class Found(NamedTuple):
    """A file that holds what was looked for, open; its real path, how much of it it holds, and what of the
    proof."""

    medium: Medium
    file: tuple[int, int]
    real: str
    likeness: Likeness
    proof: Proof


class Unseen(NamedTuple):
    """A file that nobody has read, open."""

    medium: Medium
    file: tuple[int, int]
    real: str
    written: int
    size: int


def bases(name: str) -> set[str]:
    """The names of the logs that a file may be a rotated one of."""
    plain = COMPRESSED.sub("", name)
    found = {plain} if plain != name else set()
    for at, letter in enumerate(plain):
        if letter in ".-_" and at and NUMBERED.match(plain, at + 1):
            found.add(plain[:at])
    if inside := INSIDE.match(plain):
        found.add(inside[1] + inside[2])
    return found - {name}


def root(path: str) -> str:
    """What all rotated files of one log have in common: the path of the log itself."""
    folder, name = os.path.split(path)
    return os.path.join(folder, min((name, *bases(name)), key=len))


def stems(base: str) -> tuple[str, ...]:
    """What the names of a log's rotated files begin with: its own name, or that without its ending, and what
    may stand before a number."""
    stem = base.rpartition(".")[0] or base
    return tuple(f"{stem}{letter}" for letter in ".-_")


class Search:
    """Searches beside one log.

    Args:
        real: its real path.
        archives: other folders.
        roots: where logs may lie.
        taken: files that are followed already; asked anew for each file.
        listings: what stands in folders, for all searches of one look.
    """

    def __init__(
        self,
        real: str,
        archives: Sequence[str],
        roots: Sequence[str],
        taken: Callable[[tuple[int, int]], bool],
        listings: Listings,
    ) -> None:
        self._base = os.path.basename(real)
        self._family = {self._base, *bases(self._base)}
        self._roots = roots
        self._taken = taken
        self._folders = [listings.of(folder) for folder in dict.fromkeys((os.path.dirname(real), *archives))]
        self.clean = True
        """False: a file went away as it was looked at, or is still being made."""
        self.ended = True
        """False: more of a compressed file must be looked at before it is clear what it is, or there are more
        files."""

    def rest(
        self,
        file: tuple[int, int],
        offset: int,
        proof: Proof,
        written: int,
        rejected: Collection[tuple[int, int]],
    ) -> Found | None:
        """The file that holds what comes after `offset` of a content that was last written at `written` ns or
        later: by its inode, else by its name and content; one that holds a part of what was read already if
        there is no other."""
        shorter: Found | None = None
        own = [entry for entry in self._of_inode(file[1]) if proof.rungs or self._related(entry.name)]
        for entry in chain(own, self._others(own, written)):
            found = self._compared(entry.path, file, offset, proof, rejected)
            if found is None:
                continue
            if found.likeness == "same":
                if shorter is not None:
                    shorter.medium.close()
                return found
            if shorter is None and not found.medium.packed:
                shorter = found
            else:
                found.medium.close()
        return shorter

    def has(self, inode: int) -> bool:
        """Whether a file is still here under any name."""
        return bool(self._of_inode(inode))

    def _others(self, own: Collection[os.DirEntry[str]], written: int) -> Iterator[os.DirEntry[str]]:
        """The entries of this log beside its `own`; of more than `MOST` those that were written soonest
        after."""
        near = self._near(*self._family)
        others = [entry for entry in near if entry not in own and self._related(entry.name)]
        if len(others) > MOST:
            nearest = set(sorted(others, key=lambda entry: self._after(entry, written))[:MOST])
            others = [entry for entry in others if entry in nearest]
        yield from others

    def _after(self, entry: os.DirEntry[str], written: int) -> tuple[bool, int]:
        """How long after a time a file was last written; before it, those that were so just before first."""
        try:
            after = entry.stat().st_mtime_ns - written
        except OSError:
            self.clean = False
            return True, written
        return after < -SLACK, abs(after)

    def _of_inode(self, inode: int) -> list[os.DirEntry[str]]:
        return [entry for folder in self._folders for entry in folder.of_inode(inode)]

    def _near(self, *names: str) -> list[os.DirEntry[str]]:
        """The entries whose names may belong to logs of these names, plain ones first."""
        found: dict[str, os.DirEntry[str]] = {}
        for folder, name in product(self._folders, names):
            own = folder.named(name)
            near = [entry for start in stems(name) for entry in folder.starting(start)]
            found |= {entry.path: entry for entry in (*near, *filter(None, [own]))}
        packed = {path: COMPRESSED.search(entry.name) is not None for path, entry in found.items()}
        return sorted(found.values(), key=lambda entry: (packed[entry.path], entry.name))

    def _related(self, name: str) -> bool:
        return not self._family.isdisjoint((name, *bases(name)))

    def _compared(
        self,
        path: str,
        file: tuple[int, int],
        offset: int,
        proof: Proof,
        rejected: Collection[tuple[int, int]],
    ) -> Found | None:
        opened = self._open(path)
        if opened is None:
            return None
        medium, (_, status, real) = opened
        this = (status.st_dev, status.st_ino)
        likeness: Likeness = "other"
        held = proof
        if this not in rejected:
            try:
                if this == file and not proof.rungs and 0 < offset <= status.st_size:
                    likeness = "same"
                elif isinstance(medium, Packed):
                    # Whether it is the same is seen when it has been decompressed up to the offset.
                    long = min(proof.length, len(medium.head())) >= WEAK
                    likeness = "same" if long and proof.begins(medium.head()) else "other"
                else:
                    least = 0 if this == file else STRONG if os.path.basename(path) == self._base else WEAK
                    likeness = proof.like(offset, medium, least)
                    if this == file and likeness == "shorter":
                        likeness = "other"
                if proof.rungs and likeness != "other":
                    held = proof.within(medium.head())
            except (OSError, ValueError):
                self.clean = False
        if likeness == "other":
            medium.close()
            return None
        return Found(medium, this, real, likeness, held)

    def unseen(self, since: int, known: Known, current: str, depths: Depths) -> list[Unseen]:
        """Files of this log, last written at `since` or later, that hold nothing `known`; the oldest first,
        at most `MOST`, up to the first of which it is not clear yet.

        `current` is where the log itself is: a file that holds only what it holds is a copy being made.
        """
        found: list[Unseen] = []
        for path in self._newer(since):
            if len(found) == MOST:
                self.ended = False
            elif each := self._unseen(path, known, current, depths):
                found.append(each)
            if not self.ended:
                break
        return found

    def _newer(self, since: int) -> list[str]:
        """Rotated files of this log that were last written at `since` or later, the oldest first."""
        newer: list[tuple[int, str]] = []
        for entry in self._near(self._base):
            twin = COMPRESSED.sub("", entry.name)
            twins = twin != entry.name and any(folder.named(twin) for folder in self._folders)
            if twins or self._base not in bases(entry.name):
                continue
            try:
                written = os.stat(entry.path).st_mtime_ns
            except OSError:
                self.clean = False
                continue
            if written >= since - SLACK:
                newer.append((written, entry.path))
        return [path for _, path in sorted(newer, key=lambda each: each[0])]

    def _unseen(self, path: str, known: Known, current: str, depths: Depths) -> Unseen | None:
        opened = self._open(path)
        if opened is None:
            return None
        medium, (_, status, real) = opened
        this = (status.st_dev, status.st_ino)
        try:
            is_known = depths.known(this, medium, known)
            self.ended = is_known is not None
            if is_known is False and not self._is_copy(medium, current):
                return Unseen(medium, this, real, status.st_mtime_ns, status.st_size)
        except (OSError, ValueError):
            self.clean = False
        medium.close()
        return None

    def _is_copy(self, medium: Medium, current: str) -> bool:
        """Whether it is a copy of the log that is still being made, or was just made."""
        if medium.packed:
            return False
        try:
            opened = open_safely(current, self._roots)
        except OSError:
            return False
        other = medium_of(opened.descriptor)
        try:
            copy = is_beginning(medium, other)
        finally:
            other.close()
        self.clean = self.clean and not copy
        return copy

    def _open(self, path: str) -> tuple[Medium, Opened] | None:
        """Open what nobody follows yet."""
        try:
            opened = open_safely(path, self._roots)
        except FileNotFoundError:
            self.clean = False
            return None
        except (Refused, OSError):
            return None
        if self._taken((opened.status.st_dev, opened.status.st_ino)):
            give_back(opened.descriptor)
            return None
        try:
            medium = medium_of(opened.descriptor)
        except OSError:
            return None
        if half_made(path, medium):
            self.clean = False
            medium.close()
            return None
        return medium, opened


def half_made(path: str, medium: Medium) -> bool:
    """Whether a compressed file has not even its first bytes yet: what is in it is no text all the same."""
    return COMPRESSED.search(path) is not None and not medium.packed


def is_beginning(short: Medium, long: Medium) -> bool:
    """Whether a plain file holds the beginning of another, as far as its head and its end tell; an empty one
    tells nothing."""
    size = short.size()
    if long.packed or not 0 < size <= long.size():
        return False
    head, end = short.head(), max(0, size - 4096)
    return long.head()[: len(head)] == head and long.read(end, size - end) == short.read(end, size - end)
