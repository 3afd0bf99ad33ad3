"""Texts of many lines as numbers of 64 bits, from their words: the same on every device, in every run.

A word is mixed, multiplied by a constant of its place, and all are added up, so that words of zeros behind a
text's end change nothing; its length is one word more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from collectors.logs.formats.words import Ints, Words

LONGEST = 64
"""Bytes of a text that is read many at a time."""
LONGEST_REQUEST = 256
"""Characters of a request's identity."""
REQUEST_BITS = 48
"""As many bits of it are kept."""

_MASK = (1 << 64) - 1
_MIX, _PLACE, _LENGTH = 0xBF58476D1CE4E5B9, 0x9E3779B97F4A7C15, 0x94D049BB133111EB
_LAST = 0xD6E8FEB86659FD93


def hashes(words: Sequence[Words], lengths: Ints) -> Words:
    """A number for each text.

    Args:
        words: the first of each text, the second and so on, zeros behind its end.
        lengths: in bytes.
    """
    found: Words = lengths.astype(np.uint64) * np.uint64(_LENGTH)
    factor = _PLACE
    for word in words:
        mixed = (word ^ (word >> np.uint64(32))) * np.uint64(_MIX)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(factor)
        found += mixed
        factor = factor * _PLACE & _MASK
    found ^= found >> np.uint64(32)
    found *= np.uint64(_LAST)
    found ^= found >> np.uint64(32)
    return found


def hash_of(text: bytes) -> int:
    """The number of one text."""
    found = len(text) * _LENGTH
    factor = _PLACE
    for at in range(0, len(text), 8):
        word = int.from_bytes(text[at : at + 8], "little")
        mixed = (word ^ (word >> 32)) * _MIX & _MASK
        found += (mixed ^ (mixed >> 29)) * factor
        factor = factor * _PLACE & _MASK
    found &= _MASK
    found = (found ^ (found >> 32)) * _LAST & _MASK
    return found ^ (found >> 32)


def request_of(text: str) -> int:
    """The identity of a request by its id, above 0; 0 for none."""
    if not text:
        return 0
    found = hash_of(text[:LONGEST_REQUEST].encode("utf-8", "surrogatepass"))
    return max(found >> (64 - REQUEST_BITS), 1)


def requests(words: Sequence[Words], lengths: Ints) -> Words:
    """The same of many ids of at most LONGEST bytes."""
    found: Words = np.maximum(hashes(words, lengths) >> np.uint64(64 - REQUEST_BITS), np.uint64(1))
    found[lengths == 0] = 0
    return found
