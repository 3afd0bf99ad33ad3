"""The file of the 1 s ring: its layout, and how another process reads it while it is written.

    offset  type   what
    0       8s     magic "OUTRRING"
    8       u32    version, 1; in the byte order of the machine, as all that follows
    12      u32    rows: the capacity, in ticks
    16      u32    columns of a row; a multiple of 32
    20      u32    room: bytes kept for the table; a multiple of 8
    24      u32    length of the table in bytes
    28      u32    crc32 of the table
    32      u32    generation: odd while the table is being changed
    40      u64    written: rows written since the ring was begun; row n lies in slot n % rows
    48      40s    boot id, padded with zero bytes
    88      f64    kept: time of the last row that is in a window of the store, 0 for none
    96      room   table: MessagePack, [[column, since, name, unit, kind, [[key, value], ...]], ...]
    96+room        rows of: f64 time on the boot clock in s, columns x f32

A value that is absent is NaN. A column belongs to its series from row `since` on; what is older is
another's. The writer makes a row's time NaN, writes the values, then the time, then `written`. The
reader copies the file and looks at `written` again: rows that may have been overwritten meanwhile,
and the one in progress, are left out. A table that changed meanwhile makes it read anew.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable, Iterator
from io import FileIO
from math import isfinite
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgpack

from collectors.api import Series

MAGIC = b"OUTRRING"
VERSION = 1
STEP = 32
"""Columns by which a ring grows."""

HEADER = struct.Struct("=8s7I4xQ40sd")
GENERATION = struct.Struct("=I")
GENERATION_AT = 32
WRITTEN = struct.Struct("=Q")
WRITTEN_AT = 40
KEPT_AT = 88
TIME = struct.Struct("=d")
TRIES = 5
LARGEST = 1 << 30
"""Bytes of a file that is still taken for a ring: it is read as a whole."""

LARGEST_ROOM = 1 << 26


class RingError(ValueError):
    """The file is no ring that can be read; the message says why."""


class Place(NamedTuple):
    """Where a series lies: its column, and the row from which on the column is its own."""

    column: int
    since: int


class Header(NamedTuple):
    """The head of the file, in its order; `boot` without the padding. `kept` is the time of the last row
    that is in a window of the store."""

    rows: int
    columns: int
    room: int
    length: int
    crc: int
    generation: int
    written: int
    boot: str
    kept: float = 0.0

    @property
    def stride(self) -> int:
        """Bytes of a row."""
        return TIME.size + 4 * self.columns

    @property
    def start(self) -> int:
        """Where the rows begin."""
        return HEADER.size + self.room

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.start + self.rows * self.stride

    def packed(self) -> bytes:
        """The head as bytes."""
        *numbers, boot, kept = self
        return HEADER.pack(MAGIC, VERSION, *numbers, boot.encode(), kept)


def size_of(descriptor: int) -> int:
    """Bytes of the open file.

    Raises:
        RingError: it is no regular file; reading a pipe would wait for ever.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RingError("the ring is no regular file")
    return status.st_size


def header_of(data: bytes, size: int) -> Header:
    """The head of a file of `size` bytes.

    Raises:
        RingError: no ring, another version of it, or numbers that do not fit the size.
    """
    if len(data) < HEADER.size:
        raise RingError(f"the ring has {len(data)} bytes, too few for its head")
    magic, version, *numbers, boot, kept = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise RingError("the file does not begin as a ring")
    if version != VERSION:
        raise RingError(f"the ring has version {version}, this program reads {VERSION}")
    header = Header._make([*numbers, boot.rstrip(b"\0").decode("ascii", "replace"), kept])
    if header.size != size or not header.rows or header.columns % STEP or header.room % 8:
        raise RingError(f"the ring's head asks for {header.size} bytes, the file has {size}")
    if size > LARGEST or header.room > LARGEST_ROOM:
        raise RingError(f"the ring has {size} bytes, {header.room} for its table; no ring is so large")
    return header


def table_of(header: Header, data: bytes) -> dict[Series, Place]:
    """The table of the series in a file's bytes.

    Raises:
        RingError: it is not what was written.
    """
    packed = data[HEADER.size : HEADER.size + header.length]
    if header.length > header.room or crc32(packed) != header.crc:
        raise RingError("the table of the ring's series has another checksum")
    try:
        table = {
            Series(name, unit, kind, tuple((key, value) for key, value in attributes)): Place(column, since)
            for column, since, name, unit, kind, attributes in msgpack.unpackb(
                packed, unicode_errors="surrogatepass"
            )
        }
    except (ValueError, TypeError) as error:
        raise RingError(f"the table of the ring's series is not laid out as one: {error}") from None
    for series, place in table.items():
        if not 0 <= place.column < header.columns:
            raise RingError(f"{series.name} lies in column {place.column} of {header.columns}")
    return table


