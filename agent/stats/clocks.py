"""What is known of the wall clock of each boot, the event that tells it, and how readers apply it.

A boot has one true offset: its clock and the wall clock are slewed alike, and only a step parts them. So
the best that is known of it holds for all that was recorded in it, what was recorded before too. An event
`clock` (attributes `boot`, `offset` in s, `quality`) says it; it sets the offset and never adds, so it may
come twice, late, or before the records it is about.

Of several the best quality counts, then the latest on the boot clock: in whatever order they are heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agent.stats.frame import CLOCK, MAX_STEP, Content, Event, Span

WRONG, UNKNOWN, RIGHT = "unsynchronised", "unknown", "synchronised"
QUALITIES = (WRONG, UNKNOWN, RIGHT)
"""From the worst to the best."""

BOOTS = 64
"""Boots of a device whose clocks are remembered."""

FARTHEST = 2**53 / 1000
"""Seconds that an offset may be away from 0, as on the wire."""


class Clock(NamedTuple):
    """What is known of a boot's wall clock: wall time = boot clock + `offset` s, and how well."""

    boot: str
    offset: float
    quality: str


class Told(NamedTuple):
    """A clock, and when on the boot clock it was told; the greatest of one boot counts."""

    rank: int
    at: float
    offset: float


def rank(quality: str) -> int:
    """How far a quality is to be trusted; one that is not known here not at all."""
    return QUALITIES.index(quality) if quality in QUALITIES else 0


def clock_event(clock: Clock, at: float) -> Event:
    """The event that tells a clock, at `at` on its boot clock."""
    attributes = (("boot", clock.boot), ("offset", repr(clock.offset)), ("quality", clock.quality))
    text = f"the wall clock of this boot is known ({clock.quality}); its earlier records are dated by it"
    return Event(clock.boot, at, clock.offset, CLOCK, attributes, text)


def told_by(event: Event) -> Told | None:
    """What an event tells of its boot's clock; None if it tells nothing that can be believed.

    A device speaks of the boot that it is in: an event that names another is not one of ours.
    """
    said = dict(event.attributes)
    if event.name != CLOCK or said.get("boot") != event.boot:
        return None
    try:
        offset = float(said.get("offset", "nan"))
    except ValueError:
        return None
    trust = rank(said.get("quality", ""))
    sound = math.isfinite(offset) and abs(offset) <= FARTHEST and trust > 0
    return Told(trust, event.at, offset) if sound else None


class Clocks:
    """The clocks of one device's boots, at most `BOOTS`: the one that was heard of first goes."""

    def __init__(self, known: Mapping[str, Told] | None = None) -> None:
        self._told: dict[str, Told] = dict(known or {})

    def learn(self, events: Iterable[Event]) -> Mapping[str, Told]:
        """Take what events tell; the boots of which something better is known now."""
        better: dict[str, Told] = {}
        for event in events:
            told = told_by(event)
            if told is not None and told > self._told.get(event.boot, Told(0, 0.0, 0.0)):
                self._told[event.boot] = better[event.boot] = told
        while len(self._told) > BOOTS:
            oldest = next(iter(self._told))
            del self._told[oldest]
            better.pop(oldest, None)
        return better

    def known(self) -> dict[str, Clock]:
        """What is known by boot."""
        return {boot: Clock(boot, told.offset, QUALITIES[told.rank]) for boot, told in self._told.items()}

    def corrected(self, content: Content) -> Content:
        """The content dated by what is known."""
        return corrected(content, self.known())


def corrected(content: Content, clocks: Mapping[str, Clock]) -> Content:
    """The content with the offsets of the boots that are known; the very same where there are none."""
    boots = {frame.span.boot for frame in content.frames} | {event.boot for event in content.events}
    if boots.isdisjoint(clocks):
        return content
    frames = tuple(frame._replace(span=_dated(frame.span, clocks)) for frame in content.frames)
    events = tuple(
        event._replace(offset=clocks[event.boot].offset) if event.boot in clocks else event
        for event in content.events
    )
    return content._replace(frames=frames, events=events)


def strays(clock: Clock, best: Clock) -> bool:
    """Whether what was dated by `clock` is to be dated anew, now that `best` is known of the same boot."""
    if clock.boot != best.boot or best.quality == WRONG or rank(best.quality) < rank(clock.quality):
        return False
    return abs(clock.offset - best.offset) > MAX_STEP or clock.quality == WRONG


def _dated(span: Span, clocks: Mapping[str, Clock]) -> Span:
    """The span with what is known of its boot, unless more was known when it was recorded."""
    clock = clocks.get(span.boot)
    if clock is None or rank(span.quality) > rank(clock.quality):
        return span
    return span._replace(offset=clock.offset, quality=clock.quality)
