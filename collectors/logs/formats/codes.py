"""Texts of a column as numbers: each is told once, then known by a hash of its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from collectors.logs.formats.classes import Classes
from collectors.logs.formats.hashes import hashes
from collectors.logs.formats.record import class_of
from collectors.logs.formats.words import Ints, Words

MOST = 2048
"""Texts that are known; with more of them all are forgotten."""
UNKNOWN = -1


class Codes:
    """Numbers of the texts of a column.

    Args:
        tell: the number (at least 0) of what a line has there.
    """

    def __init__(self, tell: Callable[[object], int]) -> None:
        self._tell = tell
        self._forget()

    def _forget(self) -> None:
        self._keys, self._numbers = np.empty(0, np.uint64), np.empty(0, np.int64)

    def numbers(self, words: Sequence[Words], lengths: Ints, value: Callable[[int], object]) -> Ints:
        """The number of each text.

        Args:
            words: all of each text, as in `hashes`.
            lengths: in bytes.
            value: what the line has in a row of these columns.
        """
        keys = hashes(words, lengths)
        found = self._found(keys)
        unknown = np.flatnonzero(found == UNKNOWN)
        if len(unknown):
            fresh, first, inverse = np.unique(keys[unknown], return_index=True, return_inverse=True)
            told = np.empty(len(fresh), np.int64)
            # In the order of lines, for so names are given.
            for at in np.argsort(first).tolist():
                told[at] = self._tell(value(int(unknown[first[at]])))
            found[unknown] = told[inverse]
            self._learn(fresh, told)
        return found

    def _found(self, keys: Words) -> Ints:
        if not len(self._keys):
            return np.full(len(keys), UNKNOWN, np.int64)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[places] == keys, self._numbers[places], UNKNOWN)

    def _learn(self, keys: Words, numbers: Ints) -> None:
        """Make texts known."""
        if len(self._keys) + len(keys) > MOST:
            self._forget()
        keys = np.concatenate((self._keys, keys[:MOST]))
        order = np.argsort(keys)
        self._keys = keys[order]
        self._numbers = np.concatenate((self._numbers, numbers[:MOST]))[order]


def codes_of(names: Classes) -> Codes:
    """Codes that are the numbers of classes."""
    return Codes(lambda value: names[class_of(value)])
