from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.escapes import MARK, marked, odd
from collectors.logs.formats.words import Desk, Text, head_of

PIECES = [
    "a",
    "\\\\",
    '\\"',
    "\\n",
    "\\/",
    "\\u00e9",
    "\\ud83d",
    "\\ude00",
    "\\uDBFF",
    "\\uDFFF",
    "\\x",
    "\\u12",
    "\\",
    "é",
]


def laid(lines: list[bytes]) -> Text:
    return Text(b"".join(line + b"\n" for line in lines), Desk())


def is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), min_size=1, max_size=20))
def test_a_text_with_escapes_is_odd_or_ends_at_its_first_quote(written: list[str]) -> None:
    lines = [f'"{each}"'.encode() for each in written]
    text = laid(lines)
    strange = odd(text)
    for row, line in enumerate(lines):
        body = text.bytes[text.starts[row] : text.ends[row]].tobytes()
        ready = (strange is None or not strange[row]) and body.find(b'"', 1) == len(line) - 1
        assert ready == is_json(line), line
        assert len(body) == len(line)


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_texts_stay_different(one: str, other: str) -> None:
    lines = [json.dumps(each).encode() for each in (one, other)]
    text = laid(lines)
    assert odd(text) is None
    first, second = (text.bytes[text.starts[row] : text.ends[row]].tobytes() for row in (0, 1))
    assert (first == second) == (one == other)
    assert text.line(0) == lines[0]


@pytest.mark.parametrize("line", [b"a\tb", b"\xff", b"\x1b[0m", b"\x00", b'"\\q"', b"\xed\xa0\x80", b"a\\"])
def test_lines_that_are_not_plain_are_told_as_often_as_one_asks(line: bytes) -> None:
    text = laid([b"a", line, "ü".encode(), b'"\\n"'])
    for _ in range(2):
        assert odd(text).tolist() == [False, True, False, False]  # type: ignore[union-attr]
    assert odd(laid([b"a", "ü".encode()])) is None


def test_marks_are_found_in_the_words_of_a_text() -> None:
    text = laid([b"2026-11-23", b"2026\\/11-2"])
    odd(text)
    assert int(text.bytes[text.starts[1] + 4]) == MARK
    words = head_of(text, text.starts, np.array([10, 10]))
    assert marked(words).tolist() == [False, True]
