"""Numbers that a logger writes alike: so many characters, the dot always in one place.

Most are: a share of three decimals, a count of one digit. They are read in a quarter of the time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from collectors.logs.formats.digits import Numbers, eight, few, minus, numbers, signed, unsigned
from collectors.logs.formats.words import FIRST, NO, TOPS, Flags, Floats, Ints, Text, Words

MOST = 7
"""Characters, so that with what follows they fit in a word."""
FEW = 24
"""So few numbers are read one at a time."""
EMPTY = (b"null", b"NaN", b"Infinity")
"""What may stand where there is no number."""
_MINUS = ord("-")
_BYTE, _ZERO, _TWICE = np.uint64(0xFF), np.uint64(ord("0")), np.uint64(0xFF)


class Alike(NamedTuple):
    """How numbers are written.

    Args:
        length: characters, at most MOST.
        dot: which of them is the dot; `length` where there is none.
        behind: the character that follows, no part of a number.
        signed: whether there may be a minus before them.
    """

    length: int
    dot: int
    behind: int
    signed: bool = True

    def read(self, words: Words) -> tuple[Floats, Flags]:
        """The numbers in words that begin with them, and which are written so."""
        how = _reading(self)
        # Digits become 0 to 9, what is the same in all becomes 0 and stands in the last byte.
        digits = (words ^ how.marks) << how.shift
        read: Flags = (((digits + how.over) | digits) & TOPS) == NO
        if self.dot > 1:
            read &= (words & _BYTE) != _ZERO
        if self.dot < self.length:
            # The digits before the dot move on to its place.
            digits += (digits & how.before) * _TWICE
        values = eight(digits).view(np.int64).astype(np.float64)
        values /= how.divisor
        return values, read


class _Reading(NamedTuple):
    """The constants that a way of writing is read by."""

    marks: np.uint64
    over: np.uint64
    shift: np.uint64
    before: np.uint64
    divisor: float


@lru_cache(1024)
def _reading(how: Alike) -> _Reading:
    marks = bytearray(b"0" * how.length)
    over = bytearray(b"\x76" * 8)
    start, decimals = MOST - how.length, 1
    if how.dot < how.length:
        marks[how.dot] = ord(".")
        over[start + how.dot] = 0x7F
        decimals = how.length - how.dot
    over[MOST] = 0x7F
    marks.append(how.behind)
    return _Reading(
        np.uint64(int.from_bytes(marks, "little")),
        np.uint64(int.from_bytes(over, "little")),
        np.uint64(8 * start),
        FIRST[min(start + how.dot, 8)],
        10.0**decimals,
    )


def alike(text: Text, begins: Ints, found: Numbers, behind: int) -> Alike | None:
    """How most of these numbers are written; None where it is not the same in most of them."""
    negative = text.bytes[begins] == _MINUS
    sizes = found.ends - begins - negative
    lengths = np.bincount(sizes)
    length = int(lengths.argmax())
    if not 0 < length <= MOST or 4 * lengths[length] < 3 * len(begins):
        return None
    begin = int(found.ends[np.argmax(sizes == length)]) - length
    written = text.part(begin, begin + length)
    if not written.replace(b".", b"", 1).isdigit():
        return None
    dot = written.find(b".")
    return Alike(length, length if dot < 0 else dot, behind, bool(negative.any()))


def alike_or_not(
    text: Text, begins: Ints, words: Words, how: Alike, *, empty: bool = False
) -> Numbers | None:
    """The numbers that begin there with these words; None where most are written in another way.

    Where some may be `empty`, these are read too (`fill`).
    """
    negative = minus(words) if how.signed else None
    values, read = how.read(words if negative is None else unsigned(words, negative))
    count = int(np.count_nonzero(read))
    if 4 * count < 3 * len(begins):
        return None
    if negative is None:
        found = Numbers(values, begins + how.length, read)
    else:
        found = Numbers(signed(values, negative), begins + how.length + negative, read)
    if count < len(begins):
        if empty:
            fill(found, begins, words)
        rest = np.flatnonzero(~read)
        if len(rest):
            found.put(rest, (few if len(rest) <= FEW else numbers)(text, begins[rest]))
    return found


def fill(found: Numbers, begins: Ints, words: Words) -> None:
    """Put NaN where there is no number, but a word that may be there."""
    rows = np.flatnonzero(~found.read)
    for word in EMPTY:
        size = len(word)
        own = rows[words[rows] & FIRST[size] == np.uint64(int.from_bytes(word, "little"))]
        if len(own):
            found.values[own], found.ends[own], found.read[own] = np.nan, begins[own] + size, True
            rows = rows if len(own) < len(rows) else rows[:0]
        if not len(rows):
            break
