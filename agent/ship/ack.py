"""The acknowledgement: what a sink holds of the oldest open rows, and the holes it wants filled."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Any

from agent.ship.limits import (
    INTERVALS,
    NUMBER,
    VERSION,
    fault,
    level_name,
    listed,
    packed,
    unpacked,
    whole,
)
from agent.ship.records import STREAMS, Ack, Held, Key

LIMIT = 4_096
"""Bytes of an acknowledgement: about 360 intervals far apart, more where they are close."""

Intervals = tuple[tuple[int, int], ...]


def encode_ack(ack: Ack, limit: int = LIMIT) -> bytes:
    """An acknowledgement of at most `limit` bytes.

    What is held comes first, cut at a number from which on nothing is said; groups for which no
    room is left are left out. Then holes, lowest first, as many as fit.

    Raises:
        WireError: "too_large": not even an empty one fits; "name", "stream" and "range" otherwise.
    """
    groups: list[Any] = []
    wanted: list[Any] = []
    fields = {"v": list(VERSION), "s": level_name(ack.sink, "sink"), "h": groups, "w": wanted}
    # A list of more than 15 items has a longer head: 3 bytes are kept for each of the two.
    room = limit - len(packed(fields)) - 4
    if room < 0:
        fault("too_large", f"no room for the sink's name in an acknowledgement of {limit} bytes")
    for held in ack.held[:INTERVALS]:
        group = _fitted(held, room)
        if group is not None:
            groups.append(group)
            room -= _size(group)
    for key in sorted(ack.want, key=lambda key: (key.first, key.last))[:INTERVALS]:
        want = [key.epoch, _stream(key.stream), key.first, key.last - key.first]
        room -= _size(want)
        if room < 0:
            break
        wanted.append(want)
    return packed(fields)


def decode_ack(data: bytes) -> Ack:
    """The acknowledgement in a payload.

    Raises:
        WireError: it is none, or one beyond the limits.
    """
    if len(data) > LIMIT:
        fault("too_large", f"an acknowledgement of {len(data)} bytes, at most {LIMIT} are allowed")
    fields = unpacked(data)
    return Ack(
        level_name(fields.get("s"), "sink `s`"),
        tuple([_read_held(row) for row in listed(fields.get("h", []), "held `h`", INTERVALS)]),
        tuple([_read_want(row) for row in listed(fields.get("w", []), "wanted `w`", INTERVALS)]),
    )


def _size(value: list[Any]) -> int:
    return len(packed({"": value})) - 2


def _stream(stream: str) -> int:
    if stream not in STREAMS:
        fault("stream", f"{stream!r} is none of {STREAMS}")
    return STREAMS.index(stream)


def _fitted(held: Held, room: int) -> list[Any] | None:
    """The group with as much said of it as fits into `room` bytes; None where nothing does."""
    group = _write_held(held)
    if _size(group) <= room:
        return group
    firsts = sorted({first for first, _ in (*held.have, *held.done)})
    cuts = [cut for cut in firsts if held.cut is None or cut < held.cut]
    fitting = bisect_right(cuts, room, key=lambda cut: _size(_write_held(_cut(held, cut)))) - 1
    return _write_held(_cut(held, cuts[fitting])) if fitting >= 0 else None


def _cut(held: Held, cut: int) -> Held:
    """What is said of the numbers below `cut`."""
    have, done = (
        tuple([(first, min(last, cut - 1)) for first, last in spans if first < cut])
        for spans in (held.have, held.done)
    )
    return held._replace(have=have, done=done, cut=cut)


def _write_held(held: Held) -> list[Any]:
    stream = _stream(held.stream)
    return [held.epoch, stream, _write_spans(held.have), _write_spans(held.done), held.cut]


def _write_spans(spans: Intervals) -> list[int]:
    """Sorted intervals as steps: numbers left out, then how many more than one follow; and so on."""
    steps, at = [], 0
    for first, last in spans:
        if not at <= first <= last:
            fault("range", f"intervals of an acknowledgement must be sorted and apart: {first} to {last}")
        steps += [first - at, last - first]
        at = last + 1
    return steps


def _read_held(value: Any) -> Held:
    epoch, stream, have, done, cut = listed(value, "held", 64, 5)[:5]
    return Held(
        whole(epoch, "epoch"),
        _read_stream(stream),
        _read_spans(have),
        _read_spans(done),
        None if cut is None else whole(cut, "cut", NUMBER),
    )


def _read_spans(value: Any) -> Intervals:
    steps = [whole(step, "step of an interval") for step in listed(value, "intervals", LIMIT)]
    if len(steps) % 2:
        fault("malformed", "an interval has no end")
    pairs = list(zip(steps[::2], steps[1::2], strict=True))
    ends = list(accumulate([skipped + more + 1 for skipped, more in pairs]))
    if ends and ends[-1] > NUMBER:
        fault("range", f"a number of {ends[-1] - 1}, below 2^53 is allowed")
    return tuple([(end - more - 1, end - 1) for end, (_, more) in zip(ends, pairs, strict=True)])


def _read_stream(value: Any) -> str:
    if whole(value, "stream", 63) >= len(STREAMS):
        fault("stream", f"stream {value}; known are 0 to {len(STREAMS) - 1}")
    return STREAMS[value]


def _read_want(value: Any) -> Key:
    epoch, stream, first, more = listed(value, "wanted", 64, 4)[:4]
    last = whole(first, "first number") + whole(more, "length of a key")
    return Key(whole(epoch, "epoch"), _read_stream(stream), first, whole(last, "last number"))
