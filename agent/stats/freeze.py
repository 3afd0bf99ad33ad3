"""What a capture holds: rows of the 1 s ring as frames of one tick each, thinned until they fit; pure.

Thinning leaves the ticks around the trigger whole: every other one of the half that is farthest from it
goes, again and again, so that the ends of the span become coarse first and stay there longest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from agent.stats.frame import Frame
from agent.stats.ringfile import Snapshot
from agent.stats.ticks import Polls
from collectors.api import Series

LEAD = 64.0
"""Seconds before the span that are looked at too: a counter's first increase there began before it."""

LEAST = 2

Tick = tuple[Frame, ...]
"""All frames of one row of the ring; they end together."""


class Frozen(NamedTuple):
    """The ticks of a capture, oldest first; `cut` is how many there were beside these."""

    ticks: tuple[Tick, ...]
    cut: int = 0

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All frames, in the order of their ends."""
        return tuple(frame for tick in self.ticks for frame in tick)

    @property
    def series(self) -> int:
        """How many series have a value in it."""
        return len({series for frame in self.frames for series in frame.windows})

    @property
    def values(self) -> int:
        """How many values it holds."""
        return sum(map(_values, self.ticks))


class Clock(NamedTuple):
    """Wall time less the boot clock in s, and how good that is."""

    offset: float
    quality: str


def frozen(snapshot: Snapshot, start: float, end: float, clock: Clock, wanted: Collection[Series]) -> Frozen:
    """The ticks from `start` to `end` (s on the boot clock, both inside), with the series that are wanted."""
    polls = Polls(snapshot.boot, clock.quality)
    ticks = []
    for _, at, values in snapshot.rows_from(0):
        if start - LEAD <= at <= end:
            found = polls.frames(at, {s: value for s, value in values.items() if s in wanted}, clock.offset)
            if at >= start and found:
                ticks.append(found)
    return Frozen(tuple(ticks))


def thinned(of: Frozen, trigger: float, most: int) -> Frozen:
    """The same with at most `most` values, as far as two ticks allow: those farthest from `trigger` (s on
    the boot clock) go first."""
    kept = sorted(of.ticks, key=lambda tick: abs(tick[0].span.end - trigger))
    values = list(map(_values, kept))
    while sum(values) > most and len(kept) > LEAST:
        half = max(1, len(kept) // 2)
        kept = [*kept[:half], *kept[half + 1 :: 2]] if len(kept) > LEAST + 1 else kept[:LEAST]
        values = list(map(_values, kept))
    ordered = sorted(kept, key=lambda tick: tick[0].span.end)
    return Frozen(tuple(ordered), of.cut + len(of.ticks) - len(ordered))


def fitted(
    of: Frozen, trigger: float, values: int, size: int, measure: Callable[[Sequence[Frame]], int]
) -> Frozen:
    """The same, of at most so many values and of at most `size` bytes by `measure`; no ticks at all where
    not even two fit."""
    while len((of := thinned(of, trigger, values)).ticks) >= LEAST:
        bytes_ = measure(of.frames)
        if bytes_ <= size:
            return of
        # A little less than its share: what all ticks share does not shrink with them.
        values = min(of.values - 1, of.values * size // bytes_ * 9 // 10)
        if len(of.ticks) == LEAST:
            break
    return Frozen((), of.cut + len(of.ticks))


def _values(tick: Collection[Frame]) -> int:
    return sum(len(frame.windows) for frame in tick)
