"""What can go wrong with the store, in the daemon's terms.

    StoreError            the store could not do it now; nothing was changed, try again later
      StoreTooNew         written by a newer version: left untouched
      StoreLocked         another daemon uses the directory
      StoreBusy           a reader holds the write-ahead log back; try again when it has gone
      StoreFull           no space on the file system
      StoreCorrupt        the file is damaged: close, and open again, which sets it aside
      CorruptRow          one record does not match its digest

Each has a `reason`, a short slug to count by.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import ClassVar

from agent.ship.records import Key


class StoreError(Exception):
    """The store could not do what was asked; its content is as it was before."""

    reason: ClassVar[str] = "io"


class StoreTooNew(StoreError):  # noqa: N818 - a state, as the contract names it
    """The file was written by a newer version of this program."""

    reason = "too_new"


class StoreLocked(StoreError):  # noqa: N818
    """Another daemon holds the directory."""

    reason = "locked"


class StoreBusy(StoreError):  # noqa: N818
    """A reader keeps the write-ahead log from being used again, and its share is used up."""

    reason = "busy"


class StoreFull(StoreError):  # noqa: N818
    """The file system has no space left for what must be written."""

    reason = "full"


class StoreDenied(StoreError):  # noqa: N818
    """The directory or file may not be read or written."""

    reason = "denied"


class StoreCorrupt(StoreError):  # noqa: N818
    """The file's structure is damaged."""

    reason = "corrupt"


class CorruptRow(StoreError):  # noqa: N818
    """A record whose content does not match its digest, or cannot be decoded."""

    reason = "corrupt_row"

    def __init__(self, key: Key, why: str) -> None:
        super().__init__(
            f"record {key.stream} {key.first}-{key.last} of epoch {key.epoch}: {why}; "
            "it is dropped with a tombstone at the next flush"
        )
        self.key = key


# SQLite's own words are stable; its codes reach Python from 3.11 only.
_PHRASES: tuple[tuple[str, type[StoreError], str], ...] = (
    ("full", StoreFull, "free space on that file system"),
    ("malformed", StoreCorrupt, "open the store again: the file is set aside and a new one begun"),
    ("not a database", StoreCorrupt, "open the store again: the file is set aside and a new one begun"),
    ("decode to utf-8", StoreCorrupt, "open the store again: the file is set aside and a new one begun"),
    ("locked", StoreBusy, "another process holds a lock on it; find it with fuser"),
    ("readonly", StoreDenied, "make the directory writable for this user"),
    ("unable to open", StoreDenied, "check that the directory exists and that this user may use it"),
)
_ERRNOS: dict[int | None, tuple[type[StoreError], str]] = {
    errno.ENOSPC: (StoreFull, "free space on that file system"),
    errno.EDQUOT: (StoreFull, "raise this user's quota"),
    errno.EFBIG: (StoreFull, "raise the limit on file sizes (ulimit -f)"),
    errno.EACCES: (StoreDenied, "give this user the right to use it"),
    errno.EPERM: (StoreDenied, "give this user the right to use it"),
    errno.EROFS: (StoreDenied, "mount that file system writable, or choose another directory"),
    errno.ENOTDIR: (StoreDenied, "choose another directory"),
    errno.EEXIST: (StoreDenied, "choose another directory"),
}


def explain(error: sqlite3.Error | OSError, path: Path) -> StoreError:
    """`error`, met while using `path`, as the StoreError that says what to do about it."""
    if isinstance(error, OSError):
        if isinstance(error, FileNotFoundError):
            return StoreError(f"{path}: {error.strerror or error}")
        kind, advice = _ERRNOS.get(error.errno, (StoreError, "see the kernel's log"))
        return kind(f"{path}: {error.strerror or error}; {advice}")
    words = str(error).lower()
    for phrase, kind, advice in _PHRASES:
        if phrase in words:
            return kind(f"{path}: {error}; {advice}")
    return StoreError(f"{path}: {error}; see the kernel's log")
