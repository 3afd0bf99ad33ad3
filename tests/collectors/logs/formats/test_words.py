from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.words import (
    FRONT,
    KEPT,
    STRETCH,
    WIDE,
    Desk,
    Text,
    end_at,
    head_of,
    places_of,
    same,
    texts,
)


def laid(lines: list[str]) -> Text:
    return Text("".join(f"{line}\n" for line in lines).encode(), Desk())


@given(
    st.lists(
        st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"'), max_size=60),
        min_size=1,
    )
)
def test_texts_end_before_their_quote(written: list[str]) -> None:
    text = laid([f'{each}"end' for each in written])
    found = texts(text, text.starts)
    assert (found.ends - text.starts).tolist() == list(map(len, written))
    assert found.read is None
    padded = [each.encode()[: 8 * KEPT] for each in written]
    told = b"".join(np.stack(found.words, axis=1).tobytes() for _ in [0])
    width = 8 * len(found.words)
    assert [told[at * width : (at + 1) * width].rstrip(b"\0") for at in range(len(written))] == padded


def test_a_text_that_never_ends_is_not_read() -> None:
    text = laid(["x" * 5000, 'y"'])
    assert texts(text, text.starts).read.tolist() == [False, True]  # type: ignore[union-attr]


@given(st.binary(min_size=1, max_size=300).filter(lambda b: b"\n" not in b), st.integers(0, 299))
def test_a_literal_is_compared_whole(literal: bytes, at: int) -> None:
    other = bytearray(literal)
    other[at % len(literal)] ^= 1
    text = Text(literal + b"\n" + bytes(other).replace(b"\n", b"\x0c") + b"\n", Desk())
    assert same(text, text.starts[:1], literal).tolist() == [True]
    assert not same(text, text.starts[1:2], literal).any()


def test_lines_and_their_parts() -> None:
    text = laid(["ab", "", "c\\d"])
    assert len(text) == 3
    assert [text.line(row) for row in range(3)] == [b"ab", b"", b"c\\d"]
    assert text.having(b"b").tolist() == [True, False, False]
    assert len(Text(b"", Desk())) == 0


def test_a_desk_is_used_again() -> None:
    desk = Desk()
    Text(b"x" * 5000 + b"\n", desk)
    text = Text(b"ab\n", desk)
    assert text.line(0) == b"ab"
    assert text.window(text.starts + 3, 1).tolist() == [[0]]


def test_the_head_of_a_text_has_zeros_behind_it() -> None:
    text = laid(["abcdefghij"])
    words = head_of(text, text.starts, np.array([9]))
    assert b"".join(word.tobytes() for word in words) == b"abcdefghi" + bytes(7)


def test_a_window_has_the_words_from_each_place_on() -> None:
    text = laid(["abcdefghijklmnopq", "ABCDEFGHIJKLMNOPQ"])
    assert text.window(text.starts + 1, 2).tobytes() == b"bcdefghijklmnopqBCDEFGHIJKLMNOPQ"


@given(st.lists(st.integers(0, 200), max_size=20), st.integers(0, 17))
def test_flags_are_found_wherever_they_are(places: list[int], more: int) -> None:
    flags = np.zeros(201 + more, np.bool_)
    flags[places] = True
    assert places_of(flags).tolist() == sorted(set(places))


def test_control_characters_are_no_ends_of_lines() -> None:
    text = laid(["a", "x\ty", ""])
    assert text.controls.tolist() == [text.starts[1] + 1]
    assert [text.line(row) for row in range(3)] == [b"a", b"x\ty", b""]


def test_texts_are_the_same_from_any_window() -> None:
    text = laid([f'{"x" * size}"' for size in (3, 8, 31, 70, 200)])
    for words in range(1, WIDE + 1):
        found = texts(text, text.starts, KEPT, text.window(text.starts, words))
        assert (found.ends - text.starts).tolist() == [3, 8, 31, 70, 200]
        kept = np.stack(found.words, axis=1)
        assert kept.shape == (5, KEPT)
        assert [row.tobytes().rstrip(b"\0") for row in kept] == [b"x" * size for size in (3, 8, 31, 32, 32)]


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 23, 24])
def test_where_all_texts_end_is_seen_at_once(size: int) -> None:
    text = laid([f'{"x" * size}"', f'{"y" * size}""'])
    assert end_at(text.window(text.starts, 4), size)
    for other in (
        f'{"x" * (size + 1)}"',
        f'"{"x" * size}"',
        "x" * 40,
        f'{"x" * (size - 1)}"q' if size else "q",
    ):
        text = laid([f'{"x" * size}"', other])
        assert end_at(text.window(text.starts, 4), size) == (size == 0 and other == '""')


def test_bytes_are_found_over_all_stretches() -> None:
    size = 3 * STRETCH - 7
    places = [0, 1, 8, STRETCH - 1, STRETCH, 2 * STRETCH + 5, size - 2]
    chunk = bytearray(b"x" * size)
    for place in places:
        chunk[place] = ord("!")
    found = Text(bytes(chunk), Desk()).where(np.equal, ord("!"))
    assert (found - FRONT).tolist() == places
