"""Bytes of many lines at once, eight at a time: literals compared, texts read, with numpy.

A word is eight bytes of the text as a little-endian integer, so that the first byte is the lowest. What is
read here is what the exact path reads, or it is said that it cannot be.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

FRONT, BACK = 64, 16384
"""Bytes before and behind a chunk, so that places just outside can be looked at."""
NEWLINE, SPACE, COMMA = 10, 32, ord(",")
LONGEST_TEXT = 128
"""Words of a text that are looked at for its end."""
KEPT = 4
"""Words of a text that are kept."""
STRETCH = 1 << 17
"""Bytes that are looked at together."""
WIDE = 8
"""Words that are looked at together."""


def word_of(byte: int) -> np.uint64:
    """Eight times the byte."""
    word: np.uint64 = np.uint64(int.from_bytes(bytes([byte]) * 8, "little"))
    return word


ONES, ZEROS, TOPS, ABOVE_NINE = word_of(1), word_of(0x30), word_of(0x80), word_of(0x76)
_QUOTES = word_of(0x22)
_WORD = np.dtype("<u8")
NO, ONE, _SEVEN, _EIGHT, LAST_BYTE = np.uint64(0), np.uint64(1), np.uint64(7), np.uint64(8), np.uint64(56)
# By length: the bits of the first so many bytes of a word.
FIRST = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)


class Desk:
    """Memory that chunks are laid out in, one after the other: fresh memory costs as much as reading them."""

    def __init__(self) -> None:
        self.bytes = np.zeros(0, np.uint8)
        self.flags = np.zeros(0, np.bool_)

    def lay(self, chunk: bytes) -> NDArray[np.uint8]:
        """The chunk's bytes between FRONT and BACK others."""
        size = FRONT + len(chunk) + BACK
        if len(self.bytes) < size:
            self.bytes = np.zeros(size + size // 8, np.uint8)
            self.flags = np.zeros(min(size, STRETCH), np.bool_)
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
        self.body = self.bytes[FRONT:-BACK]
        """The bytes of the chunk."""
        self._flags = desk.flags
        self._every: dict[int, NDArray[np.void]] = {}
        self._commas: Ints | None = None
        self.marked: bool | None = None
        """Whether there were escapes, which are marked now (`escapes`); None: nobody has looked."""
        self.odd: Flags | None = None
        """Which lines are to be read one at a time, then; None: none."""
        controls = self.where(np.less, SPACE)
        other = self.bytes[controls] != NEWLINE
        self.controls: Ints = controls[other]
        """Where control characters stand that are no ends of lines."""
        self.ends = controls[~other] if len(self.controls) else controls
        self.starts = self.ends + 1
        if len(self.ends):
            self.starts = np.concatenate((np.array([FRONT]), self.ends[:-1] + 1))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def commas(self) -> Ints:
        """Where commas stand."""
        if self._commas is None:
            self._commas = self.where(np.equal, COMMA)
        return self._commas

    def where(self, compare: np.ufunc, byte: int) -> Ints:
        """The places of bytes that compare so, which are few; a stretch at a time, for flags of all would be
        as large as the chunk."""
        found = [np.empty(0, np.int64)]
        for begin in range(0, len(self.body), STRETCH):
            part = self.body[begin : begin + STRETCH]
            found.append(places_of(compare(part, byte, out=self._flags[: len(part)])) + (FRONT + begin))
        return np.concatenate(found)

    def window(self, places: Ints, words: int) -> Words:
        """So many words from each place on, a row for each place.

        One copy of many bytes costs hardly more than one of eight.
        """
        every = self._every.get(words)
        if every is None:
            size = 8 * words
            every = np.ndarray(len(self.bytes) - size + 1, np.dtype(f"V{size}"), self.bytes, 0, (1,))
            self._every[words] = every
        return every[places].view(_WORD).reshape(len(places), words)

    def line(self, row: int) -> bytes:
        """A line without its end."""
        return self.part(int(self.starts[row]), int(self.ends[row]))

    def part(self, begin: int, end: int) -> bytes:
        """The bytes between two places."""
        return self.chunk[begin - FRONT : end - FRONT]

    def match(self, pattern: re.Pattern[bytes], place: int) -> bytes | None:
        """What a pattern matches from a place on."""
        found = pattern.match(self.chunk, place - FRONT)
        return None if found is None else found[0]

    def having(self, marks: bytes) -> Flags:
        """Lines with one of these bytes."""
        flags = np.zeros(len(self), np.bool_)
        for mark in marks:
            if mark in self.chunk:
                places = np.flatnonzero(self.body == mark) + FRONT
                flags[np.searchsorted(self.ends, places)] = True
        return flags


def places_of(flags: Flags) -> Ints:
    """Where flags are set, which are few, eight at a time."""
    whole = len(flags) // 8 * 8
    words = flags[:whole].view(np.dtype("<u8"))
    found = np.flatnonzero(words != NO)
    word = words[found]
    if (word & (word - ONE)).any():
        return np.flatnonzero(flags)
    # Times a lone bit at the bottom of a byte, this has the byte's place in its last byte.
    places = 8 * found + ((word * np.uint64(0x0001020304050607)) >> LAST_BYTE).view(np.int64)
    return np.concatenate((places, whole + np.flatnonzero(flags[whole:])))


def words_of(literal: bytes) -> int:
    """How many words a literal needs."""
    return -(-len(literal) // 8)


def differing(window: Words, literal: bytes) -> Words:
    """Not 0 where the first words of the window do not end in the literal, of at least a byte."""
    first, spare, rest = _words_of(literal)
    found: Words = window[:, 0] ^ first
    if spare:
        found >>= spare
    for at, word in enumerate(rest, 1):
        found |= window[:, at] ^ word
    return found


@lru_cache(4096)
def _words_of(literal: bytes) -> tuple[np.uint64, np.uint64, tuple[np.uint64, ...]]:
    """The first word of a literal, how many of its bits are not of it, and the other words."""
    spare = 8 * words_of(literal) - len(literal)
    padded = bytes(spare) + literal
    first, *rest = [
        np.uint64(int.from_bytes(padded[at : at + 8], "little")) for at in range(0, len(padded), 8)
    ]
    return first, np.uint64(8 * spare), tuple(rest)


def same(text: Text, places: Ints, literal: bytes) -> Flags:
    """Whether the literal stands at each of the places."""
    found = np.ones(len(places), np.bool_)
    for begin in range(0, len(literal), 8 * WIDE):
        part = literal[begin : begin + 8 * WIDE]
        count = words_of(part)
        found &= differing(text.window(places + (begin + len(part) - 8 * count), count), part) == NO
    return found


class Texts(NamedTuple):
    """Texts up to a quote: where they end, their first words, and which end at all within reach."""

    ends: Ints
    words: list[Words]
    read: Flags | None


def texts(text: Text, begins: Ints, kept: int = KEPT, window: Words | None = None) -> Texts:
    """Texts that begin there and end before the next quote.

    Args:
        text: the chunk.
        begins: their places.
        kept: first words that are wanted, at most: as many as the longest needs, zeros behind a text's end.
        window: words from there on, if they are known already.
    """
    window = text.window(begins, 2) if window is None else window
    lengths, words, open_ = _to_quote(window, kept)
    rows = np.flatnonzero(open_) if open_.any() else None
    at = window.shape[1]
    while rows is not None and at < LONGEST_TEXT:
        window = text.window(begins[rows] + 8 * at, WIDE)
        more, further, open_ = _to_quote(window, kept - at)
        lengths[rows] += more
        words += [_over(len(begins), rows, word) for word in further]
        rows = rows[open_] if open_.any() else None
        at += WIDE
    if rows is None:
        return Texts(begins + lengths, words, None)
    read = np.ones(len(begins), np.bool_)
    read[rows] = False
    lengths[rows] = 0
    return Texts(begins + lengths, words, read)


def _over(size: int, rows: Ints, words: Words) -> Words:
    """A column over all rows, with zeros where there is none."""
    column = np.zeros(size, np.uint64)
    column[rows] = words
    return column


def _to_quote(window: Words, kept: int) -> tuple[Ints, list[Words], Flags]:
    """How many bytes there are before the first quote, the words up to there, and which have none."""
    words: list[Words] = []
    lengths = np.zeros(len(window), np.uint64)
    open_ = np.ones(len(window), np.bool_)
    for at in range(window.shape[1]):
        word = window[:, at]
        other = word ^ _QUOTES
        found = (other - ONES) & ~other & TOPS
        # All bits below the first quote; all, where there is none.
        below = (((found & (~found + ONE)) >> _SEVEN) - ONE) * open_
        own = ((below & ONES) * ONES) >> LAST_BYTE
        lengths += own
        if at < kept:
            words.append(word & below)
        open_ = own == _EIGHT
        if not open_.any():
            break
    return lengths.view(np.int64), words, open_


def end_at(window: Words, size: int) -> bool:
    """Whether all texts that begin with these words have their first quote behind so many bytes."""
    last = size // 8
    wrong: Words = np.zeros(len(window), np.uint64)
    for at in range(last + 1):
        other = window[:, at] ^ _QUOTES
        found = (other - ONES) & ~other
        if at == last:
            found = (found ^ (TOPS & FIRST[1] << np.uint64(8 * (size % 8)))) & FIRST[size % 8 + 1]
        wrong |= found
    return not (wrong & TOPS).any()


def head_of(text: Text, begins: Ints, lengths: Ints, kept: int = KEPT) -> list[Words]:
    """The first words, at most `kept`, of texts that begin there and have these lengths."""
    words = min(max(-(-int(lengths.max(initial=0)) // 8), 1), kept)
    window = text.window(begins, words)
    return [window[:, word] & FIRST[np.clip(lengths - 8 * word, 0, 8)] for word in range(words)]
