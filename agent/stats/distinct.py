"""How many different values there were: exactly as long as they are few, then to a few hundredths.

HyperLogLog with 2,048 registers, read by Ertl's estimator ("New cardinality estimation algorithms for
HyperLogLog sketches", 2017), which needs no correction by range. Sets of windows and devices merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from math import isnan, log, sqrt

import numpy as np
from numpy.typing import NDArray

from agent.stats.bins import Floats

Hashes = NDArray[np.uint64]

EXACT = 256
"""Values that are kept one by one."""
REGISTERS = 1 << 11
_BITS = 53
"""Of a hash, beside the 11 that choose the register: a double holds them all."""
_BLOCK = 1 << 15
"""Numbers that are looked at together: what is made of them fits in a core's cache."""
_CROWD = 3
"""Bits fewer choose a place among the few."""


def of_numbers(values: Floats) -> Hashes:
    """A hash for each number that is there (not NaN); zero has no sign."""
    return next(of_columns([values]))


def of_columns(columns: Sequence[Floats]) -> Iterator[Hashes]:
    """The same of several columns of one length, some at a time."""
    step = max(1, _BLOCK // max(1, len(columns[0]))) if columns else 1
    for first in range(0, len(columns), step):
        part = columns[first : first + step]
        bits: Hashes = (np.array(part) + 0.0).view(np.uint64)
        # The finaliser of splitmix64: any bit of a number changes half of those of its hash.
        shifted = np.empty_like(bits)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
            np.right_shift(bits, np.uint64(shift), out=shifted)
            bits ^= shifted
            if factor > 1:
                bits *= np.uint64(factor)
        for values, hashes in zip(part, bits, strict=True):
            # The least tells it where none is missing: that is one pass.
            yield hashes[~np.isnan(values)] if isnan(values.min(initial=0.0)) else hashes


def of_texts(texts: Iterable[str]) -> Hashes:
    """A hash for each text, the same on every device."""
    return np.array([identity(text) for text in texts], np.uint64)


def identity(text: str) -> int:
    """A text in 64 bits."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class Distinct:
    """A set that is only counted: at most 2 KB."""

    def __init__(self) -> None:
        self._few: Hashes | None = np.empty(0, np.uint64)
        self._ranks = np.zeros(0, np.uint8)
        self._slots = np.zeros(0, np.uint64)

    def add(self, hashes: Hashes) -> None:
        """Add values by their hashes."""
        places = (hashes >> np.uint64(_BITS)).astype(np.int64)
        if self._few is not None:
            hashes = self._unknown(hashes, places)
            if not len(hashes):
                return
            self._few = _once(np.concatenate((self._few, hashes)))
            if len(self._few) <= EXACT:
                return
            hashes, self._few = self._few, None
            self._slots, self._ranks = np.zeros(0, np.uint64), np.zeros(REGISTERS, np.uint8)
            places = (hashes >> np.uint64(_BITS)).astype(np.int64)
        rest = (hashes & np.uint64((1 << _BITS) - 1)).astype(np.float64)
        ranks = (_BITS + 1 - np.frexp(rest)[1]).astype(np.uint8)
        # Soon nearly none says anything new, and a look is a tenth of a maximum.
        more = np.flatnonzero(ranks > self._ranks[places])
        np.maximum.at(self._ranks, places[more], ranks[more])

    def _unknown(self, hashes: Hashes, places: NDArray[np.int64]) -> Hashes:
        """Those that are not known to be there: of few values nearly none, without sorting all."""
        if not len(self._slots):
            # Nothing is in its own place yet, nor is the hash of zero, which is 0.
            self._slots = np.zeros(REGISTERS >> _CROWD, np.uint64)
            self._slots[0] = ~np.uint64(0)
        places = places >> _CROWD
        fresh: Hashes = hashes[self._slots[places] != hashes]
        self._slots[places] = hashes
        return fresh

    def merge(self, other: Distinct) -> None:
        """Add what is in another."""
        if other._few is not None:
            self.add(other._few)
            return
        if self._few is not None:
            few, self._few = self._few, None
            self._ranks = other._ranks.copy()
            self.add(few)
        else:
            np.maximum(self._ranks, other._ranks, out=self._ranks)

    @property
    def exact(self) -> bool:
        """Whether `count` is exact."""
        return self._few is not None

    @property
    def count(self) -> int:
        """How many there are; if not exact, the standard error is 2.3 %."""
        if self._few is not None:
            return len(self._few)
        counts = np.bincount(self._ranks, minlength=_BITS + 2).tolist()
        z = REGISTERS * _tau(1 - counts[_BITS + 1] / REGISTERS)
        for rank in range(_BITS, 0, -1):
            z = (z + counts[rank]) / 2
        z += REGISTERS * _sigma(counts[0] / REGISTERS)
        return round(REGISTERS * REGISTERS / (2 * log(2) * z))

    def encoded(self) -> bytes:
        """As bytes: hashes, or the registers."""
        if self._few is not None:
            return b"h" + self._few.astype("<u8").tobytes()
        return b"r" + self._ranks.tobytes()

    @classmethod
    def decoded(cls, data: bytes) -> Distinct:
        """The inverse of `encoded`.

        Raises:
            ValueError: it is no such set.
        """
        found = cls()
        kind, body = data[:1], data[1:]
        if kind == b"h" and len(body) % 8 == 0 and len(body) <= 8 * EXACT:
            found.add(np.frombuffer(body, "<u8").astype(np.uint64))
        elif kind == b"r" and len(body) == REGISTERS and max(body) <= _BITS + 1:
            found._few, found._ranks = None, np.frombuffer(body, np.uint8).copy()
        else:
            raise ValueError(f"{len(data)} bytes are no set of distinct values")
        return found


def _once(hashes: Hashes) -> Hashes:
    """Each of them once, in order: sorting takes a fifth of what `np.unique` does."""
    hashes.sort()
    return hashes[np.concatenate(([True], hashes[1:] != hashes[:-1]))]


def _sigma(x: float) -> float:
    """Of the share of registers that have nothing; below 1, for what is counted here is not nothing."""
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    """Of the share of registers that are not full."""
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x = sqrt(x)
        before = z
        y /= 2
        z -= (1 - x) ** 2 * y
    return z / 3
