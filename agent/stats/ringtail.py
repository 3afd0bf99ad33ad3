"""The end of a 1 s ring, read from its file while it is written: for whoever wants minutes of hours.

The copy is a ring of its own in the layout of `ringfile`, as long as what was asked for.
"""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

from agent.stats.ringfile import (
    HEADER,
    TIME,
    TRIES,
    Header,
    RingError,
    Snapshot,
    at_once,
    header_of,
    size_of,
)

CHUNK = 64
"""Rows that are read at a time from the end of a ring."""

LARGEST_TAIL = 1 << 25
"""Bytes of the newest rows that are copied at most."""


def tail_of(path: Path, since: float) -> Snapshot:
    """The newest rows of the ring at `path`: those not before `since` (s on the boot clock), and up to
    `CHUNK` before them. Of rows so wide that it were more than `LARGEST_TAIL` bytes, fewer.

    Raises as `snapshot_of`.
    """
    for _ in range(TRIES):
        with FileIO(path, "rb", opener=at_once) as file:
            descriptor = file.fileno()
            size = size_of(descriptor)
            before = header_of(os.pread(descriptor, HEADER.size, 0), size)
            table = os.pread(descriptor, before.start, 0)[HEADER.size :]
            rows = _newest(descriptor, before, since)
            after = header_of(os.pread(descriptor, HEADER.size, 0), size)
        if before.generation == after.generation and not after.generation % 2:
            return _shortened(before, table, rows, max(0, after.written + 1 - before.rows))
    raise RingError(f"{path}: the table of the ring changed {TRIES} times while it was read; read it again")


def _newest(descriptor: int, head: Header, since: float) -> bytes:
    """The bytes of the newest rows, oldest first."""
    chunks: list[bytes] = []
    first, oldest = head.written, max(0, head.written + 1 - head.rows)
    most = max(1, LARGEST_TAIL // head.stride)
    while first > oldest and head.written - first < most:
        last, first = first, max(oldest, first - CHUNK, head.written - most)
        chunk = _rows(descriptor, head, first, last)
        chunks.append(chunk)
        if TIME.unpack_from(chunk)[0] < since:
            break
    return b"".join(reversed(chunks))


def _rows(descriptor: int, head: Header, first: int, last: int) -> bytes:
    """Rows first..last-1 of the file, which may begin again at its first slot between them."""
    slot, count = first % head.rows, last - first
    here = min(count, head.rows - slot)
    found = os.pread(descriptor, here * head.stride, head.start + slot * head.stride)
    found += os.pread(descriptor, (count - here) * head.stride, head.start)
    if len(found) != count * head.stride:
        raise RingError("the ring ends before its last row")
    return found


def _shortened(head: Header, table: bytes, rows: bytes, whole: int) -> Snapshot:
    """A ring of these rows alone, each under its own number; those before row `whole` were overwritten
    while they were read."""
    count = len(rows) // head.stride
    small = head._replace(rows=count + 1)
    turn = (head.written - count) % small.rows * head.stride
    there = len(rows) + head.stride - turn
    body = rows[there:].ljust(turn, b"\0") + rows[:there].ljust(there, b"\0")
    gone = max(0, whole - (head.written - count))
    return Snapshot(small.packed() + table + body, (head.written, head.written + gone))
