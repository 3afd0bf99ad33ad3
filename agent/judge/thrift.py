"""When to write: a budget of bytes a day, kept by writing less often, and coarser. Pure.

A bucket holds an eighth of the day's budget and fills with six more within a day; the last eighth is for
what the log holds and a checkpoint will write once more. That is taken from the bucket with each commit, as
its part in the checkpoint, and given back when the checkpoint, which counts itself, has come. So no 24 hours
see more than the budget, and what is saved in a quiet hour is there for a busy one.

    more than half full    as usual
    below half, till 3/4   thrifty: no commit ahead of its time; merges for age once an hour, of what is left
                           above a commit, or else a few once a day
    less than one commit   thrifty: a commit waits until there is enough for it, at most an hour
    not even in an hour    half as many windows share a commit, neighbours merged, down to one

What nobody can put off (the commit after an hour, the last one of a life, a capture) is written all the same,
and owed: the bucket then is below empty.

The budget is of what this process writes; the count of the device, on which others write too, is only noted.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

from agent.stats.sliding import Sliding

DAY, HOUR = 86_400.0, 3_600.0
HELD = OWED = 1 / 8
"""What the bucket holds, and what a checkpoint may write at once, of a day's budget."""

KEPT = "thrift"
"""The name under which the store keeps the budget's state."""

LOW, HIGH = 1 / 2, 3 / 4
LONGEST = HOUR
"""Seconds between two commits, at most."""

MOST = 16
"""Windows that share a commit, at most."""

FREELY = 1 << 62
"""What merges may write where nothing is short."""

# What a few merges are: of a day's budget, and in bytes at least; two records of 16 windows take so much.
PIECE, LEAST = 1 / 16, 160_000
# A commit that waits for less than so much of the longest wait could be larger.
EASY = 3 / 4

# The last commit's share in the mean of what one costs.
SHARE = 1 / 8
# The state is worth keeping when so much of a day's budget was spent since it was kept.
WORTH = 1 / 64
LARGEST = 4096


class Counted(NamedTuple):
    """Bytes written since some beginning: by this process, and to the device by anyone. None where there is
    no such count. `owed` is what the log holds and a checkpoint will write, about."""

    process: int | None
    device: int | None
    owed: int = 0

    @property
    def charge(self) -> int:
        """Of what was counted between two looks: what it takes from the budget."""
        return (self.process or 0) + self.owed


class Thrift:
    """The budget, told what has been written; `a_day` bytes.

    `spent` and `device` are the bytes of the last 24 hours and up to an hour before them, `left` those that
    could be written now, `most` how many windows may share the next commit.
    """

    def __init__(self, a_day: float) -> None:
        self.a_day = a_day
        self.left = self._size = HELD * a_day
        self.thrifty = False
        self.most = MOST
        self._rate = (1.0 - HELD - OWED) * a_day / DAY
        self._now: float | None = None
        self._before = Counted(None, None)
        self._committed = self._merged = -math.inf
        self._cost = 0.0
        self._merging = False
        self._kept: float | None = None
        self._gone = 0.0
        self._process = self._device = Sliding(DAY)

    @property
    def spent(self) -> int:
        """Bytes that this process wrote in the last 24 hours."""
        return self._process.total

    @property
    def device(self) -> int:
        """Bytes that the device was given in the last 24 hours, by anyone."""
        return self._device.total

    def restore(self, saved: bytes, wall: float) -> None:
        """Go on from what `state` gave before a restart; what is none of it begins anew."""
        try:
            left, at, process, device = _loaded(saved)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return
        passed = max(0.0, wall - at)
        filling = min(passed, DAY)
        self.left = min(left, self._size)
        self._process = process.over(DAY).after(passed - filling)
        self._device = device.over(DAY).after(passed - filling)
        self._pass(filling)

    def look(self, now: float, counted: Counted) -> Counted:
        """What was counted at `now` (boot clock, s); the first look is where the counting begins.

        Returns:
            The bytes since the look before.
        """
        if self._now is not None:
            self._pass(max(0.0, now - self._now))
        before, self._now, self._before = self._before, now, counted
        grown = Counted(
            _grown(before.process, counted.process),
            _grown(before.device, counted.device),
            counted.owed - before.owed,
        )
        self.left = min(max(self.left - grown.charge, -self.a_day), self._size)
        self._gone += grown.process or 0
        self._process = self._process.plus(grown.process or 0)
        self._device = self._device.plus(grown.device or 0)
        self.thrifty = self.left < (HIGH if self.thrifty else LOW) * self._size
        return grown

    def may_hurry(self) -> bool:
        """Whether something may be committed ahead of its time."""
        return not self.thrifty

    def may_commit(self, now: float) -> bool:
        """Whether a commit is within the budget, or has waited long enough."""
        return self.left >= self._cost or now - self._committed >= LONGEST

    def merging(self, now: float) -> int:
        """How many bytes the commit that comes now may write, to merge and drop for age."""
        waited, spare = now - self._merged, int(self.left - self._cost)
        size = 0
        if not self.thrifty:
            size = FREELY
        elif waited >= DAY:
            size = max(LEAST, int(PIECE * self.a_day))
        elif waited >= LONGEST and spare >= LEAST:
            size = spare
        self._merging = size > 0
        if self._merging:
            self._merged = now
        return size

    def committed(self, now: float, cost: int) -> None:
        """A commit at `now` took so much from the budget."""
        waited, self._committed = now - self._committed, now
        if not self._merging or not self._cost or cost < self._cost:
            self._cost += SHARE * (cost - self._cost) if self._cost else cost
        self._share(waited)

    def state(self, wall: float, *, last: bool = False) -> bytes | None:
        """What to keep over a restart, where it is worth a page of flash; the `last` word always is. A store
        that is closed pays what is owed; after a crash it is owed still, and not yet taken."""
        if not last and self._kept is not None and self._gone - self._kept < WORTH * self.a_day:
            return None
        self._kept = self._gone
        fields = {
            "left": round(self.left + (0 if last else self._before.owed)),
            "at": round(wall),
            "process": self._process.saved(),
            "device": self._device.saved(),
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    def _share(self, waited: float) -> None:
        """Fewer windows in a commit after one that there was not enough for in an hour, and more again once
        one comes well before that."""
        if waited >= LONGEST and self.left < 0 and self.most > 1:
            self.most //= 2
            self._cost /= 2
        elif waited <= EASY * LONGEST and self.left >= 0:
            self.most = min(2 * self.most, MOST)

    def _pass(self, seconds: float) -> None:
        """Time goes by: the bucket fills, and what was written is forgotten in time."""
        self.left = min(self.left + self._rate * seconds, self._size)
        self._process, self._device = self._process.after(seconds), self._device.after(seconds)


def _grown(before: int | None, after: int | None) -> int | None:
    """What a count grew by; a count that went back is another one, and begins anew."""
    if after is None or before is None:
        return None
    return max(0, after - before)


def _loaded(saved: bytes) -> tuple[float, float, Sliding, Sliding]:
    """
    Raises:
        ValueError, TypeError, KeyError, OverflowError: it is no state.
    """
    fields: dict[str, Any] = json.loads(saved) if len(saved) <= LARGEST else {}
    left, at = float(fields["left"]), float(fields["at"])
    if not math.isfinite(left + at):
        raise ValueError("no state")
    return left, at, Sliding.load(fields["process"]), Sliding.load(fields["device"])
