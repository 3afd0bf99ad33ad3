"""Numbers that follow one another in a line, as the features of a model do, read all at once.

Between two numbers of a JSON line there is a comma, and none inside: so the commas behind the first number
tell where all of them end, without a step from each to the next. What stands between is compared afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collectors.logs.formats.alike import FEW, fill
from collectors.logs.formats.digits import Numbers, eight, few, numbers
from collectors.logs.formats.shape import Shape
from collectors.logs.formats.words import (
    FIRST,
    FRONT,
    NO,
    TOPS,
    ZEROS,
    Flags,
    Floats,
    Ints,
    Text,
    Words,
    words_of,
)

LEAST = 6
"""So few numbers are not worth finding all commas."""
BLOCK = 1 << 14
"""Numbers that are read together: what is made of them fits in a core's cache."""
_MOST_DECIMALS, _WORD, _SAMPLE = 6, 8, 32
_MINUS, _ZERO = ord("-"), ord("0")
_THREE, _BITS, _TWICE = np.uint64(3), np.uint64(64), np.uint64(0xFF)


class Found(NamedTuple):
    """Where each number begins and ends and what it is, a row a number; which lines have all of them."""

    begins: Ints
    ends: Ints
    values: Floats
    ok: Flags


class _Written(NamedTuple):
    """By the number of decimals, how numbers are read that end with a word; each a column, a row a number.

    Args:
        least: the characters of the shortest.
        dot: turns the dot into a digit 0.
        over: sets the top bit of each byte that is none of the digits, or not the dot.
        before: the bytes before the dot.
        tens: what the digits are divided by.
    """

    least: Words
    dot: Words
    over: Words
    before: Words
    tens: Floats


def runs_of(shape: Shape, apart: Collection[int], empty: Collection[int]) -> list[Run]:
    """The runs of a shape without the holes `apart`; numbers in `empty` may be none (`Holes`)."""
    found, begin = [], 0
    for at, hole in enumerate(shape.holes):
        literal, behind = shape.literals[at : at + 2]
        if not hole.number or at in apart or b"," not in behind:
            found.append((begin, at))
            begin = at + 1
        elif len(literal) > FRONT:
            found.append((begin, at))
            begin = at
    found.append((begin, len(shape.holes)))
    return [
        Run(first, shape.literals[first : end + 1], [at in empty for at in range(first, end)])
        for first, end in found
        if end - first >= LEAST
    ]


