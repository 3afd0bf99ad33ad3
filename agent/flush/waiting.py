"""The windows that are not in the store yet: those that end now, and those that came late.

The first wait in a bounded number: beyond it neighbours are merged, so that coverage stays whole while
resolution falls, as in the store itself. The late ones keep their own time: those of one time are merged, and
others only beyond `MAX_FRAMES`, or where all that waits would be too large for one record.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from agent.ledger import Entry
from agent.ship.records import Row
from agent.stats.frame import MAX_FRAMES, MAX_STEP, Content, Frame, Span, bounded, merge_contents
from agent.store.codec import pack
from collectors.tally import Tally

WAITING = 16
"""Windows that wait at most, beside the late ones."""

TIGHT = 4
"""The same while memory is short."""

FULL = 0.8
"""Of the largest record that the store takes, what windows that wait may fill."""

LATE = 86400.0
"""Seconds by which a window may be late."""

AHEAD = 60.0
"""Seconds by which a late window may end after now: another host's clock wrote its times."""


class Waiting:
    """What the next flush takes; `tight` while memory is short."""

    def __init__(self, tally: Tally, enter: Callable[[Entry], None]) -> None:
        """`enter` writes into the ledger what was lost or made coarser."""
        self._tally = tally
        self._enter = enter
        self._live: tuple[Frame, ...] = ()
        self._late = Content()
        self._frame_size = 0.0
        self.tight = False

    @property
    def content(self) -> Content:
        """All that waits."""
        return Content((*self._late.frames, *self._live))

    def take(self, frame: Frame, room: int, budget: int = WAITING) -> None:
        """A window that ended; at most so many wait, beside the late ones: what there is `room` for, and no
        more than the `budget` of writes allows."""
        if frame.windows:
            self._live = (*self._live, frame)
        if len(self._live) > min(room, budget):
            self._make_room(room, budget)

    def take_late(self, frames: Iterable[Frame], now: float, largest: int | None = None) -> None:
        """Windows of another time, `now` in wall s; what is more than a day late, or not yet, is refused.

        `largest` is the size of the record that all of it goes into, in bytes (None: any).
        """
        came = False
        for frame in frames:
            end = frame.span.wall[1]
            if not frame.windows:
                continue
            if not now - LATE <= end <= now + AHEAD:
                reason = "late" if end < now else "early"
                self._tally.add("outrider.windows.refused", reason=reason)
                self._tell("lost", (frame,), reason)
                continue
            came = True
            self._late = _added(self._late, frame)
            self._join_late(MAX_FRAMES)
        if came and largest is not None:
            self._fit(FULL * largest)

    def room(self, largest: int | None) -> int:
        """How many windows may wait: they go into one record, of at most `largest` bytes (None: any)."""
        most = TIGHT if self.tight else WAITING
        if not self._frame_size or largest is None:
            return most
        return max(1, min(most, int(FULL * largest / self._frame_size)))

    def written(self, added: Iterable[Row] = ()) -> None:
        """All of it is in the store, in the last of these rows."""
        sizes = [row.size for row in added if row.key.stream == "windows" and row.tombstone is None]
        if self.content.frames and sizes:
            self._frame_size = sizes[-1] / len(self.content.frames)
        self._live, self._late = (), Content()

    def _fit(self, room: float) -> None:
        """Join late windows, the oldest first, until what waits is packed in `room` bytes, or one is left."""
        while (most := len(self._late.frames) - 1) > 0 and (size := _packed(self.content)) > room:
            before = self._late
            self._join_late(max(1, min(most, int(len(before.frames) * room / size))))
            if self._late is before:
                break

    def _join_late(self, most: int) -> None:
        """At most so many late windows, as far as they may be joined."""
        before = self._late.frames
        self._late, joined = bounded(self._late, most)
        if joined:
            self._tally.add("outrider.windows.coarsened", joined)
            self._enter(Entry("merged", "windows", "late", "writer", joined, span=Content(before).wall))

    def _make_room(self, room: int, budget: int) -> None:
        """Merge what waits. Frames with a step of the clock between each cannot be: where there is no room
        for them the oldest go, but none goes for the budget."""
        before, reason = self._live, "budget" if budget < room else "unwritten"
        coarser, _ = bounded(Content(before), max(1, min(room, budget) // 2))
        self._live, dropped = coarser.frames[-room:], coarser.frames[:-room]
        if dropped:
            self._tally.add("outrider.windows.dropped", len(dropped))
            self._tell("lost", dropped, "unwritten")
        self._tally.add("outrider.windows.coarsened")
        self._tell("merged", before, reason)

    def _tell(self, what: str, frames: tuple[Frame, ...], reason: str) -> None:
        """What happened to windows in memory, and why."""
        self._enter(Entry(what, "windows", reason, "writer", len(frames), span=Content(frames).wall))


def _packed(content: Content) -> float:
    """Bytes of a content as the store has it; of one that no reader would take, infinitely many."""
    try:
        return len(pack(content))
    except ValueError:
        return math.inf


def _added(late: Content, frame: Frame) -> Content:
    """These late windows and one more: in the frame of its time, if there is one."""
    for at, each in enumerate(late.frames):
        if _of_one_time(each.span, frame.span):
            joined = merge_contents(Content((each,)), Content((frame,))).frames
            return Content((*late.frames[:at], *joined, *late.frames[at + 1 :]))
    return Content(tuple(sorted((*late.frames, frame), key=lambda each: (each.span.boot, each.span.start))))


def _of_one_time(one: Span, two: Span) -> bool:
    """Whether two late spans are the same, on one clock."""
    return (
        one.boot == two.boot
        and one.quality == two.quality
        and max(abs(a - b) for a, b in zip(one.wall, two.wall, strict=True)) <= MAX_STEP
    )
