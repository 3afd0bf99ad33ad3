"""How many windows are shipped as one, so that all of them fit into the budget. Pure.

    sustained   the finest grain whose messages the budget bears for ever, by what they really cost
    grain       that; or half, or a quarter of it while the bucket is nearly full, so that nothing runs over

What a message costs is measured: all that the link spent between two messages of the newest windows
(connections, pings, answers, headers), less what the backlog took. The median of a few is not moved by
one reconnection. When costs rise at once, the newest windows wait until the bucket bears them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from agent.ship.budget import Budget, Lane, wire

COARSEST = 1024
MEASURED = 7
FEW = 3
"""Of fewer the cheapest counts, or what is usual: the first one may bring all attempts of an outage."""

# Bytes of a message of 120 series, before any is measured.
SIZE = 1_200
# A finer grain must fit with room to spare, so that it does not flap; and any, where a backlog waits.
ROOM = 0.85
# How full the bucket must be to halve the grain once, or twice, and down to where it stays so.
FINER_ABOVE, FINER_UNTIL = (0.75, 0.95), (0.5, 0.85)


class Change(NamedTuple):
    """The sustained grain became another; `cost` in bytes a message, `rate` in bytes a second to spend."""

    before: int
    after: int
    cost: int
    rate: float


class Grain:
    """`grain` is how many windows are shipped as one, a power of two."""

    def __init__(self, budget: Budget, span: float, connection: int) -> None:
        """`span` is a window's length in s, `connection` the bytes that each message brings with it until
        one is measured."""
        self._budget = budget
        self._span = span
        self._costs: deque[int] = deque(maxlen=MEASURED)
        self._sizes: deque[int] = deque(maxlen=MEASURED)
        self._cycle = self._size = 0
        self._finer = 0
        self._known = False
        self._connection = connection
        self.sustained = self.grain = 1

    def restore(self, grain: int) -> None:
        """Go on from what a former life found; until something is measured it stays."""
        self.sustained = self.grain = min(grain, COARSEST)
        self._known = True

    @property
    def cost(self) -> float:
        """Bytes that a message of the newest windows takes, with all that it brings with it."""
        if len(self._costs) >= FEW:
            return _median(self._costs)
        return min([*self._costs, wire(SIZE) + self._connection])

    @property
    def size(self) -> int:
        """Bytes of such a message."""
        return round(_median(self._sizes)) if self._sizes else SIZE

    def spend(self, size: int) -> None:
        """So many bytes went over the wire."""
        self._cycle += size

    def delivered(self, lane: Lane, size: int, windows: int) -> None:
        """A message of records of `size` bytes is acknowledged; the longest whose record is complete with
        it covers so many `windows`. What is left of a block that was cut counts with the next one."""
        if lane in ("backlog", "samples"):
            self._cycle -= wire(size)
            return
        self._size += size
        if windows >= max(1, self.sustained // 2):
            self._costs.append(max(self._cycle, self._size))
            self._sizes.append(self._size)
            self._cycle = self._size = 0

    def choose(self, backlog: int) -> Change | None:
        """Find the grain for now; `backlog` are the windows that wait beside the newest. The change to
        tell, if any."""
        before = self.sustained
        if self._costs or not self._known:
            self.sustained = self._bearable(backlog)
        self._finer = 0 if backlog else self._halvings()
        self.grain = max(1, self.sustained >> self._finer)
        if self.sustained == before:
            return None
        return Change(before, self.sustained, round(self.cost), self._budget.allowance.rate)

    def _halvings(self) -> int:
        """How often the grain may be halved."""
        filled = self._budget.level / self._budget.full
        kept = sum(filled >= level for level in FINER_UNTIL[: self._finer])
        return max(kept, sum(filled >= level for level in FINER_ABOVE))

    def _bearable(self, backlog: int) -> int:
        """The finest grain that the budget bears, with the backlog gone within a period."""
        allowance, late = self._budget.allowance, backlog * self._span / self._budget.allowance.period
        each = self.cost + late * self.size
        grain = 1
        while grain < COARSEST:
            share = ROOM if grain < self.sustained or backlog else 1.0
            if each / (grain * self._span) <= allowance.rate * share:
                break
            grain *= 2
        return grain


def _median(values: Collection[int]) -> float:
    """That of `statistics`, which would take 0.6 MB of memory for it."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
