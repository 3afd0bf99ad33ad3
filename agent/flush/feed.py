"""What other threads hand over for a window that ends: windows of now and of other times, and what belongs
to them in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from agent.stats.frame import Frame, Span
from agent.stats.window import Counter, Summary
from collectors.api import Attributes, Series

SLIVER = 1.0
"""Seconds of windows that begin so shortly before the end of the live one: they were written in it."""
NOTHING: Mapping[str, bytes | None] = MappingProxyType({})
NONE: Mapping[Series, Summary] = MappingProxyType({})


class Dated(NamedTuple):
    """Windows whose time is that of their own source.

    Args:
        start, length: their span: s since 1970, and s.
        first: whether these are the first of that span, which is then covered by them.
        windows: by series.
    """

    start: float
    length: float
    first: bool
    windows: Mapping[Series, Summary]


class Said(NamedTuple):
    """Something that happened once: its stream ("events" or "samples"), and what an event has."""

    stream: str
    name: str
    text: str
    attributes: Attributes


class Fed(NamedTuple):
    """What a feed has made since it was asked last.

    Args:
        now: windows of the time since then.
        dated: windows of the times that their source tells.
        positions: where the source stands after all of them; None: there is no such any more.
        said: what happened.
    """

    now: Mapping[Series, Summary] = NONE
    dated: tuple[Dated, ...] = ()
    positions: Mapping[str, bytes | None] = NOTHING
    said: tuple[Said, ...] = ()


class Feed(Protocol):
    """A thread that makes windows by itself."""

    def gather(self, patience: float) -> Fed:
        """What it has made, within `patience` s: what is not ready then comes the next time. Called in the
        writer's thread."""
        ...


def placed(one: Dated, live: Span, until: float, since: float) -> Frame | None:
    """The frame of windows that another clock dated; None where they belong to the window `live`.

    They do if half of it, or of them, lies in the other, and if they begin at its end or after: a window that
    ends has no future. What live windows watched is not counted as covered twice: the time since `since`
    (wall clock, s), and of the span in which an earlier life ended at `until` what lies before.
    """
    start, end = live.wall
    last = min(end, one.start + one.length)
    if one.start > end - SLIVER or last - max(start, one.start) >= 0.5 * min(one.length, end - start):
        return None
    begin = until if one.start < until < last else one.start
    covered = max(0.0, min(last, since) - begin) if one.first else 0.0
    span = Span(live.boot, one.start - live.offset, last - live.offset, covered, live.offset, live.quality)
    return Frame(span, rated(one.windows, one.length))


def rated(windows: Mapping[Series, Summary], seconds: float) -> Mapping[Series, Summary]:
    """Windows that were summed up by a clock of their own, as those of so many s: what a counter grew by in
    them came at no lower rate."""
    return {
        series: summary._replace(rate=max(summary.rate, summary.delta / seconds))
        if isinstance(summary, Counter) and seconds > 0
        else summary
        for series, summary in windows.items()
    }
