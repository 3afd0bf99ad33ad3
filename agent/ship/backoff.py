"""How long to wait before trying again: doubling bounds with full jitter, so that a fleet spreads."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Waits between `low` and a bound that doubles up to `high`, all in seconds.

    `random` gives numbers in [0, 1).
    """

    __slots__ = ("_high", "_low", "_random", "_tries")

    def __init__(self, low: float, high: float, random: Callable[[], float]) -> None:
        self._low = low
        self._high = max(low, high)
        self._random = random
        self._tries = 0

    def next(self) -> float:
        """The wait after one more failure."""
        # 2.0 ** 64 is beyond any bound, and an unbounded exponent would overflow after weeks.
        bound = min(self._high, self._low * 2.0 ** min(self._tries + 1, 64))
        self._tries += 1
        return self._low + self._random() * (bound - self._low)

    def longest(self) -> float:
        """The wait after a failure that time alone will not mend: the upper half of the range."""
        return self._high * (1.0 + self._random()) / 2

    def reset(self) -> None:
        """Begin again at the low end: something got through."""
        self._tries = 0
