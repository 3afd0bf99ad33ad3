"""How long to rest between two looks at logs: a look costs more than the few lines of a quiet log."""

from __future__ import annotations

SOON, SELDOM = 1.0, 5.0
"""Seconds between two looks at least and at most."""
ENOUGH = 256 << 10
"""Bytes that may come between two looks, as far as they can be foretold."""


def pause(size: int, seconds: float, *, settled: bool) -> float:
    """Seconds from one look to the next, where `size` bytes came in the last so many seconds.

    `settled`: no log was rotated lately, none waits for the rest of a record, and none would have its writer
    wait for us.
    """
    if not settled or size * SOON >= ENOUGH * seconds:
        return SOON
    return min(SELDOM, ENOUGH * seconds / size) if size else SELDOM
