"""Bytes of many lines at once, eight at a time: literals compared, numbers and minutes read, with numpy.

A word is eight bytes of the text as a little-endian integer, so that the first byte is the lowest. What is
read here is what the exact path reads, or it is said that it cannot be.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

FRONT, BACK = 8, 8192
"""Bytes before and behind a chunk, so that places just outside can be looked at."""
NEWLINE = 10
LONGEST_TEXT = 128
"""Words of a text that are looked at for its end."""
KEPT = 4
"""Words of a text that are kept."""


def _word(byte: int) -> np.uint64:
    word: np.uint64 = np.uint64(int.from_bytes(bytes([byte]) * 8, "little"))
    return word


_ONES, _ZEROS, _DOTS, _QUOTES = _word(1), _word(0x30), _word(0x2E), _word(0x22)
_TOPS, _ABOVE_NINE = _word(0x80), _word(0x76)
_NO, _ONE, _BYTE = np.uint64(0), np.uint64(1), np.uint64(0xFF)
_SEVEN, _EIGHT, _LAST_BYTE, _BITS = np.uint64(7), np.uint64(8), np.uint64(56), np.uint64(63)
# Times a lone bit at the bottom of a byte, this has the byte's place in its last byte.
_PLACES = np.uint64(0x0001020304050607)
# By the place of the dot in a right-aligned word: ten to the number of digits behind it; 0: there is no dot.
_TENS = np.array([1.0, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1.0])
# By length: the bits of the first so many bytes of a word.
_FIRST = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)
_TWO, _EIGHTS = _word(2), _word(8)
# By the first two characters: whether a number may begin so.
_PAIR = np.uint64(0xFFFF)
_BEGINS = np.array(
    [
        chr(pair & 255) in "123456789" or (pair & 255 == ord("0") and chr(pair >> 8) not in "0123456789")
        for pair in range(1 << 16)
    ]
)
_NUMBER = re.compile(rb"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?![\d.eE+-])")


class Desk:
    """Memory that chunks are laid out in, one after the other: fresh memory costs as much as reading them."""

    def __init__(self) -> None:
        self.bytes = np.zeros(0, np.uint8)
        self.flags = np.zeros(0, np.bool_)

    def lay(self, chunk: bytes) -> NDArray[np.uint8]:
        """The chunk's bytes between FRONT and BACK others."""
        size = FRONT + len(chunk) + BACK
        if len(self.bytes) < size:
            self.bytes, self.flags = (
                np.zeros(size + size // 4, np.uint8),
                np.zeros(size + size // 4, np.bool_),
            )
        laid = self.bytes[:size]
        laid[FRONT:-BACK] = np.frombuffer(chunk, np.uint8)
        laid[-BACK:] = 0
        return laid


class Text:
    """A chunk of whole lines with its bytes and words by place; the place of its first byte is FRONT.

    It is there until the next chunk is laid on the desk.
    """

    def __init__(self, chunk: bytes, desk: Desk) -> None:
        self.chunk = chunk
        self.bytes = desk.lay(chunk)
        self._flags = desk.flags[: len(chunk)]
        self.words = np.ndarray(len(self.bytes) - 7, np.dtype("<u8"), self.bytes, 0, (1,))
        ends = np.flatnonzero(np.equal(self.bytes[FRONT:-BACK], NEWLINE, out=self._flags))
        self.ends = ends + FRONT
        self.starts = np.concatenate((np.array([FRONT]), self.ends[:-1] + 1)) if len(ends) else self.ends

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, row: int) -> bytes:
        """A line without its end."""
        return self.part(int(self.starts[row]), int(self.ends[row]))

    def part(self, begin: int, end: int) -> bytes:
        """The bytes between two places."""
        return self.chunk[begin - FRONT : end - FRONT]

    def having(self, marks: bytes) -> Flags:
        """Lines with one of these bytes."""
        flags = np.zeros(len(self), np.bool_)
        for mark in marks:
            if mark in self.chunk:
                places = np.flatnonzero(self.bytes[FRONT:-BACK] == mark) + FRONT
                flags[np.searchsorted(self.ends, places)] = True
        return flags

    def odd(self) -> Flags | None:
        """Lines with control characters, backslashes or bytes beyond ASCII; None where there are none."""
        body = self.bytes[FRONT:-BACK]
        controls = np.count_nonzero(np.less(body, 32, out=self._flags)) - len(self)
        if not controls and self.chunk.isascii() and b"\\" not in self.chunk:
            return None
        places = np.flatnonzero(((body < 32) & (body != NEWLINE)) | (body == 92) | (body >= 128)) + FRONT
        flags = np.zeros(len(self), np.bool_)
        flags[np.searchsorted(self.ends, places)] = True
        return flags


def same(text: Text, places: Ints, literal: bytes) -> Flags:
    """Whether the literal, of at least a byte, stands at each of the places."""
    differing: Words = np.zeros(0, np.uint64)
    for begin in range(0, len(literal), 8):
        # The last word of a literal of more than eight bytes overlaps the one before.
        begin = min(begin, max(len(literal) - 8, 0))  # noqa: PLW2901
        part = literal[begin : begin + 8]
        word = text.words[begin:][places]
        word ^= np.uint64(int.from_bytes(part, "little"))
        if len(part) < 8:
            word &= np.uint64((1 << (8 * len(part))) - 1)
        differing = np.bitwise_or(differing, word, out=differing) if len(differing) else word
    found: Flags = differing == _NO
    return found


class Texts(NamedTuple):
    """Texts up to a quote: where they end, their first words, and which end at all within reach."""

    ends: Ints
    words: list[Words]
    read: Flags | None


def texts(text: Text, begins: Ints, kept_words: int = KEPT) -> Texts:
    """Texts that begin there and end before the next quote. `words` are as many as the longest needs, at most
    `kept_words`, with zeros behind the text's end."""
    word, below, lengths, found = _to_quote(text.words[begins])
    kept = [word & below] if kept_words else []
    if found.all():
        return Texts(begins + lengths, kept, None)
    rest: Ints | None = None if not found.any() else np.flatnonzero(~found)
    for at in range(1, LONGEST_TEXT):
        places = begins if rest is None else begins[rest]
        more, below, length, found = _to_quote(text.words[8 * at :][places])
        if rest is None:
            lengths += length
        else:
            lengths[rest] += length
        if at < kept_words:
            kept.append(_over(len(begins), rest, more & below))
        if found.all():
            return Texts(begins + lengths, kept, None)
        if rest is not None:
            rest = rest[~found]
        elif found.any():
            rest = np.flatnonzero(~found)
    read = np.ones(len(begins), np.bool_)
    read[slice(None) if rest is None else rest] = False
    lengths[~read] = 0
    return Texts(begins + lengths, kept, read)


def _over(size: int, rows: Ints | None, words: Words) -> Words:
    """A column over all rows, with zeros where there is none."""
    if rows is None:
        return words
    column = np.zeros(size, np.uint64)
    column[rows] = words
    return column


def _to_quote(word: Words) -> tuple[Words, Words, Ints, Flags]:
    """The word, the bits before its first quote, how many bytes these are, and whether there is a quote."""
    other: Words = word ^ _QUOTES
    found: Words = (other - _ONES) & ~other & _TOPS
    bit: Words = (found & (~found + _ONE)) >> _SEVEN
    there: Flags = bit != _NO
    lengths = ((bit * _PLACES) >> _LAST_BYTE).astype(np.int64)
    lengths[~there] = 8
    return word, bit - _ONE, lengths, there


def head_of(text: Text, begins: Ints, lengths: Ints) -> list[Words]:
    """The first words, at most KEPT, of texts that begin there and have these lengths."""
    words = min(max(-(-int(lengths.max(initial=0)) // 8), 1), KEPT)
    return [
        text.words[begins + 8 * word] & _FIRST[np.clip(lengths - 8 * word, 0, 8)] for word in range(words)
    ]


class Numbers(NamedTuple):
    """Numbers, where they end, and which could be read."""

    values: Floats
    ends: Ints
    read: Flags


def numbers(text: Text, begins: Ints) -> Numbers:
    """Decimal numbers that begin there, as JSON writes them, without exponent, of at most 62 digits."""
    negative = text.bytes[begins] == 45
    if not negative.any():
        return _positive(text, begins)
    found = _positive(text, begins + negative)
    return found._replace(values=np.where(negative, -found.values, found.values))


def _positive(text: Text, begins: Ints) -> Numbers:
    """Numbers without sign: those of at most seven characters at once, the others one at a time."""
    word = text.words[begins]
    dots = word ^ _DOTS
    # A slash behind a dot looks like a second dot; so the number is not read, which is right.
    dots = (dots - _ONES) & ~dots & _TOPS
    digits = word ^ _ZEROS
    stops = ((digits + _ABOVE_NINE) | digits) & _TOPS & ~dots
    stop = (stops & (~stops + _ONE)) >> _SEVEN
    length = (stop * _PLACES) >> _LAST_BYTE
    dots &= stop - _ONE
    single = (dots & (dots - _ONE)) == _NO
    shift = (-(length << np.uint64(3))) & _BITS
    dots <<= shift
    digits = (digits & (stop - _ONE)) << shift
    bit = dots >> _SEVEN
    place = (bit * _PLACES) >> _LAST_BYTE
    before, behind = bit - _ONE, ~(bit * _BYTE | (bit - _ONE))
    whole = bit == _NO
    value = _eight(np.where(whole, digits, ((digits & before) << _EIGHT) | (digits & behind)))
    values = value.astype(np.float64) / _TENS[place & _SEVEN]
    # 01.5 is no number, nor are .5 and 5.
    read = single & _BEGINS[word & _PAIR] & (place != _SEVEN)
    found = Numbers(values, begins + length.astype(np.int64), read)
    long = np.flatnonzero(stop == _NO)
    return _long(text, begins, found, long) if len(long) else found


def _long(text: Text, begins: Ints, found: Numbers, rows: Ints) -> Numbers:
    """Put in the numbers of more than seven characters."""
    for row in rows:
        begin = int(begins[row])
        number = _NUMBER.match(text.chunk, begin - FRONT)
        found.read[row] = number is not None
        if number is not None:
            found.values[row] = float(number[0])
            found.ends[row] = begin + len(number[0])
    return found


def _eight(digits: Words) -> Words:
    """The number that eight bytes 0 to 9 are."""
    pairs = (digits * np.uint64(2561)) >> np.uint64(8)
    fours = ((pairs & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    result: Words = ((fours & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
    return result


class Minutes:
    """Times of one form, by what they say down to the minute: many lines say the same.

    Args:
        length: characters of a time.
        seconds: where its two digits of seconds stand.
        fraction: where the digits of their fraction begin and end.
    """

    def __init__(self, length: int, seconds: int, fraction: tuple[int, int]) -> None:
        self.form = length, seconds, fraction
        kept, digits = bytearray(32), bytearray(32)
        kept[:length] = b"\xff" * length
        for at in (*range(seconds, seconds + 2), *range(*fraction)):
            kept[at], digits[at] = 0, 0xFF
        tens = bytearray(32)
        tens[seconds] = 0x0F
        self._tens = np.frombuffer(bytes(tens), np.dtype("<u8"))
        self._kept = np.frombuffer(bytes(kept), np.dtype("<u8"))
        self._digits = np.frombuffer(bytes(digits), np.dtype("<u8"))
        self.length, self._seconds = length, seconds

    def heads(self, column: list[Words]) -> tuple[list[Words], Flags]:
        """What of the words of times tells the minute, and whether seconds and fraction are proper digits."""
        wrong: Words | None = None
        heads = []
        for word, kept, digits, tens in zip(column, self._kept, self._digits, self._tens, strict=False):
            heads.append(word & kept)
            if digits:
                own = (word ^ _ZEROS) & digits
                own = ((own + _ABOVE_NINE) | own) & _TOPS
                # No seconds beyond 59: 6 and more, and what is in their place is a digit, have these bits.
                own |= ((word & tens) + (_TWO & tens)) & (_EIGHTS & tens)
                wrong = own if wrong is None else wrong | own
        proper: Flags = np.ones(len(column[0]), np.bool_) if wrong is None else wrong == _NO
        return heads, proper

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Minutes) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)
