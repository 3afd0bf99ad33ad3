"""Which generation each file holds, and which of them are open: a bounded number."""

from __future__ import annotations

import os
from typing import NamedTuple

from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.medium import Medium, medium_of, open_safely
from collectors.logs.tail.track import Track

File = tuple[int, int]
"""Device and inode."""


MOST_ROTATED, MOST_AT_ONCE = 6, 8
"""Times as many as stay open between two looks: of those that were rotated away, which are kept until they
are read, and of all in the middle of a look."""


class Open(NamedTuple):
    """A file that was opened: its reader, what it is, and its real path."""

    medium: Medium
    file: File
    real: str


class Files:
    """The files of one source.

    Args:
        roots: real paths below which they lie.
        most: to be kept open between two looks.
        complaints: is told what cannot be opened.
    """

    def __init__(self, roots: tuple[str, ...], most: int, complaints: Complaints) -> None:
        self.roots = roots
        self._most = most
        self._complaints = complaints
        self._held: dict[File, Track] = {}
        self._opened: dict[int, Track] = {}

    def holder(self, file: File) -> Track | None:
        """The generation that a file is known to hold."""
        return self._held.get(file)

    def taken(self, file: File) -> bool:
        """Whether a file is followed."""
        return file in self._held

    @property
    def crowded(self) -> bool:
        """Whether of those that were rotated away so many are open that nothing is opened that can wait."""
        most = MOST_ROTATED * self._most
        return len(self._opened) >= most and sum(not track.live for track in self._opened.values()) >= most

    def open(self, path: str) -> Open | None:
        """Open a path; None: it cannot be, which is said."""
        try:
            opened = open_safely(path, self.roots)
            medium = medium_of(opened.descriptor)
        except OSError as error:
            self._complaints.error(path, error)
            return None
        return Open(medium, (opened.status.st_dev, opened.status.st_ino), opened.real)

    def hold(self, track: Track, file: File) -> None:
        """A file holds this generation now."""
        self.release(track)
        track.device, track.inode = file
        self._held[file] = track

    def use(self, track: Track, opened: Open) -> None:
        """A generation is read from there."""
        self.hold(track, opened.file)
        track.use(opened.medium)
        track.real = opened.real
        self.touch(track)

    def touch(self, track: Track) -> None:
        """It is read: others are closed before it."""
        self._opened.pop(track.key, None)
        self._opened[track.key] = track

    def release(self, track: Track) -> None:
        """Its file holds this generation no longer, as far as is known."""
        if self._held.get(track.file) is track:
            del self._held[track.file]

    def drop_medium(self, track: Track) -> None:
        """Close; the file still holds it."""
        track.close()
        self._opened.pop(track.key, None)

    def drop(self, track: Track) -> None:
        """Close and release."""
        self.drop_medium(track)
        self.release(track)

    def close_some(self) -> None:
        """Close those that were not read for the longest time. Not those that were rotated away: they may
        have no name any more, and `crowded` bounds them. Nor the one that was touched last."""
        over = len(self._opened) - self._most
        for key in list(self._opened)[:-1] if over > 0 else ():
            if over > 0 and self._opened[key].live:
                self._opened.pop(key).close()
                over -= 1

    def relieve(self) -> None:
        """Close some before so many are open that a process may have no more: a thousand files that are all
        met, or read, in one look are no thousand descriptors."""
        if len(self._opened) >= MOST_AT_ONCE * self._most:
            self.close_some()

    def close(self) -> None:
        """Give all descriptors back."""
        for track in self._opened.values():
            track.close()
        self._opened.clear()


def file_of(status: os.stat_result) -> File:
    """Device and inode."""
    return status.st_dev, status.st_ino
