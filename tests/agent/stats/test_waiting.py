"""Pieces of what waits: the same after being stored, small, refused where they are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats.waiting import ENTRY, JOINED, PREDICTION, Entries, Piece, assembled, packed, unpacked

ROWS = st.lists(
    st.tuples(
        st.integers(1, 2**48 - 1),
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


def needed(entries: Entries, *, brief: bool) -> list[tuple[float, ...]]:
    """What matters of entries: of the joined ones their ids, and not even that if brief."""
    found = entries.copy()
    found["value"][found["side"] == JOINED] = 0
    for name in ("confidence", "group"):
        found[name][found["side"] != PREDICTION] = 0
    if brief:
        found["id"][found["side"] == JOINED] = 0
    rows: list[tuple[float, ...]] = found.tolist()
    return rows


@given(ROWS, st.integers(1000, 2**40), st.lists(st.integers(1, 1000), max_size=5), st.booleans())
def test_a_piece_is_the_same_after_being_stored(
    rows: list[tuple[float, ...]], start: int, ago: list[int], brief: bool
) -> None:
    piece = Piece(start, start - 50, sorted(start - each for each in ago), entries(*rows))
    found = unpacked(packed(piece, brief=brief))
    assert found[:3] == piece[:3]
    assert found.until == start + len(rows)
    assert found.entries.tolist() == needed(piece.entries, brief=brief)


@pytest.mark.parametrize(
    ("row", "size"),
    [
        ((7, 1, 9.0, 9000, 3, 1.7e9, 2.5), 9.25),
        ((7, 1, 9.5, 9000, 3, 1.7e9, 2.5), 16.25),
        ((7, 2, 9.0, 9000, 3, 1.7e9, 2.5), 7.25),
        ((7, 3, 9.0, 9000, 3, 1.7e9, 2.5), 6.25),
    ],
)
def test_an_entry_takes_nine_bytes_and_less_when_it_is_joined(row: tuple[float, ...], size: float) -> None:
    def taken(count: int, *, brief: bool) -> int:
        return len(packed(Piece(0, 0, [], entries(*[row] * count)), brief=brief))

    assert taken(200, brief=False) - taken(100, brief=False) == 100 * size
    assert taken(200, brief=True) - taken(100, brief=True) == (25 if row[1] == JOINED else 100 * size)


@given(ROWS, st.data())
def test_a_torn_piece_is_refused(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    whole = packed(Piece(5, 5, [3, 4], entries(*rows)))
    with pytest.raises(ValueError, match="what waits to be joined"):
        unpacked(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ValueError, match="not as long"):
        unpacked(whole + b"x")


def test_a_piece_that_cannot_be_is_refused() -> None:
    good = packed(Piece(0, 0, [], entries((7, 1, 1.0, 0, 0, 0.0, 0.0))))
    with pytest.raises(ValueError, match="are no piece"):
        unpacked(b"\x01" + good[1:])
    with pytest.raises(ValueError, match="numbers that cannot be"):
        unpacked(good[:8] + b"\xff" + good[9:])
    run = 30 + 12
    with pytest.raises(ValueError, match="another number of entries"):
        unpacked(good[:run] + b"\x02" + good[run + 1 :])


def test_pieces_are_assembled_from_their_floor_on() -> None:
    one, two = (entries(*[(n, 1, n, 0, 0, 0.0, 0.0) for n in numbers]) for numbers in (range(3), range(3, 5)))
    pieces = [Piece(0, 0, [], one), Piece(3, 1, [2], two)]
    assert assembled(pieces, 1)["id"].tolist() == [1, 2, 3, 4]
    assert assembled(pieces[1:], 3)["id"].tolist() == [3, 4]
    with pytest.raises(ValueError, match="missing"):
        assembled(pieces[1:], 1)
    with pytest.raises(ValueError, match="marked that is not there"):
        assembled([Piece(0, 0, [0], one)], 0)
