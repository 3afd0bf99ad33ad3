"""The ring that a former life of this boot left, and what of it the store lacks: found once, at the start.

What is in the store is known twice: by the store's newest window, and by the ring itself, which is told of
each flush (`Ring.kept`). So neither a store that was put back from a copy, nor one that was begun anew, has
seconds twice that were shipped before.
"""

from __future__ import annotations

from pathlib import Path

from agent.stats.clocks import Clock
from agent.stats.frame import Content, Frame
from agent.stats.remains import remains
from agent.stats.ring import Ring
from agent.stats.ringfile import RingError, Snapshot


class Leftover:
    """What `take` gives once: then the copy of the ring is let go. `ring` is that of this life, None where
    there is none."""

    def __init__(self, path: Path, boot: str, longest: float, span: float) -> None:
        """`longest` and `span` as for `remains`. Read before this life's own ring is opened at `path`."""
        self._longest, self._span = longest, span
        self.ring: Ring | None = None
        self._left: Snapshot | None = None
        try:
            ring = Ring.view(path)
        except (OSError, RingError):
            # None is there, or none that can be read: the ring's own opening says so.
            return
        if ring.boot == boot:
            self._left = ring

    def take(self, stored: float, clock: Clock) -> tuple[Frame, ...]:
        """The windows that are not stored; `stored` is when the store's newest of this boot ended (s on the
        boot clock), 0 for none."""
        left, self._left = self._left, None
        if left is None:
            return ()
        return remains(left, max(stored, left.kept), self._longest, self._span, clock)

    def kept(self, windows: Content, boot: str) -> None:
        """Tell the ring that these windows are in the store; called in another thread than the ring's."""
        ends = [frame.span.end for frame in windows.frames if frame.span.boot == boot]
        if self.ring is not None and ends:
            self.ring.kept = max(ends)
