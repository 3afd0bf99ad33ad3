"""What rows that wait for labels may write to the disk: a share of `store.write_budget`. Pure.

A bucket holds an eighth of a day's share and fills with as much as a day has. What is larger than the bucket
goes when it is full, and is owed.
"""

from __future__ import annotations

from math import inf

DAY = 86_400.0
HELD = 1 / 8
TWICE = 2
"""How often a byte is written: to the log, and by a checkpoint."""


class Keeping:
    """The bucket; `a_day` are the bytes that may be written in a day."""

    def __init__(self, a_day: float) -> None:
        self._size = self._left = HELD * a_day
        self._rate = a_day / DAY
        self._at: float | None = None

    def room(self, now: float) -> float:
        """Bytes that may be stored at `now`, in s by any clock; one that goes back earns nothing."""
        passed = max(0.0, now - self._at) if self._at is not None else 0.0
        self._at = now
        self._left = min(self._left + self._rate * passed, self._size)
        return inf if self._left >= self._size else max(0.0, self._left / TWICE)

    def spend(self, size: int) -> None:
        """So many bytes are stored."""
        self._left -= TWICE * size
