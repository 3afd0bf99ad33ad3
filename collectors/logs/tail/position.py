"""Where a log was read to, as it is kept in the store: small, and believed only after a look at the file."""

from __future__ import annotations

import os
from typing import Any, NamedTuple, NoReturn

import msgpack

from collectors.logs.tail.proof import RUNGS, Proof

VERSION = 2
DIGEST = 6
MOST_ENDED = 64
MOST = 16 * 1024  # bytes of one, of which a path has at most 4,096


class Ended(NamedTuple):
    """What was wholly read: how far, which content, and when it was last written, in ns of the wall clock."""

    offset: int
    proof: Proof
    written: int


class Position(NamedTuple):
    """One generation of one file, read up to `offset` bytes.

    Args:
        path: where it was found, as the pattern leads there.
        device, inode: of the file that holds it now.
        offset: bytes of its content that were handed over, uncompressed.
        proof: what is known of this content.
        written: when it was last written as of the last look, in ns of the wall clock.
        live: `path` led to it at the last look.
        skipping: the rest of a line that was cut is to be left out, as bits: 1 of the file's own, 2 and 4 of
            stdout and stderr in a container's log.
        ended: generations of the same log that are wholly read, while a file may still be taken for one.
        begun: where it is to be begun was found; else `offset` is only how far it was looked for.
        size: bytes that it was seen to have; of a compressed file nothing is known.
    """

    path: str
    device: int
    inode: int
    offset: int
    proof: Proof
    written: int
    live: bool = True
    skipping: int = 0
    ended: tuple[Ended, ...] = ()
    begun: bool = True
    size: int = 0

    def pack(self) -> bytes:
        """As bytes for the store."""
        ended = [(offset, *proof, written) for offset, proof, written in self.ended]
        file = (os.fsencode(self.path), self.device, self.inode, self.offset, *self.proof)
        fields = (VERSION, *file, self.written, self.live, self.skipping, ended, self.begun, self.size)
        return msgpack.packb(fields, use_bin_type=True)  # type: ignore[no-any-return] # untyped


def unpack(data: bytes) -> Position:
    """What `Position.pack` made.

    Raises:
        ValueError: it is no such thing.
    """
    try:
        fields = msgpack.unpackb(_bytes(data, MOST), use_list=False)
        version, path, device, inode, offset, rungs, before, *rest = fields
        written, live, skipping, ended, begun, size = rest
        past = tuple(Ended(_length(n), _proof(r, b), _whole(w)) for n, r, b, w in ended)
        if version != VERSION or len(past) > MOST_ENDED:
            return _fault("another version, or too long")
        return Position(
            os.fsdecode(_path(path)),
            _natural(device),
            _natural(inode),
            _length(offset),
            _proof(rungs, before),
            _whole(written),
            live is True,
            _natural(skipping) & 7,
            past,
            begun is True,
            _length(size),
        )
    except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
        raise ValueError(f"no position of a log: {error}") from error


def _fault(words: str) -> NoReturn:
    raise ValueError(words)


def _natural(value: Any) -> int:
    return value if type(value) is int and value >= 0 else _fault("no natural number")


def _length(value: Any) -> int:
    return _natural(value) if type(value) is int and value < 1 << 63 else _fault("no length of a file")


def _whole(value: Any) -> int:
    return value if type(value) is int else _fault("no whole number")


def _bytes(value: Any, most: int) -> bytes:
    return value if type(value) is bytes and len(value) <= most else _fault("no bytes, or too many")


def _path(value: Any) -> bytes:
    path = _bytes(value, 4096)
    return path if b"\0" not in path else _fault("no path")


def _proof(rungs: Any, before: Any) -> Proof:
    if type(rungs) is not tuple or len(rungs) > len(RUNGS):
        _fault("no ladder of digests")
    return Proof(tuple(_bytes(each, DIGEST) for each in rungs), _bytes(before, DIGEST))
