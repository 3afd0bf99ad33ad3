"""What waits to be joined, and the pieces in which it is stored.

    piece     version (1), first number (8), floor (8), marks (4), entries (4), times (4), wide (1); columns:
    marks     first number less number (4 each) of entries joined since, in earlier pieces
    times     when entries were taken (8 each), and how many at once (4 each)
    entries   id (6), side (1), value (1 if all are whole and below 256, else 8), confidence (2), group (2),
              ago (4), a column each

All is little-endian. Entries have numbers in turn; below `floor` all have left.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

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

VERSION = 1
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


def packed(piece: Piece) -> bytes:
    """As bytes."""
    entries = piece.entries
    times, counts = _runs(entries["taken"])
    values = entries["value"]
    narrow = bool(np.all((values >= 0) & (values < 256) & (values == np.floor(values))))
    head = _HEAD.pack(
        VERSION, piece.start, piece.floor, len(piece.marks), len(entries), len(times), not narrow
    )
    columns: tuple[NDArray[np.generic], ...] = (
        (piece.start - np.array(piece.marks, np.int64)).astype("<u4"),
        times,
        counts.astype("<u4"),
        np.ascontiguousarray(entries["id"]).view(np.uint8).reshape(-1, 8)[:, :_ID],
        entries["side"],
        values.astype(np.uint8) if narrow else values,
        entries["confidence"],
        entries["group"],
        entries["ago"],
    )
    return head + b"".join([column.tobytes() for column in columns])


def _runs(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values that follow each other, and how often in a row."""
    if not len(values):
        return np.empty(0), np.empty(0, np.int64)
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    return values[starts], np.diff(np.append(starts, len(values)))


def unpacked(data: bytes) -> Piece:
    """The inverse of `packed`.

    Raises:
        ValueError: it is no such piece.
    """
    if len(data) < _HEAD.size or data[0] != VERSION:
        raise ValueError(f"{len(data)} bytes are no piece of what waits to be joined")
    _, start, floor, marked, count, runs, wide = _HEAD.unpack_from(data)
    value = "<f8" if wide else "u1"
    kinds = [("<u4", marked), ("<f8", runs), ("<u4", runs), ("u1", _ID * count), ("u1", count)]
    kinds += [(value, count), ("<u2", count), ("<u2", count), ("<f4", count)]
    sizes = [np.dtype(kind).itemsize * length for kind, length in kinds]
    if len(data) != _HEAD.size + sum(sizes) or max(start, floor) >= 1 << 62:
        raise ValueError("a piece of what waits to be joined is not as long as it says")
    columns, at = [], _HEAD.size
    for (kind, length), size in zip(kinds, sizes, strict=True):
        columns.append(np.frombuffer(data, kind, length, at))
        at += size
    marks, times, counts, ids, side, values, confidence, group, ago = columns
    if int(counts.sum()) != count or (count and not 1 <= side.min() <= side.max() <= JOINED):
        raise ValueError("a piece of what waits to be joined has times or sides that cannot be")
    entries: Entries = np.empty(count, ENTRY)
    whole = np.zeros((count, 8), np.uint8)
    whole[:, :_ID] = ids.reshape(-1, _ID)
    entries["id"] = whole.view("<u8").ravel()
    entries["taken"] = np.repeat(times, counts)
    for name, column in (
        ("side", side), ("value", values), ("confidence", confidence), ("group", group), ("ago", ago)
    ):  # fmt: skip
        entries[name] = column
    return Piece(start, floor, (start - marks.astype(np.int64)).tolist(), entries)


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
