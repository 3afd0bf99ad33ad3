"""How verbs read the store of this device, beside a daemon too, and what they say where they cannot."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Container, Iterator
from contextlib import closing
from math import inf
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config import Config
    from agent.stats.frame import Content
    from agent.store.errors import StoreError
    from agent.store.reader import Reader

FAILED = 1


def read_store(args: argparse.Namespace, config: Config, use: Callable[[Reader], int]) -> int:
    """Open the store of this device for reading, and use it."""
    from agent.store.errors import StoreError
    from agent.store.reader import Reader

    try:
        with closing(Reader.copy(Path(config.store.directory))) as reader:
            return use(reader)
    except StoreError as error:
        return unread(args.verb, error)


def readable(
    reader: Reader,
    since: float,
    streams: tuple[str, ...] = ("windows",),
    only: Container[bytes] | None = None,
    until: float = inf,
) -> Iterator[Content]:
    """The contents of these streams, or `only` those of these digests; what cannot be read or is lost is
    said on stderr."""
    from agent.ledger import utc
    from agent.store.errors import CorruptRow

    for stored in reader.stored(since, until, streams=streams):
        grave = stored.row.tombstone
        if only is not None and stored.row.digest not in only:
            continue
        if grave is not None:
            span = f"{utc(grave.start)} to {utc(grave.end)}"
            sys.stderr.write(f"{span}: {grave.records} records are lost ({grave.reason})\n")
            continue
        try:
            yield stored.content()
        except CorruptRow as error:
            sys.stderr.write(f"{error}\n")


def unread(verb: str, error: StoreError) -> int:
    """Say why the store was not read; where it lacks a file or a right, what to ask for instead."""
    cause = error.__cause__
    if isinstance(cause, (FileNotFoundError, PermissionError)):
        return fail(verb, f"{cause.filename}: {why(cause)}; {who(cause, 'state')}")
    return fail(verb, str(error))


def why(error: Exception) -> str:
    """What went wrong, in a word."""
    return str((isinstance(error, OSError) and error.strerror) or error)


def who(error: Exception, kind: str) -> str:
    """What to do about a directory of the daemon, "state" or "runtime"."""
    if isinstance(error, PermissionError):
        return "ask as the daemon's user or as root"
    return f"is there a daemon with this {kind} directory? --{kind}-dir or --config name another"


def print_lines(lines: Iterator[str], out: IO[str]) -> int:
    """Write the lines; how many there were."""
    count = 0
    for line in lines:
        out.write(f"{line}\n")
        count += 1
    return count


def duration(text: str) -> float:
    """The type of an argument like 90s, 12h or 30d: seconds."""
    from agent.config.quantity import parse_duration

    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 12h or 30d") from None


def fail(verb: str, words: str) -> int:
    """Say it on stderr; the exit code."""
    sys.stderr.write(f"outrider {verb}: {words}\n")
    return FAILED
