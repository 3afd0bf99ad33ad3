"""Who goes before whom: the lane of a row that is not sent, and which rows wait for others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agent.ship.blocks import Blocks
from agent.ship.budget import Lane
from agent.ship.records import Epoch, Key

LANES: tuple[Lane, ...] = ("live", "backlog", "samples")
NEWEST = 32
"""Events of the newest numbers wait for a growing block of windows, and go with it."""


class Precedence(NamedTuple):
    """`epochs` newest first; `live` are the rows of the newest flush; of a lane, streams of a higher one of
    the `priorities` go first."""

    epochs: Sequence[Epoch]
    live: frozenset[Key]
    grain: int
    blocks: Blocks
    priorities: Mapping[str, int]

    def sorted(self, unsent: Iterable[Key]) -> list[Key]:
        """The keys that may go, the next one last."""
        rank = {epoch.id: -age for age, epoch in enumerate(self.epochs)}

        def before(key: Key) -> tuple[int, int, int, int, str]:
            priority = self.priorities.get(key.stream, 0)
            return LANES.index(self.lane(key)), -priority, rank.get(key.epoch, 1), key.first, key.stream

        held = self.blocks.growing | self.blocks.fine
        free = (key for key in unsent if key not in held and not self._rides(key))
        return sorted(free, key=before, reverse=True)

    def lane(self, key: Key) -> Lane:
        """Raw material last; a block is live until the next one is complete."""
        if key.stream == "samples":
            return "samples"
        if key in self.live:
            return "live"
        if self.grain == 1:
            return "backlog"
        newest = self.grain if key.stream == "windows" else NEWEST
        return "live" if self._newest(key, newest) else "backlog"

    def _rides(self, key: Key) -> bool:
        """Whether events wait for the block of windows that grows."""
        return bool(self.blocks.growing) and key.stream == "events" and self._newest(key, NEWEST)

    def _newest(self, key: Key, count: int) -> bool:
        """Whether it is among the last numbers of this life."""
        own = self.epochs[0] if self.epochs else None
        return own is not None and key.epoch == own.id and key.last >= own.next.get(key.stream, 0) - count
