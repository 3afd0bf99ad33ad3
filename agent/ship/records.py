"""The words of the record algebra: keys, intervals, tombstones, messages, acknowledgements.

A record is named by (device, epoch, stream, first, last) and the digest of its content, fixed when
it is made. Its numbers form an aligned block: first = i * 2^k, last = first + 2^k - 1. Any two data
records of a device are therefore nested or disjoint, whichever life of its store wrote them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple

STREAMS = ("windows", "events", "samples", "alerts")
RAW = "samples"
"""The stream of raw material, which waits for all others: its frames lie in time where `windows` do, and
are never added to them."""

DIGEST_SIZE = 8


class Key(NamedTuple):
    """An interval of numbers of one stream in one epoch; `first` and `last` are both inside."""

    epoch: int
    stream: str
    first: int
    last: int


class Epoch(NamedTuple):
    """One life of a store: `prev` is the epoch before it (None at the very first), `prev_next` the
    numbers at which that epoch's streams ended, `next` the numbers this epoch gives next."""

    id: int
    prev: int | None
    prev_next: Mapping[str, int]
    next: Mapping[str, int]


class Tombstone(NamedTuple):
    """What is lost, and said: numbers, reason, how many records and bytes, the wall span in s."""

    key: Key
    reason: str
    records: int
    size: int
    start: float
    end: float


class Row(NamedTuple):
    """A record or tombstone as the device's store lists it, without its content.

    `size` is the stored content's length in bytes; `tombstone` is None for data.
    """

    key: Key
    digest: bytes
    confirmed: bool
    size: int
    tombstone: Tombstone | None


class Part(NamedTuple):
    """A piece of a record's encoded content: bytes [offset, offset + len(data)) of `total`.

    `crc` is the crc32 of the whole encoded content: pieces of different encodings never mix.
    """

    key: Key
    digest: bytes
    crc: int
    total: int
    offset: int
    data: bytes


class Message(NamedTuple):
    """What one publish on `data` carries.

    `session` is (epoch, connection number), `seq` counts the messages of this epoch, `sent` is the
    wall clock in s. `epochs` explains every epoch named, the device's own one first. `pending` is
    what has not been sent or lacks its PUBACK (joined to at most 16 intervals; `more` = some old
    ones are left out), `open` the oldest 16 rows sent and not confirmed.
    """

    device: str
    session: tuple[int, int]
    seq: int
    sent: float
    epochs: tuple[Epoch, ...]
    pending: tuple[Key, ...]
    open: tuple[Key, ...]
    more: bool
    parts: tuple[Part, ...]
    tombstones: tuple[Tombstone, ...]


class Held(NamedTuple):
    """What a sink says of one stream of one epoch, within the `open` of the message it answers.

    `have` and `done` are sorted intervals (first, last); nothing is said of numbers >= `cut`.
    """

    epoch: int
    stream: str
    have: tuple[tuple[int, int], ...]
    done: tuple[tuple[int, int], ...]
    cut: int | None


class Ack(NamedTuple):
    """A sink's answer to the last message of a device: what it holds, and the holes it wants."""

    sink: str
    held: tuple[Held, ...]
    want: tuple[Key, ...]


def is_block(first: int, last: int) -> bool:
    """Whether [first, last] is an aligned block of 2^k numbers."""
    size = last - first + 1
    return first >= 0 and size > 0 and size & (size - 1) == 0 and first % size == 0


Spans = list[tuple[int, int]]


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sorted, disjoint intervals that cover the same numbers; adjoining ones are joined."""
    joined: Spans = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def minus(spans: Iterable[tuple[int, int]], taken: Iterable[tuple[int, int]]) -> Spans:
    """The numbers of `spans` that are not in `taken`, as sorted disjoint intervals.

    One walk along both: these lists come from the network, and must not cost their product.
    """
    left: Spans = []
    holes = union(taken)
    at = 0
    for first, last in union(spans):
        while at < len(holes) and holes[at][1] < first:
            at += 1
        start, here = first, at
        while here < len(holes) and holes[here][0] <= last:
            if holes[here][0] > start:
                left.append((start, holes[here][0] - 1))
            start = holes[here][1] + 1
            here += 1
        if start <= last:
            left.append((start, last))
        at = max(at, here - 1)
    return left


def within(spans: Iterable[tuple[int, int]], bounds: Iterable[tuple[int, int]]) -> Spans:
    """The numbers that are in both."""
    spans = union(spans)
    return minus(spans, minus(spans, bounds))


def touching(spans: Spans, first: int, last: int) -> Spans:
    """The numbers of [first, last] that are in `spans`, which are sorted and disjoint."""
    at = bisect_left(spans, first, key=itemgetter(1))
    found: Spans = []
    while at < len(spans) and spans[at][0] <= last:
        found.append((max(first, spans[at][0]), min(last, spans[at][1])))
        at += 1
    return found


def covered(first: int, last: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether every number of [first, last] is in `spans`."""
    return not minus([(first, last)], spans)
