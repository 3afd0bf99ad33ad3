"""Floats cut to a few significant decimal digits, as integers in the same order: ranks.

All positive decimals of d digits, counted upwards, get consecutive numbers; zero is 0 and negative
ones mirror the positive. So two values close to each other have ranks close to each other, whatever
their size, rounding never changes which of two is larger, and a difference of ranks is a short code.
"""

from __future__ import annotations

import math

from agent.ship.limits import fault

DIGITS = 3
MOST_DIGITS = 15
LOWEST_EXPONENT = 324
LARGEST = "17976931348623157"
"""The digits of the largest double: what would round above it is cut off to it."""


class Decimals:
    """Ranks at one precision. `floor` is a rank of which all positive ranks are above: subtracted."""

    __slots__ = ("_first", "_format", "_most", "_origin", "_point", "_span", "digits")

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self._format = f"%.{digits - 1}e"
        self._point = digits + (digits > 1)
        self._first = int(10 ** (digits - 1))
        self._span = 9 * self._first
        self._origin = LOWEST_EXPONENT * self._span - self._first + 1
        self._most = float(f"{LARGEST[0]}.{LARGEST[1:digits]}e308")

    def rank(self, value: float) -> int:
        """The rank of a finite value.

        Raises:
            WireError: "range" for NaN and infinities.
        """
        if not value:
            return 0
        size = abs(value)
        if not size <= self._most:
            if not math.isfinite(size):
                fault("range", f"a number to be sent must be finite, not {value}")
            size = self._most
        decimal = self._format % size
        point = self._point
        rank = int(decimal[0] + decimal[2:point]) + int(decimal[point + 1 :]) * self._span + self._origin
        return rank if value > 0 else -rank

    def value(self, rank: int) -> float:
        """The float of a rank.

        Raises:
            WireError: "range": no double is that large.
        """
        if not rank:
            return 0.0
        exponent, decimal = divmod(abs(rank) - 1, self._span)
        if exponent > LOWEST_EXPONENT + 308:
            fault("range", f"rank {rank} is beyond the doubles")
        value = float(f"{decimal + self._first}e{exponent - LOWEST_EXPONENT - self.digits + 1}")
        if not math.isfinite(value):
            fault("range", f"rank {rank} is beyond the doubles")
        return value if rank > 0 else -value


def lowered(rank: int, floor: int) -> int:
    """A rank with the unused ones below `floor` taken out, so that zero adjoins the smallest."""
    return rank - floor if rank > 0 else rank + floor if rank else 0


def raised(rank: int, floor: int) -> int:
    """The inverse of `lowered`."""
    return rank + floor if rank > 0 else rank - floor if rank else 0
