from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.textlines import Pairs, Patterns, TextLines

PAIRS = TextLines(Pairs(["level", "msg", "latency_ms", "t"]))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            b'level=info msg="all done" latency_ms=3.2',
            {"level": "info", "msg": "all done", "latency_ms": "3.2"},
        ),
        (b'msg="a \\"b\\" \\\\ c\\n" other=1', {"msg": 'a "b" \\ c\n'}),
        (b"level= t=5", {"level": "", "t": "5"}),
        (b"level=a level=b", {"level": "b"}),
        (b'x{t="1ms" level=z}: end', {"t": "1ms", "level": "z}:"}),
        (b"xlevel=no", {}),
    ],
)
def test_pairs(line: bytes, expected: dict[str, str]) -> None:
    assert PAIRS.fields(line) == expected


def test_a_line_without_pairs_is_not_understood() -> None:
    assert PAIRS.fields(b"nothing here") is None


def test_the_first_pattern_that_matches_holds_and_parts_come_in_any_order() -> None:
    read = TextLines(Patterns([r"A (?P<x>\d+)", r"(?P<y>\w)"], [r"p=(?P<p>\d+)", r"q=(?P<q>\d+)"])).fields
    assert read(b"A 1 q=3 p=2") == {"x": "1", "p": "2", "q": "3"}
    assert read(b"B q=3") == {"y": "B", "q": "3"}
    assert read(b"- q=3") is None


def test_a_pattern_goes_through_no_longer_line_than_its_cost_allows() -> None:
    read = TextLines(Patterns([r".*x(?P<n>\d)"])).fields
    assert read(b"a" * 4000 + b"x1") == {"n": "1"}
    assert read(b"a" * 4096 + b"x1") is None


@given(st.binary())
def test_any_bytes_have_pairs_or_not(line: bytes) -> None:
    found = PAIRS.fields(line)
    assert found is None or all(isinstance(value, str) for value in found.values())
