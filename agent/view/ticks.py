"""The ticks of the 1 s ring as records, so that a board shows polls as it shows windows; pure.

So a sparkline of `outrider top` has a mark a second.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.ship.records import Key
from agent.stats.frame import Content
from agent.stats.ringfile import Snapshot
from agent.stats.ticks import Polls

STREAM = "polls"
PAST = 300
"""Rows of the ring that the first look goes back."""


class Ticks:
    """Reads on from where it read before."""

    def __init__(self) -> None:
        self._next = 0
        self._boot = ""
        self._polls = Polls("")

    def new(self, snapshot: Snapshot, offset: float) -> Iterator[tuple[Key, Content]]:
        """The ticks that are new in this snapshot; wall time is the boot clock's plus `offset`."""
        if snapshot.boot != self._boot or snapshot.end < self._next:
            self._next, self._boot, self._polls = 0, snapshot.boot, Polls(snapshot.boot)
        first = max(self._next, snapshot.end - PAST)
        for number, at, values in snapshot.rows_from(first):
            yield Key(0, STREAM, number, number), Content(self._polls.frames(at, values, offset))
        self._next = snapshot.end
