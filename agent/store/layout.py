"""The on-disk format: one SQLite file, `outrider.db`, and the rules that every version keeps.

    page_size 1024, journal_mode WAL, synchronous FULL, secure_delete off, auto_vacuum none
    application_id "Outr", user_version = FORMAT; a file with a higher one is left untouched, one with a
    lower one brought to it: format 2 is format 1 with a fourth stream

    records     one row a record or tombstone; rows of a stream and a life never overlap
        place       stream << 60 | life << 32 | first   (63 bits: 3 stream, 28 life, 32 number)
        last        last number, inside; [first, last] of a data row is an aligned block of 2^k
        confirmed   0 or 1
        digest      8 bytes of BLAKE2b over (epoch, stream, first, last, start, until, body): the name of
                    this very record for the far side, and its checksum; body is `content`, or what a
                    tombstone says
        start, until  wall clock in s as it was known when the record was made
        reason, records, lost    of a tombstone: why, how many records, how many bytes; else NULL
        content     the packed content (codec.py); NULL in a tombstone
    epochs      life (1, 2, ... in the order of this file), id (random), prev (id or NULL),
                prev_next (JSON: stream -> the number it would have given next)
    states      (kind, name) -> value: "position", a log's place; "alert", a rule's state;
                "owner", the device's name since the life of this number;
                "refused", why the row of this digest (in hexadecimal) can never be sent
    clocks      boot -> offset (s), quality, life in which it was last set: what readers were told

Why so. `place` is the rowid, so that a flush appends at the end of its stream: two or three content
pages, a leaf, its parent, the head of the free list and page 1. A column of its own for each part of the
key, or an index, writes more pages. `content` stands last, so that heads are read without it.
`confirmed` is a 0 or a 1 that SQLite keeps in the record's header: setting it changes one page in
place. `next` of the current epoch is one above its highest `last`, which is why the newest row of
each stream of the newest epoch is never deleted.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import NamedTuple

from agent.ship.records import DIGEST_SIZE, STREAMS, Key, Row, Tombstone, is_block

FILE = "outrider.db"
LOCK = "outrider.lock"
PAGE = 1024
FORMAT = 2
APPLICATION = int.from_bytes(b"Outr", "big")
MAX_LIFE = (1 << 28) - 1
MAX_NUMBER = (1 << 32) - 1
# What a page of overflow holds of a content: all but the link to the next one.
OVERFLOW = PAGE - 4

SCHEMA = """
CREATE TABLE records (place INTEGER PRIMARY KEY, last INTEGER NOT NULL, confirmed INTEGER NOT NULL,
    digest BLOB NOT NULL, start REAL NOT NULL, until REAL NOT NULL,
    reason TEXT, records INTEGER, lost INTEGER, content BLOB);
CREATE TABLE epochs (life INTEGER PRIMARY KEY, id INTEGER NOT NULL, prev INTEGER, prev_next TEXT NOT NULL);
CREATE TABLE states (kind TEXT, name TEXT, value BLOB NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE clocks (boot TEXT PRIMARY KEY, offset REAL NOT NULL, quality TEXT NOT NULL,
    life INTEGER NOT NULL) WITHOUT ROWID;
"""

HEAD = "place, last, confirmed, digest, start, until, reason, records, lost, length(content)"

_HASHED = struct.Struct(">QBQQdd")


class Head(NamedTuple):
    """A row of `records` without its content, as HEAD selects it; `size` is that content's length."""

    place: int
    last: int
    confirmed: int
    digest: bytes
    start: float
    end: float
    reason: str | None
    records: int | None
    lost: int | None
    size: int | None

    @property
    def stream(self) -> str:
        """The stream's name."""
        return STREAMS[self.place >> 60]

    @property
    def life(self) -> int:
        """Which life of this file the record belongs to."""
        return self.place >> 32 & MAX_LIFE

    @property
    def first(self) -> int:
        """The record's first number."""
        return self.place & MAX_NUMBER

    def row(self, epoch: int) -> Row:
        """The same in the words of the algebra; `epoch` is the id of its life."""
        key = Key(epoch, self.stream, self.first, self.last)
        if self.reason is None:
            return Row(key, self.digest, bool(self.confirmed), self.size or 0, None)
        grave = Tombstone(key, self.reason, self.records or 0, self.lost or 0, self.start, self.end)
        return Row(key, self.digest, bool(self.confirmed), 0, grave)

    def as_written(self, epoch: int) -> bool:
        """Whether a tombstone says what its digest is over; `epoch` is the id of its life."""
        said = inscription(self.reason or "", self.records or 0, self.lost or 0)
        key = Key(epoch, self.stream, self.first, self.last)
        return digest(key, self.start, self.end, said) == self.digest

    def fault(self) -> str | None:
        """What is wrong with this row by itself, whatever a damaged file made of it; None if nothing."""
        values: tuple[object, ...] = self
        if not all(map(isinstance, values[:6], (int, int, int, bytes, float, float))):
            return "a column is of another type"
        if not 0 <= self.place >> 60 < len(STREAMS) or not self.first <= self.last <= MAX_NUMBER:
            return "its place is out of range"
        if len(self.digest) != DIGEST_SIZE:
            return "its digest has another length"
        if self.reason is None:
            sound = self.size is not None and is_block(self.first, self.last)
            return None if sound else "it is no aligned block of data"
        sound = all(map(isinstance, values[6:9], (str, int, int)))
        return None if sound else "its tombstone is incomplete"


def place(stream: str, life: int, first: int) -> int:
    """Where a record stands in the file."""
    return STREAMS.index(stream) << 60 | life << 32 | first


def digest(key: Key, start: float, end: float, body: bytes) -> bytes:
    """The fingerprint of a record: 8 bytes over its key, its span and its body."""
    head = _HASHED.pack(key.epoch, STREAMS.index(key.stream), key.first, key.last, start, end)
    return blake2b(head + body, digest_size=DIGEST_SIZE).digest()


def inscription(reason: str, records: int, lost: int) -> bytes:
    """What a tombstone says, as the body its digest is over."""
    return f"{reason}\n{records}\n{lost}".encode()
