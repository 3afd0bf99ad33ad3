"""Merging: aligned halves into blocks, by age in tiers, and further while space is short.

Each tier (length, age) has a cursor a stream that goes forward through the lives: it stops at the
first block that is not yet old, or not yet complete, and never comes back. So a flush looks at one
block a tier, and a tier of long blocks finds the shorter ones already merged.

While more is stored than there is room for, `pressure` rises by one and halves all ages; the tiers
then go on beyond the configured ones, each eight times as long and as old as the one before. So the
oldest is always the coarsest, and resolution falls everywhere a little rather than somewhere a lot.

Events are merged too, as long as one record holds them all: that is lossless, and saves rows. Samples
never are: what they are kept for is that they are raw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import NamedTuple

from agent.ship.records import Key
from agent.stats.frame import bounded, merge_contents
from agent.store import codec
from agent.store.errors import CorruptRow
from agent.store.layout import MAX_LIFE, OVERFLOW, Head, place
from agent.store.rows import ADDITION, REMOVAL, Rows

# A year of age halved so often is a second.
MOST_PRESSURE = 25
LONGEST = 1 << 22
STEP = 8
DEFAULT_TIER = (8, 21_600.0)
# Work a flush does at most: merges, and blocks looked at. A merge takes at most so many rows at once.
MERGES, LOOKS, AT_ONCE = 64, 1024, 16
MERGED = ("windows", "events", "alerts")


class Budget:
    """What merging may still do in this flush: merges, looks, and `frames` of the log, of which one
    merge never takes more than all; all merges together take `most`, where that is less. `why` is the reason
    that merges are accounted under."""

    __slots__ = ("frames", "looks", "merges", "until", "why")

    def __init__(self, rows: Rows, frames: int, most: int = 1 << 62) -> None:
        self.frames = frames
        self.until = rows.spent + min(frames, most)
        self.merges = MERGES
        self.looks = LOOKS
        self.why = "age"

    def left(self) -> bool:
        """Whether anything may still be done."""
        return self.merges > 0 and self.looks > 0

    def affords(self, rows: Rows, cost: int) -> bool:
        """Whether one more merge of `cost` frames may be done. If not, no other either: in the next
        flush this one comes first."""
        self.merges = self.merges - 1 if rows.spent + cost <= self.until else 0
        return self.merges > 0


class Room(NamedTuple):
    """What merging is to come to: at most so many pages in use, and so many bytes of windows."""

    pages: int
    size: int = 1 << 62

    def lacking(self, rows: Rows) -> bool:
        """Whether more is used."""
        return rows.used() > self.pages or rows.sizes["windows"] > self.size

    def ample(self, rows: Rows) -> bool:
        """Whether much less is used."""
        return rows.used() < self.pages * 3 // 4 and rows.sizes["windows"] < self.size * 3 // 4


class Age(NamedTuple):
    """Which rows are old: those that ended by `horizon`; after `now` too, if `future`."""

    horizon: float
    now: float
    future: bool

    def old(self, head: Head) -> bool:
        """A row from the future is a clock that was wrong: it is old only when space is short."""
        return head.end <= self.horizon or (self.future and head.end > self.now)


class Coarsener:
    """The cursors of all tiers and the pressure; both begin anew with each open."""

    def __init__(self, tiers: tuple[tuple[int, float], ...], largest: int) -> None:
        self._tiers = tiers
        self._further = _further(tiers or (DEFAULT_TIER,))
        self._largest = largest
        self._cursors: dict[tuple[int, str], int] = {}
        self.pressure = 0

    def age(self, rows: Rows, now: float, budget: Budget) -> None:
        """Merge what the tiers ask for by now."""
        budget.why = "age"
        for length, age in self._tiers:
            self._tier(rows, length, Age(now - age, now, future=False), budget)

    def squeeze(self, rows: Rows, now: float, budget: Budget, room: Room) -> bool:
        """Merge further while room is lacking; whether more could be merged later."""
        budget.why = "space"
        if room.ample(rows):
            self.pressure = max(0, self.pressure - 1)
        while room.lacking(rows):
            if self._press(rows, now, budget, room):
                continue
            if not budget.left() or not room.lacking(rows):
                return True
            if self.pressure == MOST_PRESSURE:
                return False
            self.pressure += 1
        return True

    def join(self, rows: Rows, blocks: Iterable[Key], budget: Budget) -> None:
        """Merge the unconfirmed rows of each block, as far as they are halves of one another."""
        budget.why = "budget"
        for block in blocks:
            head = rows.within(block)
            while budget.left() and head and self._within(rows, head, block.last - block.first + 1, budget):
                head = rows.within(block)

    def reset(self) -> None:
        """Begin anew, after a transaction was undone: what the cursors passed may not be merged."""
        self._cursors.clear()

    def _press(self, rows: Rows, now: float, budget: Budget, room: Room) -> bool:
        """One round over all tiers at this pressure; whether anything was merged."""
        merges = budget.merges
        for length, age in self._further if self.pressure else self._tiers:
            self._tier(rows, length, Age(now - age / (1 << self.pressure), now, future=True), budget, room)
        return budget.merges < merges and budget.left()

    def _tier(self, rows: Rows, length: int, age: Age, budget: Budget, room: Room | None = None) -> None:
        for stream in MERGED:
            while budget.left() and (room is None or room.lacking(rows)):
                if not self._block(rows, length, stream, age, budget):
                    break

    def _block(self, rows: Rows, length: int, stream: str, age: Age, budget: Budget) -> bool:
        """Merge within the next block of `length`; False where the tier must wait."""
        budget.looks -= 1
        cursor = self._cursors.get((length, stream), place(stream, 0, 0))
        found = rows.heads(cursor, place(stream, MAX_LIFE, 0), 1)
        if not found:
            return False
        head = found[0]
        base = head.place - head.first % length
        end = base + length
        if head.last - head.first + 1 < length:
            newest = rows.before(end)
            if newest is None or not age.old(newest) or self._growing(rows, head, length):
                return False
            if self._within(rows, rows.heads(head.place, end), length, budget):
                return budget.left()
        self._cursors[length, stream] = max(end, head.place + head.last - head.first + 1)
        return True

    def _growing(self, rows: Rows, head: Head, length: int) -> bool:
        """Whether the block that `head` is in still gets numbers."""
        end = head.first - head.first % length + length
        return head.life == rows.lives.newest() and end > rows.lives.next.get(head.stream, 0)

    def _within(self, rows: Rows, heads: list[Head], length: int, budget: Budget) -> bool:
        """Merge what can be merged of these rows of one block; whether it must be looked at again."""
        again = False
        for group in halves(heads, length, lambda group: _guess(group) <= budget.frames):
            if len(group) > 1:
                again |= self._merge(rows, group, budget)
                if not budget.left():
                    return True
        return again

    def _merge(self, rows: Rows, group: list[Head], budget: Budget) -> bool:
        """Put one row in place of the group; whether anything changed."""
        contents = []
        for head in group:
            try:
                contents.append(rows.read(head))
            except CorruptRow:
                rows.bury(head, "corrupt")
                return True
        try:
            merged, joined = bounded(reduce(merge_contents, contents))
            body = codec.pack(merged)
        except ValueError:
            # More frames than one record may hold: the rows stay as fine as they are.
            return False
        if merged.dropped > sum(content.dropped for content in contents):
            return False
        cost = _cost(group, len(body))
        if len(body) > self._largest or cost > budget.frames or not budget.affords(rows, cost):
            return False
        for head in group:
            rows.remove(head)
            rows.note("merged", budget.why, head)
        key = rows.key(group[0])._replace(last=group[-1].last)
        span = min(head.start for head in group), max(head.end for head in group)
        rows.add(key, span, body, confirmed=all(head.confirmed for head in group))
        if joined:
            rows.note("joined", "crowded", group[0], joined)
        return True


def _cost(group: list[Head], size: int) -> int:
    """Log frames that merging this group into one row of `size` bytes writes at most."""
    return REMOVAL * len(group) + ADDITION + size // OVERFLOW


def _guess(group: list[Head]) -> int:
    """The cost before the merged size is known: little more than the largest, as series repeat."""
    return _cost(group, max(head.size or 0 for head in group) * 3 // 2)


def halves(heads: list[Head], length: int, affordable: Callable[[list[Head]], bool]) -> list[list[Head]]:
    """The rows of one aligned block, grouped into the largest blocks of at most `length` numbers that
    pairs of halves build from the bottom up; groups of at most AT_ONCE `affordable` rows."""
    groups: list[list[Head]] = []
    for head in heads:
        groups.append([head])
        while len(groups) > 1 and _pair(groups[-2], groups[-1], length):
            joined = groups[-2] + groups[-1]
            if len(joined) > AT_ONCE or not affordable(joined):
                break
            groups[-2:] = [joined]
    return groups


def _pair(left: list[Head], right: list[Head], length: int) -> bool:
    """Whether two groups are data and the two halves of one aligned block."""
    first, size = left[0].first, right[-1].last - right[0].first + 1
    return (
        left[0].reason is None
        and right[0].reason is None
        and 2 * size <= length
        and left[-1].last - first + 1 == size
        and first % (2 * size) == 0
        and right[0].first == first + size
    )


def _further(tiers: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
    """The tiers, and beyond them ever longer and older ones."""
    grown = list(tiers)
    while grown[-1][0] * STEP <= LONGEST:
        grown.append((grown[-1][0] * STEP, grown[-1][1] * STEP))
    return tuple(grown)
