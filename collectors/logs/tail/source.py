"""What is to be followed, within which bounds, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from collectors.logs.tail.wrapped import Wrapper

KIB = 1024


class Source(NamedTuple):
    """Files that one kind of service writes.

    Args:
        name: what the source is called; part of the names of its positions.
        patterns: absolute paths with `*`, `?`, `[...]` and `**` for folders below.
        start: where files are begun that are there at the source's very first look: at their "end", at
            their "start", or at the first line of the last so many seconds. Files that come later are read
            whole.
        wrapper: by which container runtime lines are wrapped; "auto" sees it from each file's first line.
        join: put the lines of a stack trace together.
        roots: folders that symbolic links may lead into, beside those that the patterns name.
        archives: folders beside the log's own where rotated files go.
        pipes: FIFOs, by their paths, that are read as they come.
        time_of: the wall clock in s at which a line was written, for `start` in seconds; None: it does not
            say.
    """

    name: str
    patterns: tuple[str, ...]
    start: Literal["end", "start"] | float = "end"
    wrapper: Literal["auto"] | Wrapper = "auto"
    join: bool = False
    roots: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    pipes: tuple[str, ...] = ()
    time_of: Callable[[bytes], float | None] = lambda _: None


class Limits(NamedTuple):
    """Bounds of one tailer, in bytes, files and seconds.

    Args:
        line: a line or joined record is cut after so many bytes.
        block: bytes of one reading, and of one chunk; at least twice `line`.
        files: that one source follows.
        opened: files that one source keeps open.
        idle: how seldom, at most, a file is looked at in which nothing happens.
        wait: a file that was rotated away must be quiet for so long before the next one is begun, and the
            last line of a block before it is a record of its own.
        linger: and for so long before it is let go: of several writers one may come back late.
        patience: how long a rotated file is searched for.
        forget: how long a path that is gone is remembered.
    """

    line: int = 64 * KIB
    block: int = 256 * KIB
    files: int = 1024
    opened: int = 64
    idle: float = 10.0
    wait: float = 1.0
    linger: float = 30.0
    patience: float = 5.0
    forget: float = 3600.0


class Chunk(NamedTuple):
    """Lines of one source that were read at once.

    Args:
        source: its name.
        path: of the file, or the unit in the journal.
        text: whole lines, each with its line feed. Otherwise as they were written, CR and invalid UTF-8 too;
            inside a joined record `joined.JOINT` stands for a line feed.
        times: when each line was written, in s of the wall clock, where its wrapper says so.
        size: bytes that were read for it.
    """

    source: str
    path: str
    text: bytes
    times: list[float | None] | None
    size: int
