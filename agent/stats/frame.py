"""A frame: the windows of many series over one span, and where that span lies in time.

A record's content is a tuple of frames; frames that adjoin or overlap merge into one unless the wall
clock stepped between them or the boot differs. So data that came late keep a frame of their own time.
Events (things that happened once) ride along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from agent.stats.window import Summary, merge_into
from collectors.api import Attributes, Series


class Span(NamedTuple):
    """Where a frame lies: on the boot clock in seconds, with the offset that makes it wall time.

    Wall time (UTC, seconds since 1970) is `start + offset`. `covered` is how many of the seconds
    between start and end were really watched. `quality` says what is known of the offset:
    "synchronised", "unsynchronised" or "unknown".
    """

    boot: str
    start: float
    end: float
    covered: float
    offset: float
    quality: str

    @property
    def wall(self) -> tuple[float, float]:
        """Start and end in wall time, s."""
        return self.start + self.offset, self.end + self.offset


class Frame(NamedTuple):
    """All windows of one span."""

    span: Span
    windows: Mapping[Series, Summary]


class Event(NamedTuple):
    """Something that happened once, at `at` on the boot clock of `boot`; wall time `at + offset`."""

    boot: str
    at: float
    offset: float
    name: str
    attributes: Attributes
    text: str

    @property
    def wall(self) -> float:
        """When it happened in wall time, s."""
        return self.at + self.offset


class Content(NamedTuple):
    """What a record holds. `dropped` counts events that did not fit when records were merged."""

    frames: tuple[Frame, ...] = ()
    events: tuple[Event, ...] = ()
    dropped: int = 0

    @property
    def wall(self) -> tuple[float, float]:
        """Start and end of all frames and events in wall time, s; (0, 0) if there are none."""
        spans = [*(frame.span.wall for frame in self.frames), *((e.wall, e.wall) for e in self.events)]
        return min((start for start, _ in spans), default=0.0), max((end for _, end in spans), default=0.0)


MAX_EVENTS = 1000
"""Events kept in one content; the oldest stay, the rest is counted in `dropped`."""

CLOCK = "clock"
"""The name of the event that sets the clock of a boot (`agent.stats.clocks`): never dropped before others."""

MAX_STEP = 1.0
"""Seconds by which the offsets of two frames may differ and the frames still be joined."""

MAX_GAP = 5.0
"""Seconds between two frames that are joined all the same. The windows of a life adjoin to the last bit, and
those of a grid do but for the rounding of times; what is further apart is another time. A constant, not a
share of the span: so that the order of merging does not matter."""

MAX_FRAMES = 64
"""Frames that a merged content keeps apart, as far as they may be joined at all."""

LANES = 8
"""Clocks of one boot that are looked at for a frame to join: more only where the clock keeps jumping."""


def _joinable(a: Span, b: Span) -> bool:
    """Whether the wall clock is the same in both."""
    return a.boot == b.boot and a.quality == b.quality and abs(a.offset - b.offset) <= MAX_STEP


def _joined(a: Frame, b: Frame) -> Frame:
    """One frame of two; what ended later is the later."""
    if b.span.end < a.span.end:
        a, b = b, a
    windows = dict(a.windows)
    merge_into(windows, b.windows)
    one, two = a.span, b.span
    span = two._replace(start=min(one.start, two.start), covered=one.covered + two.covered)
    return Frame(span, windows)


def _of_one_boot(frames: list[Frame]) -> list[Frame]:
    """Join what adjoins or overlaps; in the order of time, for what came late too."""
    found: list[Frame] = []
    lanes: list[int] = []
    for frame in sorted(frames, key=_start):
        lane = next((at for at in reversed(lanes) if _joinable(found[at].span, frame.span)), None)
        if lane is not None and frame.span.start - found[lane].span.end <= MAX_GAP:
            found[lane] = _joined(found[lane], frame)
            continue
        if lane is not None:
            lanes.remove(lane)
        lanes = [*lanes, len(found)][-LANES:]
        found.append(frame)
    return found


def _start(frame: Frame) -> float:
    return frame.span.start


def merge_contents(a: Content, b: Content) -> Content:
    """The content of two records: frames that adjoin or overlap become one where they may.

    Boots stay in the order in which they were recorded, the frames of a boot lie in the order of its clock.
    They are kept apart where more than `MAX_GAP` s lie between them, where the quality differs or the wall
    clock stepped: no window merges across a step. What they add up to, and how much is covered, does not
    depend on the order of merging; nor do the spans, but for a clock that is slewed by more than `MAX_STEP`.

    Raises:
        TypeError: a series has summaries of different kinds in the two.
    """
    boots: dict[str, list[Frame]] = {}
    for frame in (*a.frames, *b.frames):
        boots.setdefault(frame.span.boot, []).append(frame)
    frames = tuple(frame for boot in boots.values() for frame in _of_one_boot(boot))
    events, dropped = _kept(a.events + b.events)
    return Content(frames, events, a.dropped + b.dropped + dropped)


def _kept(events: tuple[Event, ...]) -> tuple[tuple[Event, ...], int]:
    """The events that one content may hold, and how many do not fit: of clocks the last."""
    excess = len(events) - MAX_EVENTS
    if excess <= 0:
        return events, 0
    rest = [place for place, event in enumerate(events) if event.name != CLOCK]
    gone = set(rest[-excess:])
    kept = tuple(event for place, event in enumerate(events) if place not in gone)
    return kept[:MAX_EVENTS], excess


def bounded(content: Content, most: int = MAX_FRAMES) -> tuple[Content, int]:
    """The same with at most so many frames: the nearest that may be joined at all are, so that resolution
    falls where it costs least. Returns how many were joined too."""
    frames = list(content.frames)
    joined = 0
    while len(frames) > most:
        near = min(_near(frames), default=None)
        if near is None:
            break
        _, before, after = near
        frames[before] = _joined(frames[before], frames.pop(after))
        joined += 1
    return (content._replace(frames=tuple(frames)), joined) if joined else (content, 0)


def _near(frames: list[Frame]) -> Iterable[tuple[float, int, int]]:
    """The frames that may be joined with the one before them: how far apart they are, and their places."""
    for (before, one), (after, two) in pairwise(enumerate(frames)):
        if _joinable(one.span, two.span):
            yield two.span.start - one.span.end, before, after
