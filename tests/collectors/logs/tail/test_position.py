from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.tail.position import MOST, MOST_ENDED, Ended, Position, unpack
from collectors.logs.tail.proof import Proof

DIGESTS = st.binary(min_size=6, max_size=6)
PROOFS = st.builds(Proof, st.lists(DIGESTS, max_size=7).map(tuple), st.just(b"") | DIGESTS)
NATURAL = st.integers(0, 2**64 - 1)
LENGTHS = st.integers(0, 2**63 - 1)
TIMES = st.integers(-(2**63), 2**63 - 1)
POSITIONS = st.builds(
    Position,
    st.binary(max_size=200).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
    NATURAL,
    NATURAL,
    LENGTHS,
    PROOFS,
    TIMES,
    st.booleans(),
    st.integers(0, 7),
    st.lists(st.builds(Ended, LENGTHS, PROOFS, TIMES), max_size=MOST_ENDED).map(tuple),
    st.booleans(),
    LENGTHS,
)


@given(POSITIONS)
def test_a_position_comes_back_as_it_was(position: Position) -> None:
    packed = position.pack()
    assert unpack(packed) == position
    assert len(packed) < MOST


@given(st.binary(max_size=300))
def test_anything_else_is_refused_in_words(data: bytes) -> None:
    try:
        unpack(data)
    except ValueError as error:
        assert str(error).startswith("no position of a log: ")  # noqa: PT017 - most data raise, not all


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, 1),
        (1, "text"),
        (1, b"/a\0b"),
        (4, 1 << 63),
        (2, -1),
        (4, 1.5),
        (5, ["x"]),
        (6, b"too long a digest"),
        (10, [[0, 0, 0]]),
        (10, 3),
        (12, -1),
    ],
)
def test_each_field_is_looked_at(place: int, value: object) -> None:
    fields = list(msgpack.unpackb(Position("/a", 1, 2, 3, Proof(), 5).pack()))
    fields[place] = value
    with pytest.raises(ValueError, match="no position"):
        unpack(msgpack.packb(fields))


def test_more_than_any_position_has_is_not_even_unpacked() -> None:
    with pytest.raises(ValueError, match="too many"):
        unpack(b"\x00" * (MOST + 1))
