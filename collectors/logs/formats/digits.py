"""Decimal numbers of many lines at once, each exactly as `float` reads it.

Numbers of at most seven characters fit in a word. Longer ones, as Python prints its floats, are an integer
of up to 18 digits divided by a power of ten: the quotient and what it leaves are two doubles, whose sum is
rounded once. Where its last bit could be in doubt, and where a number has an exponent, `float` reads it.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import NamedTuple

import numpy as np

from collectors.logs.formats.words import (
    ABOVE_NINE,
    FIRST,
    LAST_BYTE,
    NO,
    ONE,
    ONES,
    TOPS,
    ZEROS,
    Flags,
    Floats,
    Ints,
    Text,
    Words,
    word_of,
)

_DOTS = word_of(0x2E)
_BYTE, _MINUS, _SMALL, _E = np.uint64(0xFF), np.uint64(ord("-")), np.uint64(0x20), np.uint64(ord("e"))
_THREE, _SEVEN, _EIGHT, _BITS = np.uint64(3), np.uint64(7), np.uint64(8), np.uint64(63)
# Times a lone bit at the bottom of a byte, this has the byte's place in its last byte.
_PLACES = np.uint64(0x0001020304050607)
# By the place of the dot: ten to the number of bytes from there on.
_TENS = np.array([1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1.0])
_ZERO, _FIRST, _SECOND, _TOP = np.uint64(ord("0")), np.uint64(0x80), np.uint64(0x8000), np.uint64(1 << 63)
_LAST, _LAST_BUT_ONE = np.uint64(56), np.uint64(6)
# By the first two characters: whether a number may begin so.
_PAIR = np.uint64(0xFFFF)
_BEGINS = np.array(
    [
        chr(pair & 255) in "123456789" or (pair & 255 == ord("0") and chr(pair >> 8) not in "0123456789")
        for pair in range(1 << 16)
    ]
)
_NUMBER = re.compile(rb"(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?(?![\d.eE+-])")

_SIGNED = re.compile(rb"-?" + _NUMBER.pattern)

_WHOLE, _FRACTION = 16, 22
"""Digits before and behind the dot that are read at once. Doubles have every power of ten up to 22."""
_DIGITS = 18
# By the number of digits behind the dot: what an integer of at most 18 digits leaves before it, and ten to
# that number as integer and as double.
_ROOM = np.array([10 ** max(_DIGITS - behind, 0) for behind in range(_FRACTION + 1)], np.int64)
_POWERS = np.array([10**behind if behind <= _DIGITS else 0 for behind in range(_FRACTION + 1)], np.int64)
_DIVISORS = np.array([10.0**behind for behind in range(_FRACTION + 1)])
_SPLIT = float((1 << 27) + 1)
_DOUBT = 2.0**-98
"""More than the sum of both doubles may be off, as a share."""


class Numbers(NamedTuple):
    """Numbers, where they end, and which could be read."""

    values: Floats
    ends: Ints
    read: Flags

    def put(self, rows: Ints, some: Numbers) -> None:
        """Put in those of some rows."""
        for column, values in zip(self, some, strict=True):
            column[rows] = values


def numbers(text: Text, begins: Ints, words: Words | None = None, *, plain: bool = False) -> Numbers:
    """Decimal numbers that begin there, as JSON writes them.

    Args:
        text: the chunk.
        begins: their places.
        words: the word at each of them, if it is known already.
        plain: numbers with exponents end before that, and such as are only read one at a time are not read.
    """
    words = text.window(begins, 1)[:, 0] if words is None else words
    negative = minus(words)
    if negative is None:
        return _positive(text, begins, words, None, plain=plain)
    begins = begins + negative
    found = _positive(text, begins, unsigned(words, negative), negative, plain=plain)
    return found._replace(values=signed(found.values, negative))


def minus(words: Words) -> Flags | None:
    """Where there is a minus, None where there is none at all."""
    found: Flags = (words & _BYTE) == _MINUS
    return found if found.any() else None


def unsigned(words: Words, negative: Flags) -> Words:
    """Words without their minus; what follows their last byte is not in them then, but a zero."""
    found: Words = words >> (negative.astype(np.uint64) << _THREE)
    return found


def signed(values: Floats, negative: Flags) -> Floats:
    """Values with their signs."""
    found: Floats = np.negative(values, out=values, where=negative)
    return found


def few(text: Text, begins: Ints) -> Numbers:
    """What `numbers` gives, one at a time: of a few this is faster."""
    return _singly(text, begins, _SIGNED)


def _positive(text: Text, begins: Ints, word: Words, cut: Flags | None, *, plain: bool) -> Numbers:
    """Numbers without sign; words are `cut` that have seven bytes of them."""
    dots: Words = word ^ _DOTS
    # A slash behind a dot looks like a second dot; so the number is not read, which is right.
    dots = (dots - ONES) & ~dots & TOPS
    digits = word ^ ZEROS
    marks = ((digits + ABOVE_NINE) | digits) & TOPS
    stops = marks ^ dots
    stop = (stops & (~stops + ONE)) >> _SEVEN
    length = (stop * _PLACES) >> LAST_BYTE
    below = stop - ONE
    dots &= below
    # 01.5 is no number, nor is .5.
    read = ((word & _BYTE) != _ZERO) | ((marks & _SECOND) != NO)
    read &= ((marks & _FIRST) | (dots & (dots - ONE))) == NO
    bits = length << _THREE
    power = (((word >> bits) & _BYTE) | _SMALL) == _E
    # The number is moved to end in the last byte but one; where there is no dot, the last is its place.
    shift = (_LAST - bits) & _BITS
    dots = (dots << shift) | _TOP
    bit = (dots & (~dots + ONE)) >> _SEVEN
    place = (bit * _PLACES) >> LAST_BYTE
    digits = (digits & below) << shift
    before = digits & (bit - ONE)
    behind = digits & ~((bit << _EIGHT) - ONE)
    values = eight((before << _EIGHT) | behind).view(np.int64) / _TENS[place.view(np.int64)]
    # Nor is 5. one.
    read &= place != _LAST_BUT_ONE
    found = Numbers(values, begins + length.view(np.int64), read)
    long = stop == NO
    if cut is not None:
        long |= cut & (length == _SEVEN)
    if long.any():
        rows = np.flatnonzero(long)
        found.put(rows, _long(text, begins[rows], plain=plain))
    if not plain and power.any() and len(rows := np.flatnonzero(power & read & ~long)):
        found.put(rows, _singly(text, begins[rows]))
    return found


def _long(text: Text, begins: Ints, *, plain: bool) -> Numbers:
    """Numbers of more than seven characters."""
    window = text.window(begins, 4)
    digits: Words = window ^ ZEROS
    stops: Words = ((digits + ABOVE_NINE) | digits) & TOPS
    dots: Words = window ^ _DOTS
    dots = (dots - ONES) & ~dots & TOPS
    dot, length = _first(stops), _first(stops & ~dots)
    behind = np.maximum(length - dot - 1, 0)
    # Where there is no dot, it would stand behind the number.
    before = _digits_before(text, begins + dot, dot, 2)
    after = _digits_before(text, begins + length, behind, 3)
    read = _BEGINS[window[:, 0] & _PAIR] & (length - dot != 1) & (dot <= _WHOLE) & (behind <= _FRACTION)
    read &= (length < 8 * window.shape[1]) & after[1] & (after[0][0] < 100)
    np.minimum(behind, _FRACTION, out=behind)
    whole = before[0][0] * 10**8 + before[0][1]
    read &= whole < _ROOM[behind]
    fraction = (after[0][0] * 10**8 + after[0][1]) * 10**8 + after[0][2]
    values, sure = _divided(whole * _POWERS[behind] + fraction, _DIVISORS[behind])
    found = Numbers(values, begins + length, read & sure)
    if plain:
        return found
    stop = text.bytes[found.ends]
    slow = np.flatnonzero(~found.read | (stop | 32 == ord("e")))
    if len(slow):
        found.put(slow, _singly(text, begins[slow]))
    return found


def _first(marks: Words) -> Ints:
    """How many bytes there are before the first mark in a row of words."""
    lengths = np.zeros(len(marks), np.uint64)
    open_ = np.ones(len(marks), np.bool_)
    for at in range(marks.shape[1]):
        mark = marks[:, at]
        below = (((mark & (~mark + ONE)) >> _SEVEN) - ONE) * open_
        own = ((below & ONES) * ONES) >> LAST_BYTE
        lengths += own
        open_ = own == _EIGHT
    return lengths.view(np.int64)


def _digits_before(text: Text, ends: Ints, count: Ints, words: int) -> tuple[list[Ints], Flags]:
    """So many digits before each of the places, as integers of eight digits, the highest first; and whether
    they are all digits."""
    window = text.window(ends - 8 * words, words) ^ ZEROS
    wrong = np.zeros(len(ends), np.uint64)
    found = []
    for at in range(words):
        missing = np.clip(8 * (words - at) - count, 0, 8)
        digits = window[:, at] & ~FIRST[missing]
        wrong |= (digits + ABOVE_NINE) | digits
        found.append(eight(digits).view(np.int64))
    return found, (wrong & TOPS) == NO


def _divided(integers: Ints, divisors: Floats) -> tuple[Floats, Flags]:
    """The double next to each quotient, and where that is certain; all integers are below 10^18."""
    high = integers.astype(np.float64)
    low = (integers - high.astype(np.int64)).astype(np.float64)
    quotient = high / divisors
    # Dekker's product: quotient * divisors is exactly product + error.
    product = quotient * divisors
    q, d = _halves(quotient), _halves(divisors)
    error = ((q[0] * d[0] - product) + q[0] * d[1] + q[1] * d[0]) + q[1] * d[1]
    rest = ((high - product) - error + low) / divisors
    doubt = quotient * _DOUBT
    values = quotient + (rest + doubt)
    sure: Flags = values == quotient + (rest - doubt)
    return values, sure


def _halves(values: Floats) -> tuple[Floats, Floats]:
    """Veltkamp's split: two doubles of half the digits."""
    large = values * _SPLIT
    high = large - (large - values)
    return high, values - high


def _singly(text: Text, begins: Ints, kind: re.Pattern[bytes] = _NUMBER) -> Numbers:
    """Numbers of any kind, one at a time."""
    found = Numbers(np.zeros(len(begins)), begins.copy(), np.zeros(len(begins), np.bool_))
    for row, begin in enumerate(begins.tolist()):
        number = text.match(kind, begin)
        if number is not None and isfinite(value := float(number)):
            found.values[row], found.ends[row], found.read[row] = value, begin + len(number), True
    return found


def eight(digits: Words) -> Words:
    """The number that eight bytes 0 to 9 are."""
    pairs = (digits * np.uint64(2561)) >> np.uint64(8)
    fours = ((pairs & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    result: Words = ((fours & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
    return result
