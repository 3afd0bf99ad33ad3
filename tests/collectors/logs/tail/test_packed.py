from __future__ import annotations

import gzip
import io
import lzma
from collections.abc import Callable

import pytest
from backports import zstd

from collectors.logs.tail.packed import MAGIC, Unpacked, decoder_for

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "xz": lzma.compress,
}
TEXT = b"".join(b"line %d\n" % number for number in range(50_000))
CHECKED = zstd.compress(TEXT, options={zstd.CompressionParameter.checksum_flag: 1})
each = pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)


def opened(data: bytes) -> Unpacked:
    make = decoder_for(data[:MAGIC])
    assert make is not None
    return Unpacked(io.BytesIO(data).read, make)


def all_of(unpacked: Unpacked, most: int = 1000) -> bytes:
    pieces = []
    while not unpacked.done:
        pieces.append(unpacked.step(most))
        assert len(pieces[-1]) <= most
    return b"".join(pieces)


@each
def test_all_comes_out_a_little_at_a_time(packer: Callable[[bytes], bytes]) -> None:
    assert all_of(opened(packer(TEXT))) == TEXT


@each
def test_members_one_after_another_and_padding(packer: Callable[[bytes], bytes]) -> None:
    data = packer(b"one\n") + packer(b"") + packer(TEXT)
    assert all_of(opened(data + bytes(512))) == b"one\n" + TEXT


@each
def test_a_torn_file_is_said(packer: Callable[[bytes], bytes]) -> None:
    data = packer(TEXT)
    with pytest.raises(ValueError, match="ends in the middle"):
        all_of(opened(data[: len(data) // 2]), 1 << 20)


@each
def test_damage_is_said(packer: Callable[[bytes], bytes]) -> None:
    data = bytearray(CHECKED if packer is zstd.compress else packer(TEXT))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    with pytest.raises(ValueError, match="not decompressed"):
        all_of(opened(bytes(data)), 1 << 20)


@each
def test_a_bomb_gives_no_more_than_is_asked(packer: Callable[[bytes], bytes]) -> None:
    bomb = packer(bytes(1 << 26))
    assert len(bomb) < 100_000
    unpacked = opened(bomb)
    assert all(len(unpacked.step(4096)) <= 4096 for _ in range(100))


def test_too_much_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="not decompressed"):
        all_of(opened(lzma.compress(TEXT, preset=9)))
    wide = zstd.compress(TEXT, options={zstd.CompressionParameter.window_log: 27})
    with pytest.raises(ValueError, match="not decompressed"):
        all_of(opened(wide[:5] + bytes([0x88]) + wide[6:]))


def test_a_plain_file_has_no_decoder() -> None:
    assert decoder_for(b"2026-1") is None
    assert decoder_for(b"") is None
