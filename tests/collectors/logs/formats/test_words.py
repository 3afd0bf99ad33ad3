from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.words import KEPT, Desk, Minutes, Text, head_of, numbers, same, texts

JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
WRITTEN = st.from_regex(r"-?[0-9]{0,9}\.?[0-9]{0,9}", fullmatch=True) | st.text(
    "0123456789.-eE+ x", max_size=12
)


def laid(lines: list[str]) -> Text:
    return Text("".join(f"{line}\n" for line in lines).encode(), Desk())


@given(st.lists(WRITTEN, min_size=1, max_size=40))
def test_a_number_that_is_read_is_that_of_json(written: list[str]) -> None:
    text = laid([f'"a":{each},' for each in written])
    found = numbers(text, text.starts + 4)
    for each, value, end, start, read in zip(
        written, found.values, found.ends, text.starts, found.read, strict=True
    ):
        due = JSON_NUMBER.match(each)
        if read:
            assert due is not None
            assert (value, end) == (float(due[0]), start + 4 + due.end())
        elif due is not None and due.end() == len(each):
            pytest.fail(f"{each} was not read")


@pytest.mark.parametrize(
    "written", ["01", "00.5", ".5", "5.", "1.2.3", "-", "--1", "", "1e5", "1234567890e5"]
)
def test_what_is_no_plain_number_is_not_read_as_a_whole(written: str) -> None:
    text = laid([f"{written},"] * 3)
    found = numbers(text, text.starts)
    assert not (found.read & (found.ends - text.starts == len(written))).any()


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


@given(st.binary(min_size=1, max_size=30).filter(lambda b: b"\n" not in b), st.integers(0, 29))
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
    assert text.odd().tolist() == [False, False, True]  # type: ignore[union-attr]
    assert text.having(b"b").tolist() == [True, False, False]
    assert laid(["ab"]).odd() is None
    assert len(Text(b"", Desk())) == 0


@pytest.mark.parametrize("mark", ["\t", "é", "\\", "\x1b", "\x00"])
def test_lines_that_are_not_plain_are_told(mark: str) -> None:
    assert laid(["a", f"x{mark}y", "b"]).odd().tolist() == [False, True, False]  # type: ignore[union-attr]


def test_a_desk_is_used_again() -> None:
    desk = Desk()
    Text(b"x" * 5000 + b"\n", desk)
    text = Text(b"ab\n", desk)
    assert text.line(0) == b"ab"
    assert int(text.words[text.starts[0] + 3]) == 0


def test_the_head_of_a_text_has_zeros_behind_it() -> None:
    text = laid(["abcdefghij"])
    words = head_of(text, text.starts, np.array([9]))
    assert b"".join(word.tobytes() for word in words) == b"abcdefghi" + bytes(7)


@pytest.mark.parametrize(
    ("written", "proper"),
    [
        ("10:20:30.5", True),
        ("10:20:59.9", True),
        ("10:20:60.0", False),
        ("10:20:7x.0", False),
        ("10:20:30.x", False),
    ],
)
def test_times_of_a_minute_have_one_head(written: str, proper: bool) -> None:
    form = Minutes(10, 6, (9, 10))
    text = laid([written, "10:20:00.0", "10:21:00.0"])
    heads, read = form.heads(head_of(text, text.starts, text.ends - text.starts))
    assert read.tolist() == [proper, True, True]
    same_minute = np.logical_and.reduce([head == head[1] for head in heads])
    assert same_minute.tolist() == [True, True, False]
