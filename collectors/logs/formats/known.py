"""Texts of many lines told apart at once: each combination that was seen before has its number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from collectors.logs.formats.words import KEPT, Ints, Words

MOST = 4096
NEW = 64
"""Combinations that are made known in one chunk."""
UNKNOWN, EXACT = -1, -2
"""Numbers of what is not known (yet), and of what the exact path has to read."""

# The powers of an odd number: numpy's own random ones take 2.5 MB to make.
_MIX = np.multiply.accumulate(np.full(256, 0x9E3779B97F4A7C15, np.uint64))


class Known:
    """Combinations of `fields` texts, found by a hash of their words and then compared whole."""

    def __init__(self, fields: int) -> None:
        self._width = fields * KEPT
        self._forget()

    def _forget(self) -> None:
        self._keys = np.empty(0, np.uint64)
        self._rows = np.empty((0, self._width), np.uint64)
        self._numbers = np.empty(0, np.int64)

    def numbers(self, texts: list[list[Words]], rows: Ints, tell: Callable[[int], int]) -> Ints:
        """The number of each row's combination.

        Args:
            texts: the words of each field, by row.
            rows: which line each is.
            tell: gives the number of a line's combination, or EXACT.
        """
        columns = {f * KEPT + w: word for f, words in enumerate(texts) for w, word in enumerate(words)}
        keys = np.zeros(len(rows), np.uint64)
        for place, word in columns.items():
            keys += (word ^ (word >> np.uint64(29))) * _MIX[place % len(_MIX)]
        found = self._found(keys, columns)
        if (found == UNKNOWN).any():
            self._learn(keys, columns, found, rows, tell)
            found = self._found(keys, columns)
        return found

    def _found(self, keys: Words, columns: dict[int, Words]) -> Ints:
        if not len(self._keys):
            return np.full(len(keys), UNKNOWN, np.int64)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        same = self._keys[places] == keys
        for place in range(self._width):
            known = self._rows[:, place]
            if place in columns:
                same &= known[places] == columns[place]
            elif known.any():
                same &= known[places] == 0
        return np.where(same, self._numbers[places], UNKNOWN)

    def _learn(
        self, keys: Words, columns: dict[int, Words], found: Ints, rows: Ints, tell: Callable[[int], int]
    ) -> None:
        """Make the first of the unknown combinations known."""
        if len(self._keys) + NEW > MOST:
            self._forget()
        unknown = np.flatnonzero(found == UNKNOWN)
        fresh, first = np.unique(keys[unknown], return_index=True)
        if len(self._keys):
            places = np.minimum(np.searchsorted(self._keys, fresh), len(self._keys) - 1)
            first = first[self._keys[places] != fresh]
        first = np.sort(first)[:NEW]
        added = np.zeros((len(first), self._width), np.uint64)
        for place, word in columns.items():
            added[:, place] = word[unknown[first]]
        told = [tell(int(rows[unknown[at]])) for at in first]
        keys_of = np.concatenate((self._keys, keys[unknown[first]]))
        order = np.argsort(keys_of)
        self._keys = keys_of[order]
        self._rows = np.concatenate((self._rows, added))[order]
        self._numbers = np.concatenate((self._numbers, np.array(told, np.int64)))[order]
