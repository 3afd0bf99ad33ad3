from __future__ import annotations

import pytest

from collectors.logs.formats.shape import Hole, shape_of, written_at


def test_a_shape_is_what_stays_the_same() -> None:
    shape = shape_of(b'{"a":"x","o":{"n":1.5,"b":true},"l":[1,"y"]}')
    assert shape is not None
    assert shape.holes == (Hole(False, "a"), Hole(True, "o.n"), Hole(True, ""), Hole(False, ""))
    assert shape.literals == (b'{"a":"', b'","o":{"n":', b',"b":true},"l":[', b',"', b'"]}')


def test_what_a_line_has_in_a_hole() -> None:
    line = b'{"n":-12.5,"a":"x y","b":"z"}'
    shape = shape_of(line)
    assert shape is not None
    assert [written_at(line, shape, at) for at in (1, 2)] == ["x y", "z"]


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1,"a":2}',
        b'{"o":{"a":1},"o":null}',
        b'{"a":1e}',
        b'{"a\x01n":"x"}',
        b"{'a':1}",
        b'{"a":' + b"1," * 200 + b'"b":2}',
        b'{"a":"x","' + b"k" * 9000 + b'":1}',
    ],
)
def test_what_has_no_shape(line: bytes) -> None:
    assert shape_of(line) is None


def test_keys_below_an_array_or_with_dots_are_those_of_no_field() -> None:
    shape = shape_of(b'{"l":[{"a":1}],"x.y":2,"o":{"p":{"q":"r"}}}')
    assert shape is not None
    assert [hole.key for hole in shape.holes] == ["", "", "o.p.q"]
