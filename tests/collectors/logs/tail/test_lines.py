from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.tail.lines import Lines, shortened, whole

LIMIT = 8


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"", Lines(b"", 0)),
        (b"a", Lines(b"", 0)),
        (b"a\nb\n", Lines(b"a\nb\n", 4)),
        (b"a\nb", Lines(b"a\n", 2)),
        (b"\n\n", Lines(b"\n\n", 2)),
        (b"12345678\n", Lines(b"12345678\n", 9)),
        (b"123456789\n", Lines(b"12345678\n", 10, cut=1, dropped=1)),
        (b"123456789", Lines(b"12345678\n", 8, skipping=True, cut=1)),
        (b"a\n123456789abc\nb\n", Lines(b"a\n12345678\nb\n", 17, cut=1, dropped=4)),
    ],
)
def test_whole_lines(block: bytes, expected: Lines) -> None:
    assert whole(block, LIMIT) == expected


def test_the_rest_of_a_line_that_was_cut_is_left_out() -> None:
    assert whole(b"rest", LIMIT, skipping=True) == Lines(b"", 4, skipping=True, dropped=4)
    assert whole(b"rest\nnext\n", LIMIT, skipping=True) == Lines(b"next\n", 10, dropped=4)
    assert whole(b"rest\n", LIMIT, skipping=True) == Lines(b"", 5, dropped=5)


def test_the_last_line_needs_no_line_feed() -> None:
    assert whole(b"half", LIMIT, last=True) == Lines(b"half\n", 4, torn=1)
    assert whole(b"", LIMIT, last=True) == Lines(b"", 0)


@given(
    st.lists(st.text("ab\r", max_size=20)).map(lambda lines: "".join(f"{line}\n" for line in lines).encode())
)
def test_shortened_is_each_line_cut(text: bytes) -> None:
    lines = text.split(b"\n")[:-1]
    short, cut, dropped = shortened(text, LIMIT)
    assert short == b"".join(line[:LIMIT] + b"\n" for line in lines)
    assert cut == sum(len(line) > LIMIT for line in lines)
    assert dropped == len(text) - len(short)


@given(st.lists(st.text("ab", max_size=30), max_size=10), st.integers(LIMIT + 2, 40))
def test_lines_are_the_same_however_they_are_read(lines: list[str], block: int) -> None:
    """As the tail reads: again from where it stands, in blocks of any size above the limit."""
    text = "".join(f"{line}\n" for line in lines).encode()
    offset, skipping, got = 0, False, b""
    while offset < len(text):
        found = whole(text[offset : offset + block], LIMIT, skipping=skipping)
        assert found.used > 0
        offset, skipping, got = offset + found.used, found.skipping, got + found.text
    assert got == b"".join(line[:LIMIT].encode() + b"\n" for line in lines)
