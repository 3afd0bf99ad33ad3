"""A frame: the windows of many series over one span, and where that span lies in time.

A record's content is a tuple of frames; neighbouring frames merge into one unless the wall clock
stepped between them or the boot differs. Events (things that happened once) ride along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent.stats.window import Summary, merge
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

MAX_STEP = 1.0
"""Seconds by which the offsets of two frames may differ and the frames still be joined."""


def _joinable(a: Span, b: Span) -> bool:
    """Whether the wall clock went on undisturbed from `a` to `b`."""
    return a.boot == b.boot and a.quality == b.quality and abs(a.offset - b.offset) <= MAX_STEP


def _joined(a: Frame, b: Frame) -> Frame:
    """One frame of two neighbours, `b` the later."""
    windows = dict(a.windows)
    for series, summary in b.windows.items():
        before = windows.get(series)
        windows[series] = summary if before is None else merge(before, summary)
    one, two = a.span, b.span
    span = two._replace(
        start=min(one.start, two.start), end=max(one.end, two.end), covered=one.covered + two.covered
    )
    return Frame(span, windows)


def merge_contents(a: Content, b: Content) -> Content:
    """The content of two records, `b` the later: neighbouring frames become one where they may.

    Frames stay in the order in which they were recorded, which is the boot clock's. They are kept
    apart where the boot or the quality differs or the wall clock stepped: no window merges across
    a step. A clock that is slewed by more than `MAX_STEP` between two neighbours keeps them apart
    too; how finely then depends on the order of merging, what they add up to does not.

    Raises:
        TypeError: a series has summaries of different kinds in the two.
    """
    frames: list[Frame] = []
    for frame in (*a.frames, *b.frames):
        if frames and _joinable(frames[-1].span, frame.span):
            frames[-1] = _joined(frames[-1], frame)
        else:
            frames.append(frame)
    events = a.events + b.events
    dropped = a.dropped + b.dropped + max(0, len(events) - MAX_EVENTS)
    return Content(tuple(frames), events[:MAX_EVENTS], dropped)
