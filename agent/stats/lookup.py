"""Numbers by 64-bit ids, for columns of ids at once: sorted, most of them in a part that seldom changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.stats.bins import Ints

Ids = NDArray[np.uint64]

FEW = 1 << 13
"""Ids that are put in order apart from the others, before they join them."""


class Lookup:
    """Numbers by their ids. Numbers only grow, and old ones are forgotten: of one id the newest counts."""

    def __init__(self) -> None:
        self._large, self._small = _Part(), _Part()

    def find(self, ids: Ids, least: int) -> Ints:
        """The number of each id; -1 where there is none from `least` on."""
        found = np.maximum(self._large.find(ids), self._small.find(ids))
        found[found < least] = -1
        return found

    def add(self, ids: Ids, numbers: Ints, least: int) -> None:
        """Add numbers that are larger than all before, each with its id; below `least` they are forgotten."""
        order = np.argsort(ids, kind="stable")
        self._small.add(ids[order], numbers[order])
        if len(self._small.ids) > FEW:
            self._large.forget(least)
            self._small.forget(least)
            self._large.add(self._small.ids, self._small.numbers)
            self._small = _Part()


class _Part:
    """Ids in order, those that are the same in the order of their numbers."""

    def __init__(self) -> None:
        self.ids, self.numbers = np.empty(0, np.uint64), np.empty(0, np.int64)

    def find(self, ids: Ids) -> Ints:
        """The newest number of each, -1 where there is none."""
        if not len(self.ids):
            return np.full(len(ids), -1, np.int64)
        places = np.searchsorted(self.ids, ids, side="right") - 1
        return np.where((places >= 0) & (self.ids[places] == ids), self.numbers[places], -1)

    def add(self, ids: Ids, numbers: Ints) -> None:
        """Add ids in order; their numbers are larger than all before."""
        places = np.searchsorted(self.ids, ids, side="right")
        self.ids = np.insert(self.ids, places, ids)
        self.numbers = np.insert(self.numbers, places, numbers)

    def forget(self, least: int) -> None:
        """Forget what is below `least`."""
        stay = self.numbers >= least
        if not stay.all():
            self.ids, self.numbers = self.ids[stay], self.numbers[stay]
