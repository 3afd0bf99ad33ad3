"""What a capture holds: rows of the 1 s ring as frames of one tick each, thinned until they fit; pure.

Thinning leaves the ticks around the trigger whole: every other one of the half that is farthest from it
goes, again and again, so that the ends of the span become coarse first and stay there longest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from agent.stats.clocks import Clock
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


class Bounds(NamedTuple):
    """The span of a capture and its trigger, in s on the boot clock; how many values it may hold."""

    start: float
    end: float
    trigger: float
    values: int


def frozen(snapshot: Snapshot, of: Bounds, clock: Clock, wanted: Collection[Series]) -> Frozen:
    """The ticks of the span (both ends inside), with the series that are wanted; thinned before any of it is
    made, as the values of many series take much memory."""
    rows = [
        (at, {series: value for series, value in values.items() if series in wanted})
        for _, at, values in snapshot.rows_from(0)
        if of.start - LEAD <= at <= of.end
    ]
    inside = [(at, len(values)) for at, values in rows if at >= of.start and values]
    kept = _nearest(inside, of.trigger, of.values)
    polls = Polls(snapshot.boot, clock.quality)
    ticks = []
    for at, values in rows:
        if at not in kept:
            polls.skip(at, values)
        elif found := polls.frames(at, values, clock.offset):
            ticks.append(found)
    return Frozen(tuple(ticks), len(inside) - len(kept))


def thinned(of: Frozen, trigger: float, most: int) -> Frozen:
    """The same with at most `most` values, as far as two ticks allow: those farthest from `trigger` (s on
    the boot clock) go first."""
    kept = _nearest([(tick[0].span.end, _values(tick)) for tick in of.ticks], trigger, most)
    ticks = tuple(tick for tick in of.ticks if tick[0].span.end in kept)
    return Frozen(ticks, of.cut + len(of.ticks) - len(ticks))


def _nearest(ticks: Sequence[tuple[float, int]], trigger: float, most: int) -> frozenset[float]:
    """The times of the ticks, each with its number of values, that are left by thinning."""
    kept = sorted(ticks, key=lambda tick: abs(tick[0] - trigger))
    while sum(values for _, values in kept) > most and len(kept) > LEAST:
        half = max(1, len(kept) // 2)
        kept = [*kept[:half], *kept[half + 1 :: 2]] if len(kept) > LEAST + 1 else kept[:LEAST]
    return frozenset(at for at, _ in kept)


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
