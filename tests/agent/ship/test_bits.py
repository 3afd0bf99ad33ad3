from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship.bits import BitReader, BitWriter, Room
from agent.ship.limits import NUMBERS, WireError

columns = st.lists(st.integers(-(2**60), 2**60) | st.integers(-3, 900), max_size=20)


@given(st.lists(columns, max_size=4), st.lists(st.integers(0, 2**40), max_size=9))
def test_columns_come_back_in_order(written: list[list[int]], tops: list[int]) -> None:
    out = BitWriter(Room())
    for column in written:
        out.column(column)
    out.within([top // 3 for top in tops], tops)
    out.number(-5)
    bits = BitReader(*out.done(), Room())
    assert [bits.column(len(column)) for column in written] == written
    assert bits.within(tops) == [top // 3 for top in tops]
    assert bits.number() == -5


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_doubles_come_back_to_the_bit(values: list[float]) -> None:
    out = BitWriter(Room())
    out.floats(values)
    found = BitReader(*out.done(), Room()).floats(len(values))
    assert struct.pack(f"{len(found)}d", *found) == struct.pack(f"{len(values)}d", *values)


def test_noise_costs_its_own_bits_and_little_more() -> None:
    noise = [i * 2654435761 % 1000 for i in range(1000)]
    out = BitWriter(Room())
    out.column(noise)
    assert len(out.done()[0]) * 8 < 1000 * 10 * 1.15


def test_a_constant_column_costs_a_few_bytes_and_still_counts() -> None:
    out = BitWriter(Room())
    out.column([60] * 100_000)
    packed, doubles = out.done()
    assert len(packed) <= 3
    assert BitReader(packed, doubles, Room()).column(100_000) == [60] * 100_000
    with pytest.raises(WireError) as caught:
        BitReader(packed, doubles, Room()).column(NUMBERS + 1)
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_torn_bits_are_refused(cut: int) -> None:
    out = BitWriter(Room())
    out.column([1, 500, 3, 100_000])
    with pytest.raises(WireError, match="ends early") as caught:
        BitReader(out.done()[0][:cut], b"", Room()).column(4)
    assert caught.value.reason == "malformed"


@given(st.binary(max_size=40), st.integers(0, 50))
def test_any_bits_make_numbers_or_a_refusal(packed: bytes, count: int) -> None:
    bits = BitReader(packed, b"", Room())
    try:
        found = bits.column(count)
    except WireError:
        return
    assert len(found) == count


def test_a_value_above_its_bound_is_refused() -> None:
    with pytest.raises(WireError, match="above its bound 4"):
        BitReader(b"\xff", b"", Room()).within([4])


@pytest.mark.parametrize("doubles", [b"1234567", b"\xff" * 8])
def test_doubles_that_are_torn_or_not_finite_are_refused(doubles: bytes) -> None:
    with pytest.raises(WireError):
        BitReader(b"", doubles, Room()).floats(1)


def test_more_doubles_than_there_are_cannot_be_read() -> None:
    with pytest.raises(WireError, match="ends early"):
        BitReader(b"", bytes(16), Room()).floats(3)
