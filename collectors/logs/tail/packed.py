"""What a compressed file holds, forward only and a little at a time: gzip, zstd, xz.

A file may be many members or frames one after another. However small it is, no step makes more than it was
asked for, and no decoder takes more than 32 MiB of memory.
"""

from __future__ import annotations

import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_MEMORY = 32 * 1024 * 1024
WINDOW_LOG = 25  # 2^25 bytes
INPUT = 64 * 1024
MAGIC = 6
"""Bytes at the start of a file that tell how it is compressed."""


class Decoder(Protocol):
    """One member: what `bz2`, `lzma` and `zstd` of the standard library have in common."""

    @property
    def eof(self) -> bool:
        """The member is at its end."""

    @property
    def unused_data(self) -> bytes:
        """What follows the member."""

    @property
    def needs_input(self) -> bool:
        """Nothing more comes out without more bytes."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most `max_length` bytes of what it holds."""


class _Gzip:
    """zlib with the interface of the others."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)


def _zstd() -> Decoder:
    limits = {int(zstd.DecompressionParameter.window_log_max): WINDOW_LOG}
    decoder: Decoder = zstd.ZstdDecompressor(options=limits)
    return decoder


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)


DECODERS: tuple[tuple[bytes, Callable[[], Decoder]], ...] = (
    (b"\x1f\x8b", _Gzip),
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"\xfd7zXZ\x00", _xz),
)


def decoder_for(magic: bytes) -> Callable[[], Decoder] | None:
    """Makes the decoder of a file that begins so; None: it is not compressed."""
    return next((make for start, make in DECODERS if magic.startswith(start)), None)


class Unpacked:
    """The stream of bytes that a compressed file holds.

    Args:
        read: the next so many bytes of the file; empty at its end.
        make: from `decoder_for`.
    """

    __slots__ = ("_decoder", "_input", "_make", "_read", "done")

    def __init__(self, read: Callable[[int], bytes], make: Callable[[], Decoder]) -> None:
        self._read = read
        self._make = make
        self._decoder = make()
        self._input = b""
        self.done = False

    def step(self, most: int) -> bytes:
        """At most `most` bytes; may be empty before the end, which `done` tells.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is torn or damaged, or takes too much memory.
        """
        try:
            return self._step(most)
        except (zlib.error, lzma.LZMAError, zstd.ZstdError, MemoryError) as error:
            raise ValueError(f"not decompressed: {error}") from error

    def _step(self, most: int) -> bytes:
        if self._decoder.eof:
            # Padding with zeros may follow the last member.
            rest = (self._decoder.unused_data or self._read(INPUT)).lstrip(b"\0")
            if not rest:
                self.done = True
                return b""
            self._decoder, self._input = self._make(), rest
        elif self._decoder.needs_input and not self._input:
            self._input = self._read(INPUT)
            if not self._input:
                raise ValueError("not decompressed: it ends in the middle")
        data, self._input = self._input, b""
        return self._decoder.decompress(data, most)
