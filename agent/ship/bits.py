"""Columns of integers as bits: a base, and exponential-Golomb codes of what is above it.

    column := base:number  k:6 bits  code...        k = 63: all values are the base, no codes follow
    number := length:7 bits  magnitude:length bits  of the zigzag value (0, -1, 1, -2, ... -> 0, 1, 2, 3)
    code   := x = value - base + 2^k in binary, after as many zeros as x is longer than k + 1 bits

k is chosen for each column, so that noise costs its own bits and little more: the code is within
a tenth of the entropy of what a minute of a noisy host gives.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from agent.ship.limits import NUMBERS, fault

CONSTANT = 63
LONGEST = 80
"""Bits of a value above its base; 2^80 covers every count and every rank."""


class Room:
    """How many numbers a body may still hold; shared by all its writers, or all its readers."""

    __slots__ = ("left",)

    def __init__(self, left: int = NUMBERS) -> None:
        self.left = left

    def take(self, count: int) -> None:
        """Make room, or refuse: a constant column of any length is a few bytes."""
        self.left -= count
        if self.left < 0:
            fault("too_large", f"more than {NUMBERS} numbers in a body; fewer windows in a record fit")


class BitWriter:
    """Collects columns; whole numbers become bits, floats are kept apart as doubles."""

    __slots__ = ("_bits", "_floats", "_room")

    def __init__(self, room: Room) -> None:
        self._bits: list[str] = []
        self._floats: list[float] = []
        self._room = room

    def number(self, value: int) -> None:
        """One integer of any sign, of at most 80 bits."""
        self._bits.append(_numbered(value))

    def column(self, values: Sequence[int]) -> None:
        """Integers whose count the reader knows."""
        if values:
            self._room.take(len(values))
            self._bits += _coded(values)

    def within(self, values: Sequence[int], tops: Sequence[int]) -> None:
        """Integers, each within [0, top] of its own top, which the reader knows; in plain binary."""
        self._bits += [
            f"{value:0{top.bit_length()}b}" for value, top in zip(values, tops, strict=True) if top
        ]

    def floats(self, values: Sequence[float]) -> None:
        """Doubles, exact.

        Raises:
            WireError: "range" for NaN and infinities.
        """
        self._room.take(len(values))
        if not all(map(math.isfinite, values)):
            fault("range", "a number to be sent must be finite, not NaN or infinite")
        self._floats += values

    def done(self) -> tuple[bytes, bytes]:
        """The bits, padded with zeros to whole bytes, and the doubles."""
        bits = "".join(self._bits)
        bits += "0" * (-len(bits) % 8)
        return int(bits or "0", 2).to_bytes(len(bits) // 8, "big"), _planes(self._floats)


class BitReader:
    """Reads back what `BitWriter` wrote, in the same order; torn bits raise WireError."""

    __slots__ = ("_at", "_bits", "_floats", "_read", "_room")

    def __init__(self, packed: bytes, floats: bytes, room: Room) -> None:
        self._bits = f"{int.from_bytes(packed, 'big'):0{len(packed) * 8}b}" if packed else ""
        self._at = 0
        self._floats = _unplaned(floats)
        self._read = 0
        self._room = room

    def number(self) -> int:
        """One integer, see `BitWriter.number`."""
        length = self._take(7)
        if length > LONGEST:
            fault("range", f"an integer of {length} bits, at most {LONGEST} are allowed")
        zigzag = self._take(length)
        return -(zigzag + 1 >> 1) if zigzag & 1 else zigzag >> 1

    def column(self, count: int) -> list[int]:
        """`count` integers."""
        if not count:
            return []
        self._room.take(count)
        base = self.number()
        k = self._take(6)
        if k == CONSTANT:
            return [base] * count
        bits, at, values = self._bits, self._at, []
        less = base - (1 << k)
        for _ in range(count):
            one = bits.find("1", at, at + LONGEST)
            end = 2 * one - at + k + 1
            if one < 0 or end > len(bits):
                fault("malformed", "a column ends early")
            values.append(int(bits[one:end], 2) + less)
            at = end
        self._at = at
        return values

    def within(self, tops: Sequence[int]) -> list[int]:
        """Integers, each within [0, top]."""
        values = [self._take(top.bit_length()) for top in tops]
        for value, top in zip(values, tops, strict=True):
            if value > top:
                fault("range", f"a value {value} above its bound {top}")
        return values

    def floats(self, count: int) -> list[float]:
        """`count` doubles."""
        self._room.take(count)
        start = self._read
        self._read += count
        if self._read > len(self._floats):
            fault("malformed", "a column of doubles ends early")
        values = self._floats[start : self._read]
        if not all(map(math.isfinite, values)):
            fault("range", "a number must be finite, not NaN or infinite")
        return list(values)

    def _take(self, length: int) -> int:
        if not length:
            return 0
        end = self._at + length
        if end > len(self._bits):
            fault("malformed", "a column ends early")
        value = int(self._bits[self._at : end], 2)
        self._at = end
        return value


def bits_of(values: Sequence[int]) -> int:
    """How many bits a column of these takes."""
    return sum(map(len, _coded(values))) if values else 0


def _coded(values: Sequence[int]) -> list[str]:
    """A column that is not empty, in pieces."""
    base = min(values)
    head = _numbered(base)
    if max(values) == base:
        return [head, f"{CONSTANT:06b}"]
    above = [value - base for value in values]
    k = _best(above)
    shift = 1 << k
    return [head, f"{k:06b}", *["0" * ((u + shift).bit_length() - k - 1) + f"{u + shift:b}" for u in above]]


def _numbered(value: int) -> str:
    """One integer of any sign, of at most 80 bits."""
    zigzag = value << 1 if value >= 0 else (-value << 1) - 1
    return f"{zigzag.bit_length():07b}" + (f"{zigzag:b}" if zigzag else "")


def _best(above: Sequence[int]) -> int:
    """The k with the fewest bits: the shortest codes lie near the logarithm of the median."""
    guess = sorted(above)[len(above) // 2].bit_length()
    ks = range(max(0, guess - 2), max(1, min(guess + 1, CONSTANT)))
    return min(ks, key=lambda k: sum([2 * (u + (1 << k)).bit_length() for u in above]) - k * len(above))


def _planes(values: Sequence[float]) -> bytes:
    """Doubles, little-endian, all first bytes, then all second bytes, ...: exponents lie together."""
    raw = struct.pack(f"<{len(values)}d", *values)
    return b"".join([raw[i::8] for i in range(8)])


def _unplaned(planes: bytes) -> tuple[float, ...]:
    count, rest = divmod(len(planes), 8)
    if rest:
        fault("malformed", "doubles are 8 bytes each")
    raw = bytearray(len(planes))
    for i in range(8):
        raw[i::8] = planes[i * count : (i + 1) * count]
    return struct.unpack(f"<{count}d", raw)
