"""The wall clock between two flushes: nothing is old by one that has just leapt."""

from __future__ import annotations

LEAP = 3600.0
"""A jump between two flushes that is not believed at once, in s."""


class WallClock:
    """`last` is what it showed at the last commit, or when the newest row ended, in s; None if neither is."""

    def __init__(self, last: float | None, now: float, settle: int) -> None:
        """After a leap, so many flushes (`settle`) go by before it is believed."""
        self.last = last
        self._settle = settle
        self._unsettled = 0
        self.settled(now, counts=False)

    def settled(self, now: float, *, counts: bool) -> bool:
        """Whether ages may be judged by `now`: not for a while after a leap. That goes by with flushes that
        count: those of this life, while the clock is trusted."""
        if self.last is not None and abs(now - self.last) > LEAP:
            self._unsettled = self._settle
            self.last = now
        elif self._unsettled and counts:
            self._unsettled -= 1
        return not self._unsettled
