"""The message on `data`: one MessagePack map in one zstd frame.

Every field is written down in README.md; what is refused, and why, in `limits`. The acknowledgement is
in `ack`, the status and plain JSON in `plain`, the body of a record in `body`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

from agent.ship.ack import encode_ack
from agent.ship.limits import (
    BODY,
    INTERVALS,
    MESSAGE,
    NUMBER,
    PARTS,
    UNPACKED,
    VERSION,
    compress,
    decompress,
    fault,
    level_name,
    listed,
    number,
    octets,
    packed,
    text,
    unpacked,
    whole,
)
from agent.ship.records import DIGEST_SIZE, STREAMS, Epoch, Key, Message, Part, Tombstone

__all__ = ["decode_message", "encode_ack", "encode_message"]

EPOCH_SIZE = 7
CRC = 2**32 - 1


class Ids:
    """The epochs of a message by number; `ids` is their list in the order of first mention."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[int, int] = {}

    def at(self, epoch: int) -> int:
        """The place of an epoch in the list."""
        return self._at.setdefault(whole(epoch, "epoch"), len(self._at))

    def octets(self) -> bytes:
        """The list: 7 bytes each, big-endian."""
        return b"".join([epoch.to_bytes(EPOCH_SIZE, "big") for epoch in self._at])


def encode_message(message: Message) -> bytes:
    """The payload of one publish.

    Raises:
        WireError: the message is beyond the limits that its reader will hold it to.
    """
    ids = Ids()
    fields = {
        "v": list(VERSION),
        "d": level_name(message.device, "device"),
        "h": [_write_epoch(epoch, ids) for epoch in message.epochs],
        "s": [ids.at(message.session[0]), whole(message.session[1], "connection number")],
        "q": whole(message.seq, "sequence number"),
        "t": number(float(message.sent), "time"),
        "p": [_write_key(key, ids) for key in message.pending],
        "o": [_write_key(key, ids) for key in message.open],
        "m": message.more,
        "x": [_write_tombstone(tombstone, ids) for tombstone in message.tombstones],
        "r": [_write_part(part, ids) for part in message.parts],
    }
    fields["i"] = ids.octets()
    payload = compress(packed({key: value for key, value in fields.items() if value or key in "vdsqth"}))
    if len(payload) > MESSAGE:
        fault("too_large", f"a message of {len(payload)} bytes, at most {MESSAGE} are allowed")
    return payload


def decode_message(data: bytes) -> Message:
    """The message of a payload.

    Raises:
        WireError: it is no message, or one beyond the limits.
    """
    if len(data) > MESSAGE:
        fault("too_large", f"a message of {len(data)} bytes, at most {MESSAGE} are allowed")
    if data[:1] == b"{":
        fault("json", 'plain JSON is for reading; a sink needs ship.payload = "msgpack"')
    fields = unpacked(decompress(data, UNPACKED))
    ids = _read_ids(octets(fields.get("i"), "epochs `i`", EPOCH_SIZE * INTERVALS))
    session = listed(fields.get("s"), "session `s`", 16, 2)
    return Message(
        level_name(fields.get("d"), "device `d`"),
        (_epoch(session[0], ids), whole(session[1], "connection number")),
        whole(fields.get("q"), "sequence number `q`"),
        number(fields.get("t"), "time `t`"),
        _each(fields, "h", INTERVALS, ids, _read_epoch),
        _each(fields, "p", INTERVALS, ids, _read_key),
        _each(fields, "o", INTERVALS, ids, _read_key),
        _flag(fields.get("m", False)),
        _each(fields, "r", PARTS, ids, _read_part),
        _each(fields, "x", INTERVALS, ids, _read_tombstone),
    )


def _read_ids(packed_ids: bytes) -> list[int]:
    if len(packed_ids) % EPOCH_SIZE:
        fault("malformed", f"epochs `i` are {EPOCH_SIZE} bytes each")
    ids = [
        int.from_bytes(packed_ids[at : at + EPOCH_SIZE], "big")
        for at in range(0, len(packed_ids), EPOCH_SIZE)
    ]
    return [whole(epoch, "epoch") for epoch in ids]


def _epoch(at: Any, ids: list[int]) -> int:
    return ids[whole(at, "place of an epoch", len(ids) - 1)]


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        fault("type", f"more `m` must be true or false, not {type(value).__name__}")
    return bool(value)