def pack_table(table: dict[Series, Place]) -> bytes:
    """The bytes of the table."""
    rows = [(*place, *series) for series, place in table.items()]
    packed: bytes = msgpack.packb(rows, unicode_errors="surrogatepass")
    return packed


class Snapshot:
    """A ring as it was at one moment."""

    def __init__(self, data: bytes, written: tuple[int, int] | None = None) -> None:
        """`data` is the whole file; `written` what the head said before and after it was copied, None
        where nothing was written meanwhile.

        Raises:
            RingError: the head or the table is damaged.
        """
        self._header = header_of(data, len(data))
        self._table = table_of(self._header, data)
        self._end, after = written or (self._header.written, self._header.written)
        # The slot after the newest row was being written while the copy was made.
        self._first = max(0, after + 1 - self._header.rows)
        stride = self._header.stride
        body = memoryview(data)[self._header.start :]
        self._floats = body.cast("f")
        self._times = self._ordered(body.cast("d")[:: stride // 8])

    def _ordered(self, view: Iterable[float]) -> list[float]:
        """The whole rows' entries, oldest first, of one entry a slot."""
        slots: list[float] = list(view)
        if self._first >= self._end:
            return []
        start, end = self._first % self._header.rows, self._end % self._header.rows
        return slots[start:end] if start < end else slots[start:] + slots[:end]

    @property
    def boot(self) -> str:
        """The boot id whose clock the times are of."""
        return self._header.boot

    @property
    def kept(self) -> float:
        """The time of the last row that is in a window of the store, in s on the boot clock; 0 for none."""
        return self._header.kept if isfinite(self._header.kept) else 0.0

    @property
    def series(self) -> tuple[Series, ...]:
        """The series the ring knows."""
        return tuple(self._table)

    @property
    def times(self) -> list[float]:
        """The time of each row, oldest first, in s on the boot clock."""
        return list(self._times)

    @property
    def end(self) -> int:
        """The number of the row after the newest; rows count from the beginning of the ring."""
        return self._end

    def rows_from(self, number: int) -> Iterator[tuple[int, float, dict[Series, float]]]:
        """The rows from that number on, oldest first: number, time, and what has a value in it.

        It costs by what is asked for, not by the length of the ring: for whoever looks each second.
        """
        width, start = self._header.stride // 4, 2
        for row in range(max(number, self._first), self._end):
            slot = row % self._header.rows * width + start
            values = {
                series: value
                for series, place in self._table.items()
                if row >= place.since and isfinite(value := self._floats[slot + place.column])
            }
            yield row, self._times[row - self._first], values

    def read(self, series: Series, since: float = float("-inf")) -> list[tuple[float, float]]:
        """(time, value) of each row not before `since` in which the series has a value.

        A gauge's value, a counter's increase since the poll before. Empty for an unknown series.
        """
        place = self._table.get(series)
        if place is None:
            return []
        skip = max(0, place.since - self._first)
        values = self._ordered(self._floats[2 + place.column :: self._header.stride // 4])
        return [
            (at, value)
            for at, value in zip(self._times[skip:], values[skip:], strict=True)
            if at >= since and isfinite(value)
        ]


def at_once(path: str, flags: int) -> int:
    """An opener that waits for nobody: opening a pipe would."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def snapshot_of(path: Path) -> Snapshot:
    """A copy of the ring at `path`, of a running daemon or of one that has ended.

    Raises:
        OSError: there is no such file, or it may not be read.
        RingError: it is no ring, is damaged, or its table changed at each try.
    """
    for _ in range(TRIES):
        with FileIO(path, "rb", opener=at_once) as file:
            size = size_of(file.fileno())
            before = header_of(os.pread(file.fileno(), HEADER.size, 0), size)
            data = os.pread(file.fileno(), size, 0)
            after = header_of(os.pread(file.fileno(), HEADER.size, 0), size)
        if before.generation == after.generation and not after.generation % 2:
            return Snapshot(data, (before.written, after.written))
    raise RingError(f"{path}: the table of the ring changed {TRIES} times while it was read; read it again")
