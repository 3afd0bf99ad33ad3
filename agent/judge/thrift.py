"""When to write: a budget of bytes a day, kept by writing less often. Pure.

A bucket holds an eighth of the day's budget and fills with the other seven within a day: so no 24 hours see
more than the budget, and what is saved in a quiet hour is there for a busy one.

    more than half full    as usual
    below half, till 3/4   thrifty: no commit ahead of its time; merges for age once an hour, and only where
                           there is enough for a commit with them, but once a day
    less than one commit   thrifty: a commit waits until there is enough for it, at most an hour

The budget is of what this process writes; the count of the device, on which others write too, is only noted.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

DAY, HOUR = 86_400.0, 3_600.0
HELD = 1 / 8
"""What the bucket holds, of a day's budget."""

KEPT = "thrift"
"""The name under which the store keeps the budget's state."""

LOW, HIGH = 1 / 2, 3 / 4
LONGEST = HOUR
"""Seconds between two commits, at most."""

# The last commit's share in the mean of what one costs.
SHARE = 1 / 8
# The state is worth keeping when so much of a day's budget was spent since it was kept.
WORTH = 1 / 64
LARGEST = 4096


class Counted(NamedTuple):
    """Bytes written since some beginning: by this process, and to the device by anyone. None where there is
    no such count."""

    process: int | None
    device: int | None


class Thrift:
    """The budget, told what has been written; `a_day` bytes.

    `spent` and `device` are the bytes of the last 24 hours, `left` those that could be written now.
    """

    def __init__(self, a_day: float) -> None:
        self.a_day = a_day
        self.left = self._size = HELD * a_day
        self.thrifty = False
        self._rate = (1.0 - HELD) * a_day / DAY
        self._now: float | None = None
        self._before = Counted(None, None)
        self._committed = self._merged = -math.inf
        self._cost = self._merge_cost = 0.0
        self._merging = False
        self._kept: float | None = None
        self._gone = 0.0
        self._into = 0.0
        self._hours: list[list[int]] = [[0, 0]]

    @property
    def spent(self) -> int:
        """Bytes that this process wrote in the last 24 hours."""
        return sum(hour[0] for hour in self._hours)

    @property
    def device(self) -> int:
        """Bytes that the device was given in the last 24 hours, by anyone."""
        return sum(hour[1] for hour in self._hours)

    def restore(self, saved: bytes, wall: float) -> None:
        """Go on from what `state` gave before a restart; what is none of it begins anew."""
        try:
            left, at, into, hours = _loaded(saved)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return
        passed = min(max(0.0, wall - at), DAY)
        self.left = min(left, self._size)
        self._into, self._hours = into, hours
        self._pass(passed)

    def look(self, now: float, counted: Counted) -> Counted:
        """What was counted at `now` (boot clock, s); the first look is where the counting begins.

        Returns:
            The bytes since the look before.
        """
        if self._now is not None:
            self._pass(max(0.0, now - self._now))
        before, self._now, self._before = self._before, now, counted
        grown = Counted(_grown(before.process, counted.process), _grown(before.device, counted.device))
        self.left = max(self.left - (grown.process or 0), -self._size)
        self._gone += grown.process or 0
        self._hours[-1][0] += grown.process or 0
        self._hours[-1][1] += grown.device or 0
        self.thrifty = self.left < (HIGH if self.thrifty else LOW) * self._size
        return grown

    def may_hurry(self) -> bool:
        """Whether something may be committed ahead of its time."""
        return not self.thrifty

    def may_commit(self, now: float) -> bool:
        """Whether a commit is within the budget, or has waited long enough."""
        return self.left >= self._cost or now - self._committed >= LONGEST

    def may_merge(self, now: float) -> bool:
        """Whether the commit that comes now may merge for age."""
        waited = now - self._merged
        enough = self.left >= self._merge_cost
        self._merging = not self.thrifty or (waited >= LONGEST and enough) or waited >= DAY
        if self._merging:
            self._merged = now
        return self._merging

    def committed(self, now: float, cost: int) -> None:
        """A commit at `now` took so many bytes."""
        self._committed = now
        if self._merging:
            self._merge_cost += SHARE * (cost - self._merge_cost) if self._merge_cost else cost
        if not self._merging or not self._cost or cost < self._cost:
            self._cost += SHARE * (cost - self._cost) if self._cost else cost

    def wait(self) -> float:
        """Seconds until the next commit is within the budget; 0 if it is now."""
        return min(max(0.0, (self._cost - self.left) / self._rate), LONGEST)

    def state(self, wall: float, *, last: bool = False) -> bytes | None:
        """What to keep over a restart, where it is worth a page of flash; the `last` word always is."""
        if not last and self._kept is not None and self._gone - self._kept < WORTH * self.a_day:
            return None
        self._kept = self._gone
        fields = {
            "left": round(self.left),
            "at": round(wall),
            "into": round(self._into),
            "hours": self._hours,
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    def _pass(self, seconds: float) -> None:
        """Time goes by: the bucket fills, and hours end."""
        self.left = min(self.left + self._rate * seconds, self._size)
        self._into += seconds
        ended = int(self._into // HOUR)
        self._into -= ended * HOUR
        self._hours = [*self._hours, *([0, 0] for _ in range(min(ended, 24)))][-24:]


def _grown(before: int | None, after: int | None) -> int | None:
    """What a count grew by; a count that went back is another one, and begins anew."""
    if after is None or before is None:
        return None
    return max(0, after - before)


def _loaded(saved: bytes) -> tuple[float, float, float, list[list[int]]]:
    """
    Raises:
        ValueError, TypeError, KeyError, OverflowError: it is no state.
    """
    fields: dict[str, Any] = json.loads(saved) if len(saved) <= LARGEST else {}
    left, at, into = (float(fields[key]) for key in ("left", "at", "into"))
    hours = [[int(process), int(device)] for process, device in fields["hours"]]
    counts = [count for hour in hours for count in hour]
    if not all(map(math.isfinite, (left, at, into))) or not 0 <= into < HOUR or min(counts, default=-1) < 0:
        raise ValueError("no state")
    return left, at, into, hours[-24:]
