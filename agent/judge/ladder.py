"""Steps up while a value is past its limit, steps down once it has long been well below. Pure.

    0 --past the limit for `past` s--> 1 --still past, `settle` s later--> 2 ...
      <--------below `EASY` of the limit for `calm` s, a step each-----------

Between the two bounds nothing moves. A step down that had to be taken back within its own calm doubles
the calm, at most to `longest` s: what a lower step cannot hold is tried ever more seldom, never in turns.
"""

from __future__ import annotations

from typing import NamedTuple

EASY = 0.7


class Pace(NamedTuple):
    """Seconds past a limit before the first step, between two steps up, and of calm before one down."""

    past: float = 30.0
    settle: float = 60.0
    calm: float = 300.0
    longest: float = 14_400.0


class Ladder:
    """The step that one limit asks for; `calm` is how long a calm ends the next one, in s."""

    __slots__ = ("_below", "_eased", "_pace", "_past", "_raised", "calm", "limit", "step")

    def __init__(self, limit: float, pace: Pace) -> None:
        """`limit` in the unit of the values."""
        self.limit = limit
        self.step = 0
        self.calm = pace.calm
        self._pace = pace
        self._past: float | None = None
        self._below: float | None = None
        self._raised = self._eased = float("-inf")

    def look(self, now: float, value: float | None, highest: int) -> int:
        """What a value at `now` (s, any clock that only goes forward) changes: +1, -1 or 0 steps.

        None is a value that could not be read: nothing is known then, and nothing moves. Nobody goes above
        the `highest` step.
        """
        if value is not None and value > self.limit:
            self._below = None
            self._past = now if self._past is None else self._past
            return self._up(now) if self.step < highest else 0
        self._past = None
        if value is None or value >= EASY * self.limit or not self.step:
            self._below = None
            return 0
        self._below = now if self._below is None else self._below
        return self._down(now)

    def _up(self, now: float) -> int:
        past = now if self._past is None else self._past
        if now - past < self._pace.past or now - self._raised < self._pace.settle:
            return 0
        if now - self._eased <= self.calm:
            self.calm = min(2 * self.calm, self._pace.longest)
        elif self.step == 0:
            self.calm = self._pace.calm
        self._raised = now
        self.step += 1
        return 1

    def _down(self, now: float) -> int:
        if self._below is None or now - self._below < self.calm:
            return 0
        self._below = self._eased = now
        self.step -= 1
        return -1
