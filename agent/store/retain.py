"""What ends: rows past their stream's age, and what goes when there is no room.

By age, a confirmed row is deleted and an unconfirmed one becomes a tombstone ("expired"). At a limit of
its own, a stream lets its oldest go ("limit"), or does not take what is new. For the store's size, in
this order, each oldest first:

    confirmed rows                are deleted, streams of the lowest priority first
    of each priority, upwards     what is new of a stream that drops its newest is not kept ("full"), or
                                  unconfirmed data become tombstones ("full")
    old data of such streams      likewise
    tombstones                    go (a sink that misses those numbers asks, and is told "expired" or
                                  "unknown")
    what is new                   is not kept ("full"), of the lowest priority first

Oldest means the oldest life, and within it the earliest end. Streams of one priority go together. The
newest row of each stream of the newest epoch stays whatever happens: `next` is known by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from agent.ship.records import STREAMS
from agent.store.layout import MAX_LIFE, Head, place
from agent.store.rows import Rows
from agent.store.sizing import ROW, Policy

# Rows of a stream that a flush looks at, at most, for their age.
LOOKS = 128
CONFIRMED, DATA, TOMBSTONE = "confirmed = 1", "reason IS NULL", "reason IS NOT NULL"

Policies = Mapping[str, Policy]


class Retention:
    """Where each stream's search for old rows goes on."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._cursors: dict[str, int] = {}

    def age(self, rows: Rows, now: float, until: int) -> None:
        """End what is older than the limit, while the log frames spent are below `until`.

        A row that ended after `now` was made by a clock that was wrong: it is passed over.
        """
        for stream in STREAMS:
            most = self._policies[stream].max_age
            begin, stop = place(stream, 0, 0), place(stream, MAX_LIFE, 0)
            cursor = self._cursors.get(stream, begin)
            for _ in range(LOOKS):
                found = rows.heads(cursor, stop, 1)
                if not found or now - most < found[0].end <= now:
                    cursor = begin
                    break
                if rows.spent >= until:
                    break
                self._end(rows, found[0], now)
                cursor = found[0].place + found[0].last - found[0].first + 1
            self._cursors[stream] = cursor

    def _end(self, rows: Rows, head: Head, now: float) -> None:
        """End one old row, if it is one that ends."""
        if head.end > now or rows.newest(head):
            return
        if head.confirmed:
            rows.delete(head, "age")
        elif head.reason is None:
            rows.bury(head, "expired")


def keep_limits(rows: Rows, policies: Policies, coming: Mapping[str, int], until: int) -> frozenset[str]:
    """Hold each stream to its own size, with contents of so many bytes coming, while the log frames spent
    are below `until`. Returns the streams whose new content is not to be kept."""
    refused = set()
    for stream, policy in policies.items():
        enough = policy.max_size - (ROW + coming[stream] if stream in coming else 0)
        if rows.sizes[stream] <= enough:
            continue
        if policy.at_limit == "drop_newest" and stream in coming:
            refused.add(stream)
            continue
        for condition in (CONFIRMED, DATA):
            _drop(rows, [stream], condition, "limit", lambda: rows.sizes[stream] > enough, until)  # noqa: B023
    return frozenset(refused)


def make_room(
    rows: Rows, policies: Policies, coming: Mapping[str, int], pages: int, until: int
) -> frozenset[str]:
    """Drop until `pages` hold all, with contents of so many pages coming, while the log frames spent are
    below `until`. Returns the streams whose new content is not to be kept."""
    refused: set[str] = set()

    def lacking() -> bool:
        return rows.used() + sum(n for stream, n in coming.items() if stream not in refused) > pages

    groups = list(_by_priority(policies))
    for group in groups:
        _drop(rows, group, CONFIRMED, "space", lacking, until)
    for group in groups:
        holding = [stream for stream in group if policies[stream].at_limit == "drop_newest"]
        for stream in holding:
            if stream in coming and lacking():
                refused.add(stream)
        _drop(rows, [stream for stream in group if stream not in holding], DATA, "full", lacking, until)
        _drop(rows, holding, DATA, "full", lacking, until)
    _drop(rows, list(STREAMS), TOMBSTONE, "space", lacking, until)
    for group in groups:
        for stream in group:
            if stream in coming and lacking():
                refused.add(stream)
    return frozenset(refused)


def _by_priority(policies: Policies) -> Iterator[list[str]]:
    """The streams of each priority, the lowest first."""
    ordered = sorted(policies, key=lambda stream: policies[stream].priority)
    for _, group in groupby(ordered, key=lambda stream: policies[stream].priority):
        yield list(group)


def _drop(
    rows: Rows, streams: list[str], condition: str, why: str, lacking: Callable[[], bool], until: int
) -> None:
    """Let the oldest rows go for which `condition` holds, as long as space is lacking."""
    starts = {stream: place(stream, 0, 0) for stream in streams}
    while lacking() and rows.spent < until:
        head = _oldest(rows, condition, starts)
        if head is None:
            return
        starts[head.stream] = head.place
        if head.reason is None and not head.confirmed:
            rows.bury(head, why)
        else:
            rows.delete(head, why)


def _oldest(rows: Rows, condition: str, starts: dict[str, int]) -> Head | None:
    """The oldest row of these streams for which `condition` holds and which may go."""
    found = (rows.matching(condition, start, place(stream, MAX_LIFE, 0)) for stream, start in starts.items())
    may_go = [head for head in found if head is not None and not rows.newest(head)]
    return min(may_go, key=lambda head: (head.life, head.end), default=None)
