"""Which series of logs are kept: those that the configuration picks, and at most so many."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.logs.windows import Windows
from agent.stats.window import Summary
from collectors.api import Series
from collectors.selection import Selection

QUIET = 10
"""Hand-overs after which a series that did not come makes room for another."""
NAMED = 4096
"""Series left out, or refused, that are told apart; both counts stop there."""


class Admission:
    """Picks from windows, and counts what is not taken.

    A series that was let in stays in until it was quiet for `QUIET` hand-overs. Where the room shrinks, those
    that came last go first.

    Args:
        selection: what the configuration picks.
        room: how many series there is room for now.
    """

    def __init__(self, selection: Selection, room: Callable[[], int]) -> None:
        self._selection, self._room = selection, room
        self._kept: dict[Series, int] = {}
        self._excluded: dict[Series, int] = {}
        self._refused: set[Series] = set()
        self._turn = 0

    @property
    def kept(self) -> int:
        """Series that are kept now."""
        return len(self._kept)

    @property
    def excluded(self) -> int:
        """Series that the configuration left out lately."""
        return len(self._excluded)

    @property
    def refused(self) -> int:
        """Distinct series that were refused for want of room."""
        return len(self._refused)

    def take(self, windows: Mapping[Series, Summary]) -> Windows:
        """The windows of those series that are kept."""
        return {series: summary for series, summary in windows.items() if self.takes(series)}

    def takes(self, series: Series) -> bool:
        """Whether this series is kept; where there is room, it is from now on."""
        if series not in self._kept:
            if series in self._excluded or not self._selection.takes(series):
                if series in self._excluded or len(self._excluded) < NAMED:
                    self._excluded[series] = self._turn
                return False
            if len(self._kept) >= self._room():
                if len(self._refused) < NAMED:
                    self._refused.add(series)
                return False
        self._kept[series] = self._turn
        return True

    def hand_over(self) -> None:
        """Windows were handed over: what was quiet for long makes room."""
        self._turn += 1
        for known in (self._kept, self._excluded):
            for series in [series for series, turn in known.items() if turn + QUIET < self._turn]:
                del known[series]
        while len(self._kept) > max(self._room(), 0):
            self._kept.popitem()
