"""Running totals: what the next reading of a counter adds, when it wrapped and when it was reset."""

from __future__ import annotations

from sys import float_info
from typing import Any, NamedTuple

WIDTHS = (1 << 32, 1 << 64)
"""Where counters wrap around: the kernel's and the drivers' are 32 or 64 bits wide."""

PLAUSIBLE = 1 << 31
"""The largest increase between two readings that is believed to be a wrap-around."""

STEP_BACK = 0.99
"""A fall to no less than this share of the total is a step back of the source, no reset."""


class Increase(NamedTuple):
    """What a reading adds to a total: the increase, the total that the next reading is compared
    with, and whether the source had begun anew from zero."""

    amount: float
    total: float
    reset: bool


def usable(value: Any) -> bool:
    """Whether a reading is a finite number that a double can carry."""
    return isinstance(value, (int, float)) and -float_info.max <= value <= float_info.max


def increase(before: float, value: float) -> Increase:
    """What `value` adds to the total `before` of the reading before it.

    A fall is a wrap-around of an integer if the difference then stays below 2^31. Otherwise it is
    a reset and all of `value` is new; but for a fall by less than a hundredth: the kernel's iowait
    and idle times step back a little, and a reset would count the whole of them again. Then
    nothing is added until the total is passed.
    """
    if value >= before:
        return Increase(value - before, value, reset=False)
    if isinstance(before, int) and isinstance(value, int):
        for width in WIDTHS:
            if before < width and 0 <= value < before - width + PLAUSIBLE:
                return Increase(value - before + width, value, reset=False)
    if value >= before * STEP_BACK:
        return Increase(0, before, reset=False)
    return Increase(max(value, 0), value, reset=True)
