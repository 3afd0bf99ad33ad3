"""What ends: rows past `max_age`, and the oldest when merging cannot make room any more.

By age, a confirmed row is deleted and an unconfirmed one becomes a tombstone ("expired"). For size,
in this order, each oldest first: confirmed rows are deleted; unconfirmed data become tombstones
("full"); at the very last, tombstones go (a sink that misses those numbers asks, and is told
"expired" or "unknown"). Oldest means the oldest life, and within it the earliest end.

The newest row of each stream of the newest epoch stays whatever happens: `next` is known by it.
"""

from __future__ import annotations

from agent.ship.records import STREAMS
from agent.store.layout import MAX_LIFE, Head, place
from agent.store.rows import Rows

# Rows of a stream that a flush looks at, at most, for their age.
LOOKS = 128


class Retention:
    """Where each stream's search for old rows goes on."""

    def __init__(self, max_age: float) -> None:
        self._max_age = max_age
        self._cursors: dict[str, int] = {}

    def age(self, rows: Rows, now: float, until: int) -> None:
        """End what is older than the limit, while the log frames spent are below `until`.

        A row that ended after `now` was made by a clock that was wrong: it is passed over.
        """
        for stream in STREAMS:
            begin, stop = place(stream, 0, 0), place(stream, MAX_LIFE, 0)
            cursor = self._cursors.get(stream, begin)
            for _ in range(LOOKS):
                found = rows.heads(cursor, stop, 1)
                if not found or now - self._max_age < found[0].end <= now:
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
            rows.remove(head)
            rows.counts["deleted"] += 1
        elif head.reason is None:
            rows.bury(head, "expired")


def make_room(rows: Rows, enough: int, until: int) -> bool:
    """Drop the oldest until at most `enough` pages are used; False if that cannot be done while the
    log frames spent are below `until`."""
    for condition in ("confirmed = 1", "reason IS NULL", "reason IS NOT NULL"):
        starts = {stream: place(stream, 0, 0) for stream in STREAMS}
        while rows.used() > enough:
            if rows.spent >= until:
                return False
            head = _oldest(rows, condition, starts)
            if head is None:
                break
            starts[head.stream] = head.place
            if head.reason is None and not head.confirmed:
                rows.bury(head, "full")
            else:
                rows.remove(head)
                rows.counts["deleted"] += 1
    return rows.used() <= enough


def _oldest(rows: Rows, condition: str, starts: dict[str, int]) -> Head | None:
    """The oldest row of all streams for which `condition` holds and which may go."""
    found = (rows.matching(condition, start, place(stream, MAX_LIFE, 0)) for stream, start in starts.items())
    may_go = [head for head in found if head is not None and not rows.newest(head)]
    return min(may_go, key=lambda head: (head.life, head.end), default=None)
