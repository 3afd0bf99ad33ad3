"""What waits to be joined, and the pieces in which it is stored.

    piece     version (1), first number (8), floor (8), marks (4), entries (4), runs (4), flags (1); columns:
    marks     first number less the least number (4), then how far each is above the one before (1, or 4 if
              WIDE_MARKS), of entries joined since, in earlier pieces
    runs      when entries were taken (8), how long before that they were true (4), how many in a row (4)
    sides     two bits each: 0 is an entry of which nothing is kept but its number
    id        (6 each) of those of which anything is
    value     (1, or 8 if WIDE_VALUES) of those that are not joined
    said      confidence (2 each) of predictions that are not joined; their group (2 each, or 2 if ONE_GROUP)

All is little-endian. Entries have numbers in turn; below `floor` all have left. Of an entry that is joined
only the id matters, to tell a repetition by.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PREDICTION, TRUTH = 1, 2
JOINED = PREDICTION | TRUTH
"""Sides of a request that are known."""

ENTRY = np.dtype(
    [
        ("id", "<u8"),
        ("side", "u1"),
        ("value", "<f8"),
        ("confidence", "<u2"),
        ("group", "<u2"),
        ("taken", "<f8"),
        ("ago", "<f4"),
    ]
)
"""Whose id, which sides are known, what is said; when it was taken, and how long before it was true, s."""

Entries = NDArray[np.void]

VERSION = 2
WIDE_VALUES, WIDE_MARKS, ONE_GROUP = 1, 2, 4
_HEAD = struct.Struct("<BQQIIIB")
_ID = 6


class Piece(NamedTuple):
    """What changed between two saves.

    Args:
        start: the number of the first entry.
        floor: all with smaller numbers have left.
        marks: numbers of those that were joined, of earlier pieces.
        entries: that were added.
    """

    start: int
    floor: int
    marks: Sequence[int]
    entries: Entries

    @property
    def until(self) -> int:
        """The number that the next entry had or will have."""
        return self.start + len(self.entries)


def packed(piece: Piece, *, brief: bool = False) -> bytes:
    """As bytes; `brief`: without those that are joined."""
    entries = piece.entries
    sides = np.where(entries["side"] == JOINED, 0, entries["side"]) if brief else entries["side"]
    sides = np.where(entries["id"] == 0, 0, sides).astype(np.uint8)
    waiting = entries[(sides == PREDICTION) | (sides == TRUTH)]
    said = entries[sides == PREDICTION]
    values, groups = waiting["value"], said["group"]
    steps = np.diff(np.array(sorted(piece.marks), np.int64))
    flags = WIDE_MARKS * bool(np.any(steps > 255)) + ONE_GROUP * (
        len(said) > 0 and bool(np.all(groups == groups[0]))
    )
    flags += WIDE_VALUES * (not np.all((values >= 0) & (values < 256) & (values == np.floor(values))))
    taken, ago, counts = _runs(entries["taken"], entries["ago"])
    head = _HEAD.pack(VERSION, piece.start, piece.floor, len(piece.marks), len(entries), len(counts), flags)
    columns: tuple[NDArray[np.generic], ...] = (
        np.array([piece.start - min(piece.marks)] if piece.marks else [], "<u4"),
        steps.astype("<u4" if flags & WIDE_MARKS else np.uint8),
        taken,
        ago,
        counts.astype("<u4"),
        _pairs_of_bits(sides),
        np.ascontiguousarray(entries["id"][sides > 0]).view(np.uint8).reshape(-1, 8)[:, :_ID],
        values if flags & WIDE_VALUES else values.astype(np.uint8),
        said["confidence"],
        groups[:1] if flags & ONE_GROUP else groups,
    )
    return head + b"".join([column.tobytes() for column in columns])


def _runs(
    taken: NDArray[np.float64], ago: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.int64]]:
    """Values that follow each other, and how often in a row."""
    changes = (taken[1:] != taken[:-1]) | (ago[1:] != ago[:-1])
    starts = np.flatnonzero(np.concatenate(([len(taken) > 0], changes)))
    return taken[starts], ago[starts], np.diff(np.append(starts, len(taken)))


def _pairs_of_bits(sides: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.packbits(np.column_stack((sides >> 1, sides & 1)).ravel())


def unpacked(data: bytes) -> Piece:
    """The inverse of `packed`; of an entry of which nothing is kept the id is 0, and it is joined.

    Raises:
        ValueError: it is no such piece.
    """
    if len(data) < _HEAD.size or data[0] != VERSION:
        raise ValueError(f"{len(data)} bytes are no piece of what waits to be joined")
    _, start, floor, marked, count, runs, flags = _HEAD.unpack_from(data)
    if max(start, floor) >= 1 << 62:
        raise ValueError("a piece of what waits to be joined has numbers that cannot be")
    columns = _Columns(data)
    marks = columns.next("<u4", min(marked, 1)).astype(np.int64)
    steps = columns.next("<u4" if flags & WIDE_MARKS else "u1", max(marked - 1, 0))
    marks = (
        start - marks + np.concatenate((np.zeros(min(marked, 1), np.int64), np.cumsum(steps, dtype=np.int64)))
    )
    taken, ago, counts = columns.next("<f8", runs), columns.next("<f4", runs), columns.next("<u4", runs)
    bits = np.unpackbits(columns.next("u1", -(-count // 4)))[: 2 * count].reshape(-1, 2)
    sides = bits[:, 0] * np.uint8(2) + bits[:, 1]
    if int(counts.sum()) != count:
        raise ValueError("a piece of what waits to be joined has times of another number of entries")
    whole = np.zeros((int(np.count_nonzero(sides)), 8), np.uint8)
    whole[:, :_ID] = columns.next("u1", _ID * len(whole)).reshape(-1, _ID)
    waiting, said = (sides == PREDICTION) | (sides == TRUTH), sides == PREDICTION
    entries: Entries = np.zeros(count, ENTRY)
    entries["id"][sides > 0] = whole.view("<u8").ravel()
    entries["side"] = np.where(sides == 0, JOINED, sides)
    entries["taken"], entries["ago"] = np.repeat(taken, counts), np.repeat(ago, counts)
    entries["value"][waiting] = columns.next("<f8" if flags & WIDE_VALUES else "u1", int(waiting.sum()))
    entries["confidence"][said] = columns.next("<u2", int(said.sum()))
    entries["group"][said] = columns.next("<u2", 1 if flags & ONE_GROUP else int(said.sum()))
    columns.end()
    return Piece(start, floor, marks.tolist(), entries)


class _Columns:
    """Reads the columns of a piece in turn."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, _HEAD.size

    def next(self, kind: str, count: int) -> NDArray[Any]:
        """So many values.

        Raises:
            ValueError: there are fewer.
        """
        end = self._at + np.dtype(kind).itemsize * count
        if end > len(self._data):
            raise ValueError("a piece of what waits to be joined is not as long as it says")
        found = np.frombuffer(self._data, kind, count, self._at)
        self._at = end
        return found

    def end(self) -> None:
        """
        Raises:
            ValueError: there is more.
        """
        if self._at != len(self._data):
            raise ValueError("a piece of what waits to be joined is not as long as it says")


def assembled(pieces: Sequence[Piece], floor: int) -> Entries:
    """The entries from `floor` on.

    Raises:
        ValueError: one is missing, or a mark is of none of those before it.
    """
    end, parts = floor, []
    for piece in pieces:
        if piece.until > floor and max(piece.start, floor) != end:
            raise ValueError(f"entries {end} to {piece.start} of what waits to be joined are missing")
        if piece.marks and not 0 <= min(piece.marks) <= max(piece.marks) < piece.start:
            raise ValueError("of what waits to be joined, something is marked that is not there")
        end = max(end, piece.until)
        parts.append(piece.entries[max(0, floor - piece.start) :])
    return np.concatenate(parts)