def _each(
    fields: Mapping[str, Any], name: str, most: int, ids: list[int], read: Callable[[Any, list[int]], Any]
) -> tuple[Any, ...]:
    return tuple([read(value, ids) for value in listed(fields.get(name, []), f"`{name}`", most)])


def _write_epoch(epoch: Epoch, ids: Ids) -> list[Any]:
    prev = None if epoch.prev is None else ids.at(epoch.prev)
    return [ids.at(epoch.id), prev, _write_counts(epoch.next), _write_counts(epoch.prev_next)]


def _read_epoch(value: Any, ids: list[int]) -> Epoch:
    at, prev, following, before = listed(value, "epoch", 16, 4)[:4]
    before_id = None if prev is None else _epoch(prev, ids)
    return Epoch(_epoch(at, ids), before_id, _read_counts(before), _read_counts(following))


def _write_counts(counts: Mapping[str, int]) -> list[int | None]:
    """The next number of each stream up to the last one named, in the order of `STREAMS`; None for one
    that is not named."""
    for stream in counts:
        if stream not in STREAMS:
            fault("stream", f"{stream!r} is none of {STREAMS}")
    named = max((STREAMS.index(stream) for stream in counts), default=-1)
    return [counts.get(stream) for stream in STREAMS[: named + 1]]


def _read_counts(value: Any) -> dict[str, int]:
    counts = listed(value, "numbers of an epoch", 64)
    if any(count is not None for count in counts[len(STREAMS) :]):
        fault("stream", f"numbers for {len(counts)} streams, {len(STREAMS)} are known")
    pairs = zip(STREAMS, counts, strict=False)
    return {stream: whole(count, "next number") for stream, count in pairs if count is not None}


def _write_key(key: Key, ids: Ids) -> list[int]:
    if key.stream not in STREAMS:
        fault("stream", f"{key.stream!r} is none of {STREAMS}")
    return [ids.at(key.epoch), STREAMS.index(key.stream), key.first, key.last - key.first]


def _read_key(value: Any, ids: list[int]) -> Key:
    at, stream, first, more = listed(value, "key", 64, 4)[:4]
    if whole(stream, "stream", 63) >= len(STREAMS):
        fault("stream", f"stream {stream}; known are 0 to {len(STREAMS) - 1}")
    last = whole(first, "first number") + whole(more, "length of a key")
    return Key(_epoch(at, ids), STREAMS[stream], first, whole(last, "last number", NUMBER - 1))


def _write_tombstone(tombstone: Tombstone, ids: Ids) -> list[Any]:
    return [*_write_key(tombstone.key, ids), *tombstone[1:]]


def _read_tombstone(value: Any, ids: list[int]) -> Tombstone:
    row = listed(value, "tombstone", 64, 9)
    reason, records, size, start, end = row[4:9]
    return Tombstone(
        _read_key(row, ids),
        text(reason, "reason of a tombstone"),
        whole(records, "records of a tombstone"),
        whole(size, "bytes of a tombstone"),
        number(start, "start of a tombstone"),
        number(end, "end of a tombstone"),
    )


def _write_part(part: Part, ids: Ids) -> list[Any]:
    """A whole body needs no crc, total and offset: the message is checked by what carries it."""
    rest = [] if len(part.data) == part.total else [part.crc, part.total, part.offset]
    return [*_write_key(part.key, ids), part.digest, part.data, *rest]


def _read_part(value: Any, ids: list[int]) -> Part:
    row = listed(value, "part", 64, 6)
    digest, data = octets(row[4], "digest", DIGEST_SIZE), octets(row[5], "data of a part", BODY)
    if len(digest) != DIGEST_SIZE:
        fault("malformed", f"a digest of {len(digest)} bytes, not {DIGEST_SIZE}")
    if len(row) < 9:
        return Part(_read_key(row, ids), digest, zlib.crc32(data), len(data), 0, data)
    crc = whole(row[6], "crc", CRC)
    total, offset = whole(row[7], "total", BODY), whole(row[8], "offset", BODY)
    if offset + len(data) > total:
        fault("parts", f"a part of {len(data)} bytes at {offset} of {total}")
    return Part(_read_key(row, ids), digest, crc, total, offset, data)
