"""Which endpoint is asked next, where one thread asks all of them in turn."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

SHARE = 2
"""An endpoint that keeps the thread for long is asked so seldom that all together keep it for 1 / `SHARE` of
the time at most."""


class Schedule:
    """When each endpoint is due. Of those that are due the quickest goes first: one that hangs makes no other
    wait for more than its own time-out, and its next turn comes the later the longer it took."""

    def __init__(self, intervals: Mapping[str, float], now: float) -> None:
        """`intervals`, at least one, and `now` in s of a clock that only goes forward."""
        self._intervals = dict(intervals)
        self._due = dict.fromkeys(intervals, now)
        self._took = dict.fromkeys(intervals, inf)

    def next(self, now: float) -> tuple[str, float]:
        """Who is next, and in how many s; 0 where that is now."""
        late = [name for name, due in self._due.items() if due <= now]
        if late:
            return min(late, key=lambda name: (self._took[name], self._due[name])), 0.0
        name = min(self._due, key=lambda name: self._due[name])
        return name, self._due[name] - now

    def asked(self, name: str, began: float, took: float) -> None:
        """It was asked at `began`, which took so many s."""
        self._took[name] = took
        self._due[name] = began + max(self._intervals[name], took * SHARE * len(self._due))
