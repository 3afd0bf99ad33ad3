"""The windows that are not in the store yet: those that end now, and those that came late.

The first wait in a bounded number: beyond it neighbours are merged, so that coverage stays whole while
resolution falls, as in the store itself. The late ones keep their own time and are merged only where they
adjoin, or beyond `MAX_FRAMES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.ledger import Entry
from agent.stats.frame import Content, Frame, bounded, merge_contents
from collectors.tally import Tally

LATE = 86400.0
"""Seconds by which a window may be late."""

AHEAD = 60.0
"""Seconds by which a late window may end after now: another host's clock wrote its times."""


class Waiting:
    """What the next flush takes."""

    def __init__(self, tally: Tally, enter: Callable[[Entry], None]) -> None:
        """`enter` writes into the ledger what was lost or made coarser."""
        self._tally = tally
        self._enter = enter
        self._live: tuple[Frame, ...] = ()
        self._late = Content()

    @property
    def content(self) -> Content:
        """All that waits."""
        return Content((*self._late.frames, *self._live))

    def take(self, frame: Frame, most: int) -> None:
        """A window that ended; at most so many wait, beside the late ones."""
        if frame.windows:
            self._live = (*self._live, frame)
        if len(self._live) > most:
            self._make_room(most)

    def take_late(self, frames: Iterable[Frame], now: float) -> None:
        """Windows of another time, `now` in wall s; what is more than a day late, or not yet, is refused."""
        for frame in frames:
            end = frame.span.wall[1]
            if not frame.windows:
                continue
            if not now - LATE <= end <= now + AHEAD:
                reason = "late" if end < now else "early"
                self._tally.add("outrider.windows.refused", reason=reason)
                self._tell("lost", (frame,), reason)
                continue
            self._late, joined = bounded(merge_contents(self._late, Content((frame,))))
            if joined:
                self._tally.add("outrider.windows.coarsened", joined)
                self._tell("merged", (frame,), "late")

    def written(self) -> None:
        """All of it is in the store."""
        self._live, self._late = (), Content()

    def _make_room(self, most: int) -> None:
        """Merge what waits; frames with a step of the clock between each cannot, and the oldest go."""
        before = self._live
        coarser, _ = bounded(Content(before), max(1, most // 2))
        self._live, dropped = coarser.frames[-most:], coarser.frames[:-most]
        if dropped:
            self._tally.add("outrider.windows.dropped", len(dropped))
            self._tell("lost", dropped, "unwritten")
        self._tally.add("outrider.windows.coarsened")
        self._tell("merged", before, "unwritten")

    def _tell(self, what: str, frames: tuple[Frame, ...], reason: str) -> None:
        """What happened to windows in memory, and why."""
        self._enter(Entry(what, "windows", reason, "writer", len(frames), span=Content(frames).wall))
