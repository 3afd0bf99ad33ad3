"""Lines of JSON with escapes or letters beyond ASCII, made ready to be read by their quotes.

The bytes of a chunk as it is laid out, not the chunk itself, are changed: an escape begins with MARK, and has
no quote in it and no backslash. Different texts stay different, and as long as they were.
"""

from __future__ import annotations

import numpy as np

from collectors.logs.formats.words import ONES, TOPS, Flags, Ints, Text, Words

MARK = 1
_QUOTE, _BACKSLASH, _U = 34, 92, 117
# What the characters behind a backslash become; 0: there is no such escape.
_NEXT = np.zeros(256, np.uint8)
for _one in b"/bfnrtu":
    _NEXT[_one] = _one
_NEXT[_QUOTE], _NEXT[_BACKSLASH] = 2, 3
_HEX = np.full(256, 1 << 16, np.int64)
for _digit in range(16):
    _HEX[ord(f"{_digit:x}")] = _HEX[ord(f"{_digit:X}")] = _digit
_TOGETHER = 1024
"""Lines that are decoded together."""


def odd(text: Text) -> Flags | None:
    """Lines that no column is read of, None where there are none: with control characters, with what is no
    escape of JSON, or no UTF-8. All others are ready after this."""
    if text.marked is not None:
        return text.odd
    text.marked = b"\\" in text.chunk
    places = np.concatenate((text.controls, _marked(text))) if text.marked else text.controls
    flags = np.zeros(len(text), np.bool_)
    flags[np.searchsorted(text.ends, places)] = True
    if not text.chunk.isascii():
        flags[_undecodable(text)] = True
    text.odd = flags if flags.any() else None
    return text.odd


def _marked(text: Text) -> Ints:
    """Mark the escapes; returns where there is a backslash that begins none."""
    places = text.where(np.equal, _BACKSLASH)
    # In a row of backslashes every other one begins an escape.
    first = np.concatenate(([True], np.diff(places) != 1))
    places = places[(places - np.maximum.accumulate(np.where(first, places, 0))) % 2 == 0]
    after = _NEXT[text.bytes[places + 1]]
    units = np.flatnonzero(after == _U)
    codes = _HEX[text.bytes[places[units, None] + np.arange(2, 6)]] @ (1 << np.arange(12, -1, -4))
    text.bytes[places], text.bytes[places + 1] = MARK, np.where(after == 0, text.bytes[places + 1], after)
    low = (codes >= 0xDC00) & (codes < 0xE000)
    high = (codes >= 0xD800) & (codes < 0xDC00)
    # Halves of a pair follow each other; all others are alone.
    paired = np.zeros(len(units), np.bool_)
    paired[:-1] = high[:-1] & low[1:] & (np.diff(places[units]) == 6)
    paired[1:] |= paired[:-1]
    alone = (low | high) & ~paired | (codes >= 1 << 16)
    return np.concatenate((places[after == 0], places[units[alone]]))


def _undecodable(text: Text) -> list[int]:
    """Lines that are not UTF-8."""
    found = []
    for begin in range(0, len(text), _TOGETHER):
        end = min(begin + _TOGETHER, len(text))
        if not _is_utf8(text.part(int(text.starts[begin]), int(text.ends[end - 1]))):
            found += [row for row in range(begin, end) if not _is_utf8(text.line(row))]
    return found


def _is_utf8(part: bytes) -> bool:
    try:
        part.decode()
    except UnicodeDecodeError:
        return False
    return True


def marked(words: list[Words]) -> Flags:
    """Which texts with these words may have an escape."""
    found: Words = np.zeros(len(words[0]), np.uint64)
    for word in words:
        other = word ^ ONES
        found |= (other - ONES) & ~other & TOPS
    flags: Flags = found != 0
    return flags
