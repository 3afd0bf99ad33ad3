"""Bytes of a keyboard become names of keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.keys import keys


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"jk", ["j", "k"]),
        (b"\x1b[A\x1b[B", ["up", "down"]),
        (b"\x1bOA", ["up"]),
        (b"\x1b[5~\x1b[6~", ["page up", "page down"]),
        (b"\x1b", ["escape"]),
        (b"\r", ["enter"]),
        (b"\x7f", ["erase"]),
        ("é".encode(), ["é"]),
        (b"\x1b[1;5C", []),
        (b"\x00\x01", []),
        (b"", []),
    ],
)
def test_known_sequences(data: bytes, expected: list[str]) -> None:
    assert keys(data) == expected


@given(st.binary(max_size=64))
def test_any_bytes_give_only_printable_names(data: bytes) -> None:
    assert all(key and key.isprintable() for key in keys(data))
