from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship import limits
from agent.ship.limits import WireError, compress, decompress, packed, scan, unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEGABYTE = 2**20


def refused(call: Callable[[bytes], object], data: bytes) -> str:
    """The reason; refusing takes no more memory than the limits allow."""
    tracemalloc.start()
    try:
        with pytest.raises(WireError) as caught:
            call(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * limits.UNPACKED + MEGABYTE
    return caught.value.reason


def bomb(size: int) -> bytes:
    """A few kilobytes that become `size` zero bytes."""
    reader = zstd.ZstdCompressor(level=3)
    block = bytes(MEGABYTE)
    return b"".join([reader.compress(block) for _ in range(size // MEGABYTE)]) + reader.flush()


def test_what_is_compressed_comes_back() -> None:
    data = b"system.cpu.utilization\n" * 3
    assert decompress(compress(data), 100) == data
    assert len(compress(data)) < 30


def test_a_frame_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert decompress(compress(bytes(1000)), 1000) == bytes(1000)
    assert refused(lambda data: decompress(data, 999), compress(bytes(1000))) == "too_large"


def test_a_frame_that_expands_to_gigabytes_costs_only_the_limit() -> None:
    data = bomb(2048 * MEGABYTE)
    assert len(data) < 200_000
    assert refused(lambda data: decompress(data, limits.UNPACKED), data) == "too_large"


def test_a_frame_that_asks_for_a_huge_window_is_refused() -> None:
    options = {int(zstd.CompressionParameter.window_log): 30}
    writer = zstd.ZstdCompressor(options=options)
    data = writer.compress(b"x" * 100) + writer.flush()
    assert refused(lambda data: decompress(data, limits.UNPACKED), data) == "compression"


@pytest.mark.parametrize("spoil", [lambda d: d[:-1], lambda d: d + b"x", lambda d: d[4:], lambda _: b""])
def test_a_torn_frame_or_one_with_something_behind_it_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    assert refused(lambda data: decompress(data, 1000), spoil(compress(b"data" * 50))) == "compression"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"\x91" * 1000 + b"\x01", "nesting"),
        (b"\x81\xa1v" * 9, "nesting"),
        (b"\xdd\xff\xff\xff\xff", "too_large"),
        (b"\xdf\xff\xff\xff\xff", "too_large"),
        (b"\xc6\xff\xff\xff\xffabc", "malformed"),
        (b"\xdb\x00\x00\x00\x05abc", "malformed"),
        (b"\x93\x01\x02", "malformed"),
        (b"\x80\x80", "malformed"),
        (b"\xc1", "malformed"),
        (b"\xd4\x01x", "malformed"),
        (b"\xd6\xff\x00\x00\x00\x00", "malformed"),
        (b"\xc7\x05\x01hello", "malformed"),
        (b"\x9f" + b"\xdd\x00\x00\xff\xff" + b"\xc0" * 0xFFFF + b"\xdd\x00\x00\xff\xff", "too_large"),
        (b"\x82\xa1v\x91\x01\xa1v\x91\x01", "malformed"),
        (b"\x81\xa1v\xa2\xff\xfe", "malformed"),
        (b"\x81\x01\x02", "malformed"),
        (b"\x90", "type"),
        (b"\x80", "version"),
    ],
)
def test_messagepack_that_is_not_ours_is_refused_before_it_is_built(data: bytes, reason: str) -> None:
    assert refused(unpacked, data) == reason


def test_a_million_empty_arrays_are_refused_before_they_are_built() -> None:
    data = b"\xdd" + MEGABYTE.to_bytes(4, "big") + b"\x90" * MEGABYTE
    assert refused(unpacked, data) == "too_large"


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=30,
)


@given(plain)
def test_the_scan_finds_the_end_of_all_that_messagepack_writes(value: object) -> None:
    data = msgpack.packb(value)
    try:
        scan(data)
    except WireError as error:
        assert error.reason == "nesting"  # noqa: PT017 - deep values may be drawn, and are told apart
        return
    for wrong in (data[:-1], data + b"\xc0"):
        with pytest.raises(WireError):
            scan(wrong)


@given(st.binary(max_size=60))
def test_what_the_scan_lets_through_messagepack_can_read(data: bytes) -> None:
    try:
        scan(data)
    except WireError:
        return
    try:
        msgpack.unpackb(data, strict_map_key=False, raw=True)
    except (ValueError, TypeError) as error:
        assert "unhashable" in str(error)  # noqa: PT017 - a list or map as a key; `unpacked` refuses it


def test_text_that_utf8_cannot_carry_is_spelled_out() -> None:
    assert unpacked(packed({"v": [1, 0], "s": "caf\udce9"}))["s"] == "caf\\udce9"


@pytest.mark.parametrize("name", ["a", "a b", "ü" * 128, "host-1.example"])
def test_a_level_of_a_topic_is_a_name(name: str) -> None:
    assert limits.level_name(name, "device") == name


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "a\0", "x" * 129])
def test_what_is_no_level_of_a_topic_is_no_name(name: str) -> None:
    with pytest.raises(WireError, match="device must be 1 to 128 characters"):
        limits.level_name(name, "device")
