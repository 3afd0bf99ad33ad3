"""How many changes of a rule are told as events, so that one that flaps leaves room for all others. Pure."""

from __future__ import annotations

MOST = 32
"""Changes of one rule told in a minute, or in a window where that is longer."""

MINUTE = 60.0
EARLY = 1.0  # s that a window of a minute may end before it is over


class Allowance:
    """What each rule may still tell until the next renewal, and how much it had to leave out."""

    def __init__(self) -> None:
        self._renewed = float("-inf")
        self._told: dict[str, int] = {}
        self._omitted: dict[str, int] = {}

    def renew(self, now: float) -> None:
        """A window ended at `now` on the boot clock: all begins anew, if a minute has passed."""
        if now - self._renewed >= MINUTE - EARLY:
            self._renewed = now
            self._told.clear()

    def take(self, rule: str) -> int | None:
        """How many changes of the rule were left out before this one; None if this one is left out too."""
        told = self._told.get(rule, 0)
        if told >= MOST:
            self._omitted[rule] = self._omitted.get(rule, 0) + 1
            return None
        self._told[rule] = told + 1
        return self._omitted.pop(rule, 0)
