"""Foreign strings never reach a terminal with anything but visible characters in them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.clean import ELLIPSIS, MARK, clean

ANY = st.text(st.characters(), max_size=400)
HOSTILE = st.text(
    st.sampled_from(
        "ab0;m[]\\ \x1b\x9b\x9d\x07\x9c\x00\x7f\u202e\u2066\u200b\u200d\ufeff\u2028\ud800\ufffd\ufe0f"
    ),
    max_size=300,
)


@given(ANY | HOSTILE)
def test_nothing_that_a_terminal_obeys_or_hides_comes_through(text: str) -> None:
    kinds = {unicodedata.category(letter) for letter in clean(text)}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(ANY | HOSTILE)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANY | HOSTILE, st.integers(1, 300))
def test_the_result_is_never_longer_than_the_limit(text: str, limit: int) -> None:
    assert len(clean(text, limit)) <= limit


@given(ANY | HOSTILE)
def test_the_result_can_be_encoded(text: str) -> None:
    clean(text).encode()


@given(
    st.text(st.characters(categories=("L", "N", "P", "S")), max_size=256).filter(lambda t: "\u2800" not in t)
)
def test_visible_text_is_left_alone(text: str) -> None:
    fillers = {"\u115f", "\u1160", "\u3164", "\uffa0"}
    assert fillers & set(text) or clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gate-7", "gate-7"),
        ("", ""),
        ("Straße °C ½ 日本", "Straße °C ½ 日本"),
        ("\x1b[2J\x1b[Hroot", f"{MARK}root"),
        ("a\x1b]52;c;cm0gLXJm\x07b", f"a{MARK}b"),
        ("a\x9d0;title\x9cb", f"a{MARK}b"),
        ("a\x1bP+q544e\x1b\\b", f"a{MARK}b"),
        ("a\x1b[38;5;196mb", f"a{MARK}b"),
        ("a\x9b1mb", f"a{MARK}b"),
        ("line\r\nline", f"line{MARK}line"),
        ("exe\u202egpj", f"exe{MARK}gpj"),
        ("gpu\u200b0", f"gpu{MARK}0"),
        ("a\ud800b", f"a{MARK}b"),
        ("\x1b", MARK),
        ("a\x1b]0;never ended", f"a{MARK}"),
    ],
)
def test_known_attacks(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_a_tampered_name_is_not_the_name_it_imitates() -> None:
    assert clean("ga\u200bte") != clean("gate")


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("x" * 20, limit=5) == "xxxx" + ELLIPSIS
    assert clean("x" * 5, limit=5) == "xxxxx"


def test_a_cut_never_opens_an_escape_sequence() -> None:
    assert clean("abc\x1b[31mred", limit=5) == f"abc{MARK}{ELLIPSIS}"
