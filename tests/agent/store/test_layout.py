from __future__ import annotations

from agent.ship.records import STREAMS, Key, Row, Tombstone
from agent.store.layout import MAX_LIFE, MAX_NUMBER, Head, digest, inscription, place

KEY = Key(9, "windows", 8, 15)


def head(**changes: object) -> Head:
    """A sound data row, changed."""
    where = place("windows", 3, 8)
    sound = Head(where, 15, 1, b"12345678", 1.0, 2.0, None, None, None, 77)
    return sound._replace(**changes)  # type: ignore[arg-type]


def test_a_place_holds_stream_life_and_number_and_sorts_by_them() -> None:
    names = [
        (stream, life, first) for stream in STREAMS for life in (1, MAX_LIFE) for first in (0, MAX_NUMBER)
    ]
    places = [place(*name) for name in names]
    assert places == sorted(places)
    assert max(places) < 1 << 63
    assert [(h.stream, h.life, h.first) for h in (head(place=where) for where in places)] == names


def test_a_head_is_a_row_of_the_algebra() -> None:
    assert head().row(9) == Row(KEY, b"12345678", True, 77, None)
    grave = head(confirmed=0, reason="full", records=3, lost=99, size=None)
    assert grave.row(9) == Row(KEY, b"12345678", False, 0, Tombstone(KEY, "full", 3, 99, 1.0, 2.0))


def test_a_digest_is_of_key_span_and_body() -> None:
    base = digest(KEY, 1.0, 2.0, b"body")
    others = [
        digest(KEY._replace(epoch=8), 1.0, 2.0, b"body"),
        digest(KEY._replace(stream="events"), 1.0, 2.0, b"body"),
        digest(KEY._replace(first=0), 1.0, 2.0, b"body"),
        digest(KEY._replace(last=8), 1.0, 2.0, b"body"),
        digest(KEY, 1.5, 2.0, b"body"),
        digest(KEY, 1.0, 2.5, b"body"),
        digest(KEY, 1.0, 2.0, b"bode"),
    ]
    assert len({base, *others}) == 8
    assert len(base) == 8


def test_tombstones_say_different_things() -> None:
    assert len({inscription("full", 1, 11), inscription("full", 11, 1), inscription("expired", 1, 11)}) == 3


def test_faults_of_a_row_are_seen() -> None:
    assert head().fault() is None
    assert head(last=14).fault() == "it is no aligned block of data"
    assert head(size=None).fault() == "it is no aligned block of data"
    assert head(last=7).fault() == "its place is out of range"
    assert head(place=place("windows", 3, 8) | 7 << 60).fault() == "its place is out of range"
    assert head(digest=b"123").fault() == "its digest has another length"
    assert head(start="x").fault() == "a column is of another type"
    assert head(reason="full").fault() == "its tombstone is incomplete"
    assert head(last=14, reason="full", records=1, lost=2).fault() is None
