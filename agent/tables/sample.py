"""A fair sample of numbers that stream by."""

from __future__ import annotations

import numpy as np

from agent.stats.bins import Floats


class Sample:
    """Each number is in it with the same chance, whatever the order; the same stream gives the same sample.

    Args:
        size: numbers kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._random = np.random.default_rng(0)
        self._keys, self._values = np.empty(0), np.empty(0)
        self._limit = 1.0

    def add(self, values: Floats) -> None:
        """Look at further numbers."""
        keys = self._random.random(len(values))
        lucky = keys < self._limit
        self._keys = np.concatenate((self._keys, keys[lucky]))
        self._values = np.concatenate((self._values, values[lucky]))
        if len(self._keys) > self._size:
            # Of all keys drawn so far, the least stay: each number's key is as likely to be among them.
            least = np.argpartition(self._keys, self._size - 1)[: self._size]
            self._keys, self._values = self._keys[least], self._values[least]
            self._limit = float(self._keys.max())

    @property
    def values(self) -> Floats:
        """The numbers kept, in no order."""
        return self._values
