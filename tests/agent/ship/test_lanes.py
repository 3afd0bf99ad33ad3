from __future__ import annotations

from random import Random
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from agent.ship.lanes import (
    PIECE_OVERHEAD,
    SMALLEST_SLICE,
    Body,
    Cargo,
    Lanes,
    Stone,
    Texts,
    delivered,
    failed,
)
from agent.ship.records import Part, Row
from tests.agent.ship.bench import EPOCH, key, stone


def row(n: int) -> Row:
    return Row(key(n), b"digest%02d" % n, confirmed=False, size=10, tombstone=None)


def cargoes(lanes: Lanes, room: int) -> list[Cargo]:
    """All messages until the lanes are empty."""
    filled = []
    while lanes.waiting():
        filled.append(Cargo(room))
        lanes.fill(filled[-1])
        assert filled[-1].flights, "a message must carry something, or this never ends"
    return filled


@given(st.lists(st.integers(1, 5_000), max_size=12), st.integers(PIECE_OVERHEAD + SMALLEST_SLICE, 3_000))
def test_every_body_arrives_whole_and_no_message_is_too_full(sizes: list[int], room: int) -> None:
    lanes = Lanes()
    bodies = [bytes([n]) * size for n, size in enumerate(sizes)]
    for n, body in enumerate(bodies):
        lanes.add(Body(row(n), body), live=n % 3 == 0)
    filled = cargoes(lanes, room)
    parts: dict[int, list[Part]] = {}
    for cargo in filled:
        assert cargo.room >= 0
        assert sum(len(part.data) + PIECE_OVERHEAD for part in cargo.parts) <= room
        for part in cargo.parts:
            parts.setdefault(part.key.first, []).append(part)
    for n, body in enumerate(bodies):
        assert b"".join(part.data for part in parts[n]) == body
        assert {(part.crc, part.total) for part in parts[n]} == {(crc32(body), len(body))}


@given(st.lists(st.integers(1, 5_000), max_size=8), st.randoms(use_true_random=False))
def test_each_row_is_delivered_once_in_whatever_order_answers_come(sizes: list[int], random: Random) -> None:
    lanes = Lanes()
    for n, size in enumerate(sizes):
        lanes.add(Body(row(n), b"x" * size), live=False)
    filled = cargoes(lanes, 1_000)
    random.shuffle(filled)
    names = [name for cargo in filled for name in delivered(cargo)]
    assert sorted(names) == [(key(n), b"digest%02d" % n) for n in range(len(sizes))]


def test_a_record_that_fits_is_not_cut_for_the_sake_of_a_full_message() -> None:
    lanes = Lanes()
    for n in range(3):
        lanes.add(Body(row(n), b"x" * 600), live=False)
    assert [len(cargo.parts) for cargo in cargoes(lanes, 1_000)] == [1, 1, 1]


def test_live_goes_first_and_alone_if_asked() -> None:
    lanes = Lanes()
    lanes.add(Body(row(0), b"old"), live=False)
    lanes.add(Body(row(1), b"new"), live=True)
    cargo = Cargo(1_000)
    lanes.fill(cargo, live=True)
    assert [part.key for part in cargo.parts] == [key(1)]
    assert (lanes.waiting(live=True), lanes.waiting()) == (False, True)


def test_a_failed_row_is_named_once_and_what_is_left_of_it_stays_behind() -> None:
    lanes = Lanes()
    lanes.add(Body(row(0), b"x" * 2_000), live=False)
    first, second = Cargo(1_000), Cargo(1_000)
    lanes.fill(first)
    lanes.fill(second)
    assert failed(first) == [(key(0), b"digest00")]
    assert failed(second) == delivered(second) == []
    assert not lanes.waiting()


def test_tombstones_and_texts_travel_too() -> None:
    lanes = Lanes()
    grave = stone(3)
    assert grave.tombstone is not None
    lanes.add(Stone(grave, grave.tombstone), live=False)
    lanes.add(Texts(row(4), [b"{}", b"[]"]), live=False)
    filled = cargoes(lanes, 1_000)
    assert [(cargo.tombstones, cargo.text) for cargo in filled] == [
        ([grave.tombstone], None),
        ([], b"{}"),
        ([], b"[]"),
    ]
    assert [delivered(cargo) for cargo in filled] == [[(key(3), b"stone003")], [], [(key(4), b"digest04")]]


def test_rows_of_unexplained_epochs_are_given_up() -> None:
    lanes = Lanes()
    lanes.add(Body(row(0), b"x"), live=False)
    assert lanes.strangers({EPOCH}) == []
    assert lanes.strangers({5}) == [(key(0), b"digest00")]
    assert not lanes.waiting()