class Run:
    """Reads the numbers of a run.

    Args:
        first: the hole of the first.
        literals: before each number and behind the last; the first is not compared here.
        empty: of which there may be none.
    """

    def __init__(self, first: int, literals: Sequence[bytes], empty: Sequence[bool]) -> None:
        self.first, self.count, self._empty = first, len(empty), empty
        between = literals[1:-1]
        self._front = max(map(words_of, between))
        self._sizes = np.array([len(literal) for literal in between])[:, None]
        self._commas = np.cumsum([0, *(literal.count(b",") for literal in between)])[:, None]
        self._offsets = np.array([literal.index(b",") for literal in literals[1:]])[:, None]
        padded = [literal.rjust(8 * self._front, b"\0") for literal in (b"", *between)]
        self._literals = np.array([np.frombuffer(literal, "<u8") for literal in padded])
        masks = [(b"\xff" * len(literal)).rjust(8 * self._front, b"\0") for literal in (b"", *between)]
        self._masks = np.array([np.frombuffer(mask, "<u8") for mask in masks])
        self._decimals = [0] * self.count
        self._written = written_with(self._decimals)

    def read(self, text: Text, begins: Ints, ok: Flags) -> Found:
        """The numbers of lines in which the first one begins there; only what is `ok` can be so after."""
        size = len(begins)
        places = self._ends(text, begins)
        found = Found(np.empty_like(places), places, np.empty(places.shape), ok.copy())
        found.begins[0] = begins
        np.add(places[:-1], self._sizes, out=found.begins[1:])
        read = np.empty(places.shape, np.bool_)
        step = max(BLOCK // self.count, 1)
        for begin in range(0, size, step):
            rows = slice(begin, begin + step)
            starts = np.ascontiguousarray(found.begins[:, rows])
            window = text.window(starts.ravel() - 8 * self._front, self._front + 1)
            window = window.reshape(*starts.shape, self._front + 1)
            found.ok[rows] &= self._between(window)
            lengths = (places[:, rows] - starts).view(np.uint64)
            found.values[:, rows], read[:, rows] = read_numbers(window[..., -1], lengths, self._written)
        for at in np.flatnonzero(~read.all(axis=1)).tolist():
            self._mend(text, at, found, read[at])
        return found

    def _ends(self, text: Text, begins: Ints) -> Ints:
        """Where the numbers end, if the lines are of this shape."""
        commas = text.commas
        if not len(commas):
            return np.repeat(begins[None], self.count, axis=0)
        places = np.searchsorted(commas, begins) + self._commas
        ends: Ints = commas[np.minimum(places, len(commas) - 1, out=places)]
        ends -= self._offsets
        return ends

    def _between(self, window: NDArray[np.uint64]) -> Flags:
        """In which lines the literals stand between the numbers."""
        wrong = np.zeros(window.shape[1], np.uint64)
        for word in range(self._front):
            differing = window[..., word] ^ self._literals[:, word, None]
            differing &= self._masks[:, word, None]
            wrong |= np.bitwise_or.reduce(differing, axis=0)
        fit: Flags = wrong == NO
        return fit

    def _mend(self, text: Text, at: int, found: Found, read: Flags) -> None:
        """Read those of a number's column that are written in another way than most."""
        rows = np.flatnonzero(found.ok & ~read)
        begins, ends = found.begins[at][rows], found.ends[at][rows]
        some = Numbers(np.zeros(len(rows)), begins.copy(), np.zeros(len(rows), np.bool_))
        if self._empty[at]:
            fill(some, begins, text.window(begins, 1)[:, 0])
        rest = np.flatnonzero(~some.read)
        if len(rest):
            some.put(rest, (few if len(rest) <= FEW else numbers)(text, begins[rest]))
        found.values[at][rows] = some.values
        found.ok[rows] &= some.read & (some.ends == ends)
        if 4 * len(rest) > np.count_nonzero(found.ok):
            places = zip(begins[rest[:_SAMPLE]].tolist(), ends[rest[:_SAMPLE]].tolist(), strict=True)
            self._learn(at, [text.part(begin, end) for begin, end in places])

    def _learn(self, at: int, written: list[bytes]) -> None:
        """See how numbers are written that could not be read at once."""
        decimals, _ = Counter(len(each.partition(b".")[2]) for each in written).most_common(1)[0]
        if decimals <= _MOST_DECIMALS and decimals != self._decimals[at]:
            self._decimals[at] = decimals
            self._written = written_with(self._decimals)


def written_with(decimals: Sequence[int]) -> _Written:
    """How numbers of so many decimals are written."""
    places = [_WORD - 1 - each if each else 0 for each in decimals]
    over = [
        int.from_bytes(bytes(0x7F if each and at == place else 0x76 for at in range(_WORD)), "little")
        for each, place in zip(decimals, places, strict=True)
    ]
    dots = [
        (_ZERO ^ ord(".")) << 8 * place if each else 0 for each, place in zip(decimals, places, strict=True)
    ]
    least = [each + 2 if each else 1 for each in decimals]
    columns = [np.array(each, np.uint64)[:, None] for each in (least, dots, over)]
    return _Written(
        columns[0], columns[1], columns[2], FIRST[places][:, None], 10.0 ** np.array(decimals)[:, None]
    )


def read_numbers(words: Words, lengths: Words, how: _Written) -> tuple[Floats, Flags]:
    """The numbers, of these lengths, that words begin with, a row for each way of writing; which are read."""
    digits = words ^ ZEROS
    first = digits.view(np.uint8)[:, ::_WORD]
    negative = first == _MINUS ^ _ZERO
    signs = np.flatnonzero(negative.any(axis=1))
    if len(signs):
        signed = negative[signs]
        digits[signs] >>= signed.astype(np.uint64) << _THREE
        lengths[signs] -= signed
    # The first digit is a zero, and it is not the only one before the dot.
    more = lengths - how.least
    zero = (first == 0) & (more != NO)
    digits <<= _BITS - (lengths << _THREE)
    digits ^= how.dot
    marks = digits + how.over
    marks |= digits
    marks &= TOPS
    read: Flags = (marks == NO) & (more <= np.uint64(_WORD) - how.least) & ~zero
    # The digits before the dot move on to its place.
    digits += (digits & how.before) * _TWICE
    values = eight(digits).view(np.int64).astype(np.float64)
    values /= how.tens
    if len(signs):
        # With its sign, a number of eight characters is not all in the word.
        read[signs] &= ~signed | (lengths[signs] < _WORD)
        values[signs] = np.where(signed, -values[signs], values[signs])
    return values, read
