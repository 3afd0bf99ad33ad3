"""Which files a log of the configuration has now, which of them may be read, and their last lines."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from errno import EACCES, EPERM
from typing import NamedTuple

from agent.config.logs import Logs
from collectors.logs.tail.medium import Refused, give_back, medium_of, open_safely
from collectors.logs.tail.places import Places
from collectors.logs.tail.records import records
from collectors.logs.tail.source import Limits
from collectors.logs.tail.wrapped import wrapper_of

SIZE = 256 * 1024
"""Bytes at the end of a file that are looked at."""
LINES = 200
LIMITS = Limits()
DENIED = (EACCES, EPERM)


class Sample(NamedTuple):
    """The last lines of a log, without what a container's runtime wrapped them in.

    Args:
        where: the file or unit that has them.
        lines: whole ones, without line feeds.
        stamped: whether something else than the lines says when each was written.
    """

    where: str
    lines: tuple[bytes, ...]
    stamped: bool = False


class Looked(NamedTuple):
    """What was found of a log's files.

    Args:
        files: those that may be read, that written last first.
        closed: files and folders that may not be read.
        refused: what is not opened by rule, and why.
        absent: folders in which the files should lie, that are not there.
        unsound: what cannot be read for another reason, and why.
        beyond: files that are too many to be followed.
        sample: the last lines of the file written last that has any.
    """

    files: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    absent: tuple[str, ...] = ()
    unsound: tuple[tuple[str, str], ...] = ()
    beyond: int = 0
    sample: Sample | None = None


def look(logs: Logs, clock: Callable[[], float], wall: Callable[[], float]) -> Looked:
    """Look for the files of a log, and at the end of one; it may hang where a mount is dead."""
    faults: list[tuple[str, OSError]] = []
    places = Places(logs.paths, LIMITS.files, clock, wall, lambda *fault: faults.append(fault))
    paths = places.paths()
    roots = [os.path.realpath(root) for root in (*places.roots, *logs.roots, *logs.archives)]
    written: list[tuple[float, str]] = []
    for path in paths:
        try:
            opened = open_safely(path, roots)
        except OSError as error:
            faults.append((path, error))
        else:
            give_back(opened.descriptor)
            written.append((opened.status.st_mtime, path))
    for path in logs.pipes:
        faults += _pipe(path)
    files = [path for _, path in sorted(written, reverse=True)]
    return Looked(
        tuple(files),
        tuple(path for path, error in faults if _is_denied(error)),
        tuple((path, _words(error)) for path, error in faults if isinstance(error, Refused)),
        tuple(root for root in dict.fromkeys(places.roots) if _is_absent(root)),
        tuple((path, _words(error)) for path, error in faults if _is_unsound(error)),
        places.beyond,
        next((sample for path in files[:8] if (sample := last_lines(path, roots, logs)).lines), None),
    )


def _is_absent(folder: str) -> bool:
    try:
        os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _is_denied(error: OSError) -> bool:
    return error.errno in DENIED and not isinstance(error, Refused)


def _is_unsound(error: OSError) -> bool:
    """Neither a right that lacks, nor a file that may come."""
    return error.errno not in DENIED and not isinstance(error, (FileNotFoundError, NotADirectoryError))


def _words(error: OSError) -> str:
    return error.strerror or str(error)


def _pipe(path: str) -> Iterator[tuple[str, OSError]]:
    """What keeps a FIFO from being read; it is not opened, for that can make its writer's lines lost."""
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISFIFO(mode):
            yield path, Refused("kind", "no FIFO", path)
        elif not os.access(path, os.R_OK):
            yield path, PermissionError(EACCES, "Permission denied", path)
    except OSError as error:
        yield path, error


def last_lines(path: str, roots: Sequence[str], logs: Logs) -> Sample:
    """The last lines of a file; none of a compressed one, or of one that cannot be read any more."""
    try:
        medium = medium_of(open_safely(path, roots).descriptor)
    except OSError:
        return Sample(path, ())
    try:
        if medium.packed:
            return Sample(path, ())
        size = medium.size()
        start = max(0, size - SIZE)
        head, text = medium.head(), medium.read(start, size - start)
    except OSError:
        return Sample(path, ())
    finally:
        medium.close()
    if start:
        text = text.partition(b"\n")[2]
    text = text[: text.rfind(b"\n") + 1]
    wrapper = wrapper_of(head) if logs.container == "auto" else logs.container
    found = records(text, wrapper, LIMITS.line, joins=logs.multiline)  # type: ignore[arg-type]  # a Choice
    kept = [line for line in found.text.split(b"\n") if line.strip()][-LINES:]
    return Sample(path, tuple(kept), stamped=found.times is not None)
