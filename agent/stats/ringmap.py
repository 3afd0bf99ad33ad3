"""The file of the 1 s ring as its writer maps it; `ringfile` has the layout and the order of writing."""

from __future__ import annotations

import mmap
import os
from io import FileIO
from pathlib import Path
from zlib import crc32

from agent.stats.ringfile import (
    GENERATION,
    GENERATION_AT,
    HEADER,
    KEPT_AT,
    TIME,
    WRITTEN,
    WRITTEN_AT,
    Header,
    Place,
    RingError,
    header_of,
    pack_table,
    size_of,
    table_of,
)
from collectors.api import Series

NO_TIME = TIME.pack(float("nan"))
TABLE_ROOM = 128
"""Bytes of the table's room for a column; a name with attributes takes about 90."""


class RingMap:
    """A mapped ring: `head` as it was when the table was last written, `written` rows since it was begun."""

    __slots__ = ("_map", "_path", "_rows", "_start", "_stride", "head", "written")

    def __init__(self, path: Path, ring: mmap.mmap, head: Header) -> None:
        self._path, self._map, self.head, self.written = path, ring, head, head.written
        self._start, self._stride, self._rows = head.start, head.stride, head.rows

    @classmethod
    def begin(
        cls, path: Path, head: Header, table: dict[Series, Place], earlier: RingMap | None = None
    ) -> RingMap:
        """A new file in the place of the one at `path`, with the rows of an earlier one of no more
        columns; `room`, `length` and `crc` of its head are made here.

        It takes the name when it is whole: a reader that has the old file open keeps that.

        Raises:
            OSError: there is no room for it; the file at `path` is untouched.
        """
        packed = pack_table(table)
        room = max(head.columns * TABLE_ROOM, 2 * len(packed) + 7 & ~7)
        head = head._replace(room=room, length=len(packed), crc=crc32(packed), generation=0)
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        with _open(new, "x+b") as file:
            # Every page is there before it is mapped: on a full tmpfs a missing one is a SIGBUS.
            os.posix_fallocate(file.fileno(), 0, head.size)
            ring = mmap.mmap(file.fileno(), head.size)
        ring[: HEADER.size] = head.packed()
        ring[HEADER.size : HEADER.size + len(packed)] = packed
        if earlier is not None:
            earlier.copy_rows(ring, head)
        new.replace(path)
        return cls(path, ring, head)

    @classmethod
    def take_over(cls, path: Path, boot: str, rows: int, columns: int) -> tuple[RingMap, dict[Series, Place]]:
        """The file that is there, and its table.

        Raises:
            FileNotFoundError: there is none.
            OSError: it may not be opened.
            RingError: it is damaged, of another boot, has not `rows` rows or more than `columns`.
        """
        with _open(path, "r+b") as file:
            size = size_of(file.fileno())
            head = header_of(file.read(HEADER.size), size)
            if head.boot != boot:
                raise RingError(f"the ring is of another boot, {head.boot}")
            if head.rows != rows or head.columns > columns:
                raise RingError(
                    f"the ring has {head.rows} rows of {head.columns} columns, "
                    f"not {rows} rows of at most {columns}"
                )
            file.seek(0)
            table = table_of(head, file.read(head.start))
            return cls(path, mmap.mmap(file.fileno(), size), head), table

    def put(self, now: float, values: bytes) -> None:
        """Write the next row: its time in s on the boot clock, and a float32 for each column."""
        ring = self._map
        at = self._start + self.written % self._rows * self._stride
        ring[at : at + TIME.size] = NO_TIME
        ring[at + TIME.size : at + self._stride] = values
        ring[at : at + TIME.size] = TIME.pack(now)
        self.written += 1
        WRITTEN.pack_into(ring, WRITTEN_AT, self.written)

    def keep(self, until: float) -> None:
        """All rows up to that time are in windows of the store."""
        TIME.pack_into(self._map, KEPT_AT, until)
        self.head = self.head._replace(kept=until)

    def with_table(self, table: dict[Series, Place]) -> RingMap:
        """The ring with this table: this one, or a new file where the table has outgrown its room.

        Raises:
            OSError: there is no room for the new file; this one is as it was.
        """
        packed = pack_table(table)
        if len(packed) > self.head.room:
            return self.widened(self.head.columns, table)
        changing = self.head.generation | 1
        GENERATION.pack_into(self._map, GENERATION_AT, changing)
        self._map[HEADER.size : HEADER.size + len(packed)] = packed
        head = self.head._replace(length=len(packed), crc=crc32(packed), written=self.written)
        self._map[: HEADER.size] = head._replace(generation=changing).packed()
        self.head = head._replace(generation=(changing + 1) & 0xFFFFFFFF)
        GENERATION.pack_into(self._map, GENERATION_AT, self.head.generation)
        return self

    def widened(self, columns: int, table: dict[Series, Place]) -> RingMap:
        """A new file with this many columns and this table, that holds all rows; this one is closed.

        Raises:
            OSError: there is no room for it; this one is as it was.
        """
        head = self.head._replace(columns=columns, written=self.written)
        wider = RingMap.begin(self._path, head, table, self)
        self.close()
        return wider

    def copy_rows(self, ring: mmap.mmap, head: Header) -> None:
        """Copy the rows into another ring with this head, each into its slot."""
        with memoryview(self._map) as old, memoryview(ring) as new:
            for slot in range(min(self.written, self._rows)):
                source, target = self._start + slot * self._stride, head.start + slot * head.stride
                new[target : target + self._stride] = old[source : source + self._stride]

    def copy(self) -> bytes:
        """The whole file."""
        return self._map[:]

    def close(self) -> None:
        """Let go of the file; it stays."""
        self._map.close()


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)


def _open(path: Path, mode: str) -> FileIO:
    """Open for reading and writing by the daemon and reading by its group, through no link."""
    return FileIO(path, mode, opener=_no_link)
