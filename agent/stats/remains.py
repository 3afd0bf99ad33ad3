"""What a life left in the ring and not in the store: the seconds between its last window and its end.

A process that is killed loses the window in progress, but the ring stays (it lies in memory, for as long
as the boot). Its polls become windows of their own time: gauges and counters, in the ring's float32.
Histograms and top values are no numbers of a tick, so they are not in it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from agent.stats.clocks import Clock
from agent.stats.frame import Frame, Span
from agent.stats.ringfile import Snapshot
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

SLACK = 0.05
"""Seconds after the end of a window in which a poll is still taken to be in it."""

BEFORE = 64
"""Polls before the first that are looked at for when a counter was read last: its increase is since then."""

MOST = 8
"""Windows that are made at most; of a longer time they are longer."""

Poll = tuple[float, dict[Series, float]]


class Kept(NamedTuple):
    """The polls of one window, from `start` to `end` on the boot clock."""

    start: float
    end: float
    polls: list[Poll]


def remains(ring: Snapshot, since: float, longest: float, span: float, clock: Clock) -> tuple[Frame, ...]:
    """The windows of what is in a ring after `since`.

    Args:
        ring: of the boot that `clock` is of; any other has nothing.
        since: when the newest window that is kept ended, in s on the boot clock; 0 for none.
        longest: seconds between two polls that were watched, at most.
        span: seconds of a window, at least.
        clock: by which the windows are dated.
    """
    times = ring.times
    first = bisect_right(times, since + SLACK)
    if ring.boot != clock.boot or first == len(times):
        return ()
    start = since if since > 0 else max(0.0, times[first] - longest / 2)
    begin = max(0, first - BEFORE)
    polls = [(at, values) for _, at, values in ring.rows_from(ring.end - len(times) + begin)]
    width = max(span, (times[-1] - start) / MOST)
    last = _last_read(polls[: first - begin])
    return tuple(_frame(kept, last, longest, clock) for kept in _cut(polls[first - begin :], start, width))


def _last_read(polls: Iterable[Poll]) -> dict[Series, float]:
    """When each series was read last."""
    return {series: at for at, values in polls for series in values}


def _cut(polls: list[Poll], start: float, width: float) -> Iterator[Kept]:
    """The polls by windows of this width; the last ends with the last poll."""
    mine: list[Poll] = []
    for at, values in polls:
        if mine and at > start + width:
            yield Kept(start, mine[-1][0], mine)
            start, mine = mine[-1][0], []
        mine.append((at, values))
    yield Kept(start, mine[-1][0], mine)


def _frame(kept: Kept, last: dict[Series, float], longest: float, clock: Clock) -> Frame:
    """One window; `last` follows when each series was read."""
    found: dict[Series, Summary] = {}
    read: dict[Series, list[tuple[float, float]]] = {}
    for at, values in kept.polls:
        for series, value in values.items():
            read.setdefault(series, []).append((at, value))
    for series, pairs in read.items():
        if series.kind == "counter":
            found[series] = _counter(pairs, last.get(series, kept.start))
        else:
            found[series] = _gauge([value for _, value in pairs])
        last[series] = pairs[-1][0]
    steps = pairwise([kept.start, *(at for at, _ in kept.polls)])
    covered = sum(min(after - before, longest) for before, after in steps)
    return Frame(Span(clock.boot, kept.start, kept.end, covered, clock.offset, clock.quality), found)


def _gauge(values: list[float]) -> Gauge:
    return Gauge(len(values), sum(values), min(values), max(values), values[-1])


def _counter(pairs: list[tuple[float, float]], before: float) -> Counter:
    """The sum of increases, and the highest of them a second."""
    rate = 0.0
    for at, amount in pairs:
        rate = max(rate, amount / (at - before)) if at > before else rate
        before = at
    return Counter(len(pairs), sum(amount for _, amount in pairs), rate, 0)
