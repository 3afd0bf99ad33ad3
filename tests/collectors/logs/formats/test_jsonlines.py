from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.jsonlines import JsonLines
from collectors.logs.formats.states import Strange

READ = JsonLines(["a", "b", "o.c", "o.d.e"]).fields


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"a":1,"x":[1,{"a":2}],"b":"t"}', {"a": 1, "b": "t"}),
        (b'{"o":{"c":1.5,"d":{"e":true}}}', {"o.c": 1.5, "o.d.e": True}),
        (b'{"a":null,"b":[1],"o":3}', {"b": Strange.OTHER}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":18446744073709551615}', {"a": 18446744073709551615}),
        (b'{"a":1e999,"b":2}', {"a": Strange.HUGE, "b": 2}),
        (
            b'{"a":NaN,"b":-Infinity,"x":"NaN, \\"NaN","o":{"c":Infinity}}',
            {"a": "NaN", "b": "-Infinity", "o.c": "Infinity"},
        ),
        (b'{"a":"36ms"}', {"a": "36ms"}),
        (b' {"a": 1} ', {"a": 1}),
        (b"{}", {}),
    ],
)
def test_the_fields_of_a_line(line: bytes, expected: dict[str, object]) -> None:
    assert READ(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"plain",
        b"[1]",
        b'{"a":1',
        b'{"a":1} x',
        b'{"a":NaNs}',
        b"{'a':1}",
        b'{"x":' + b"[" * 100_000,
        b'{"a":\xff}',
    ],
)
def test_what_is_no_object_is_not_understood(line: bytes) -> None:
    assert READ(line) is None


def test_bad_utf_8_costs_the_field_or_the_line_but_nothing_else() -> None:
    assert READ(b'{"x":"\xff","b":1}') in (None, {"b": 1})
    assert READ(b'{"a":"\xff","b":1}') == {"a": Strange.OTHER, "b": 1}


def test_a_line_of_10_mb_is_skipped_over() -> None:
    assert READ(b'{"x":"' + b"y" * 10_000_000 + b'","a":1}') == {"a": 1}


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "x"]), st.integers(-(2**60), 2**60) | st.text() | st.booleans()
    )
)
def test_scalars_come_as_json_has_them(value: dict[str, object]) -> None:
    wanted = {key: inner for key, inner in value.items() if key != "x"}
    assert READ(json.dumps(value).encode("utf-8", "surrogatepass")) == wanted


@given(st.binary())
def test_any_bytes_are_an_object_or_not(line: bytes) -> None:
    assert READ(line) is None or isinstance(READ(line), dict)
