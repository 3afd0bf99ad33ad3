"""What stands in the store of a daemon that runs, or ran: for tests that wait for it or check it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agent.stats.frame import Event
from agent.store.files import holder
from agent.store.reader import Reader
from tests.waiting import until


@contextmanager
def reading(state: Path) -> Iterator[Reader]:
    """A reader of a store that may be in use: at once, where `Reader.open` would first wait for its lock."""
    own = holder(state) == os.getpid()
    with closing(Reader.open(state) if own else Reader.copy(state)) as reader:
        yield reader


def windows(state: Path) -> int:
    """How many windows the device has given numbers to, in all its lives."""
    with reading(state) as reader:
        return sum(epoch.next.get("windows", 0) for epoch in reader.epochs())


def windows_pass(state: Path, count: int) -> None:
    """Return when so many windows have ended from now on."""
    enough = windows(state) + count
    until(lambda: windows(state) >= enough)


def events(state: Path) -> list[Event]:
    """All events, those of alerts after the others, each oldest first."""
    with reading(state) as reader:
        rows = [each for each in reader.stored(streams=("events", "alerts")) if each.row.tombstone is None]
        return [event for each in rows for event in each.content().events]
