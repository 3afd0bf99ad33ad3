"""When a window begins and ends: aligned to the wall clock in UTC, timed on the boot clock."""

from __future__ import annotations

import math

from agent.stats.frame import MAX_STEP, Span

STEP = MAX_STEP
"""Seconds of a jump of the wall clock that end a window; its frames would not be joined anyway."""


class Watch:
    """The window in progress. The wall clock aligns its end; a step of it ends the window at once."""

    def __init__(self, boot: str, span: float) -> None:
        """`boot` is the boot id, `span` the length of a window in s."""
        self._boot = boot
        self._span = span
        self._start = 0.0
        self._offset = 0.0
        self._covered = 0.0
        self._end = 0.0

    def begin(self, now: float, wall: float) -> None:
        """Start a window at `now` on the boot clock, when the wall clock shows `wall` (both s)."""
        self._start, self._offset, self._covered = now, wall - now, 0.0
        left = self._span - math.fmod(wall, self._span)
        # A window that would be a sliver (a timer that fired a little early) joins the next one.
        self._end = now + (left if left > 0.05 * self._span else left + self._span)

    def watched(self, seconds: float) -> None:
        """A tick was taken that stands for so many seconds."""
        self._covered += seconds

    def due(self) -> float:
        """When the window ends, on the boot clock in s."""
        return self._end

    def stepped(self, now: float, wall: float) -> bool:
        """Whether the wall clock has jumped by more than a second since the window began."""
        return abs(wall - now - self._offset) > STEP

    def end(self, now: float, quality: str) -> Span:
        """The span of the window that ends now."""
        covered = min(self._covered, now - self._start)
        return Span(self._boot, self._start, now, covered, self._offset, quality)
