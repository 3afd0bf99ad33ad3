"""Pieces of what waits: the same after being stored, small, refused where they are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.waiting import ENTRY, Entries, Piece, assembled, packed, unpacked

ROWS = st.lists(
    st.tuples(
        st.integers(0, 2**48 - 1),
        st.integers(1, 3),
        st.integers(0, 255) | st.floats(allow_nan=False),
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.sampled_from([1.7e9, 1.7e9 + 1]),
        st.floats(width=32, allow_nan=False),
    ),
    max_size=20,
)


def entries(*rows: tuple[float, ...]) -> Entries:
    return np.array(list(rows), ENTRY)


@given(ROWS, st.integers(100, 2**40), st.lists(st.integers(1, 100), max_size=5))
def test_a_piece_is_the_same_after_being_stored(
    rows: list[tuple[float, ...]], start: int, ago: list[int]
) -> None:
    piece = Piece(start, start - 50, [start - each for each in ago], entries(*rows))
    found = unpacked(packed(piece))
    assert found[:3] == piece[:3]
    assert found.until == start + len(rows)
    assert found.entries.tolist() == piece.entries.tolist()


def test_a_class_takes_sixteen_bytes_and_a_number_seven_more() -> None:
    def size(value: float, count: int) -> int:
        return len(packed(Piece(0, 0, [], entries(*[(7, 1, value, 9000, 3, 1.7e9, 2.5)] * count))))

    assert size(9.0, 200) - size(9.0, 100) == 1600
    assert size(9.5, 200) - size(9.5, 100) == 2300


@given(ROWS, st.data())
def test_a_torn_piece_is_refused(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    whole = packed(Piece(5, 5, [4], entries(*rows)))
    with pytest.raises(ValueError, match="what waits to be joined"):
        unpacked(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ValueError, match="not as long"):
        unpacked(whole + b"x")


def test_a_piece_with_impossible_sides_is_refused() -> None:
    good = entries((7, 1, 1.0, 0, 0, 0.0, 0.0))
    for side in (0, 4):
        good["side"] = side
        with pytest.raises(ValueError, match="cannot be"):
            unpacked(packed(Piece(0, 0, [], good)))
    with pytest.raises(ValueError, match="are no piece"):
        unpacked(b"\x02" + packed(Piece(0, 0, [], good))[1:])


def test_pieces_are_assembled_from_their_floor_on() -> None:
    one, two = (entries(*[(n, 1, n, 0, 0, 0.0, 0.0) for n in numbers]) for numbers in (range(3), range(3, 5)))
    pieces = [Piece(0, 0, [], one), Piece(3, 1, [2], two)]
    assert assembled(pieces, 1)["id"].tolist() == [1, 2, 3, 4]
    assert assembled(pieces[1:], 3)["id"].tolist() == [3, 4]
    with pytest.raises(ValueError, match="missing"):
        assembled(pieces[1:], 1)
    with pytest.raises(ValueError, match="marked that is not there"):
        assembled([Piece(0, 0, [0], one)], 0)
