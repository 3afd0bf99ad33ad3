"""A copy of a store at one moment, for another process than the daemon's.

The daemon holds its file exclusively: so its shared memory needs no file, which would be written back
to flash after each flush, and no reader from outside can hold its log back or keep it from starting.
Whoever looks on therefore copies database and log, without any lock, into a directory in memory.

Is that copy sound? A checkpoint that runs meanwhile writes pages that the log holds too, and the log is
played over them. Only when the log was begun anew could pages be missing; its header shows that, and
the copy is made again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from agent.store.errors import StoreBusy, StoreFull
from agent.store.sizing import LOG_HEADER

TRIES = 5
# Memory first: a look at the history should not wear the flash.
PLACES = (Path("/dev/shm"), Path(tempfile.gettempdir()))  # noqa: S108 - mkdtemp makes a private one


def copy_of(path: Path, places: tuple[Path, ...] = PLACES) -> Path:
    """Copy the database at `path` with its log into a new directory, which the caller removes; the
    database there.

    Not in the daemon's own process: closing the file there drops the locks that SQLite holds.

    Raises:
        OSError: it cannot be read.
        StoreFull: no place has room for it.
        StoreBusy: it changed too much at each try.
    """
    log = Path(f"{path}-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    directory = Path(tempfile.mkdtemp(prefix="outrider-", dir=_roomy(path, size, places)))
    try:
        for _ in range(TRIES):
            before = _state(path, log)
            for file in (path, log):
                if file.exists():
                    shutil.copyfile(file, directory / file.name)
            if before == _state(path, log):
                return directory / path.name
    except OSError:
        shutil.rmtree(directory)
        raise
    shutil.rmtree(directory)
    raise StoreBusy(f"{path}: its log was begun anew during each of {TRIES} copies; try again")


def _state(path: Path, log: Path) -> tuple[int, bytes]:
    """Which file it is, and which generation of its log."""
    header = b""
    if log.exists():
        with log.open("rb") as file:
            header = file.read(LOG_HEADER)
    return os.stat(path).st_ino, header


def _roomy(path: Path, size: int, places: tuple[Path, ...]) -> Path:
    for place in places:
        if place.is_dir() and os.access(place, os.W_OK) and shutil.disk_usage(place).free > 2 * size:
            return place
    names = " nor ".join(map(str, places))
    raise StoreFull(f"{path}: neither {names} has {2 * size} bytes free for a copy to read from; free some")
