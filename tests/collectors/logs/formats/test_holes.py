from __future__ import annotations

import numpy as np

from collectors.logs.formats.holes import Holes
from collectors.logs.formats.shape import shape_of
from collectors.logs.formats.words import KEPT, Desk, Text


def stepped(lines: list[bytes], kept: set[int], worded: set[int]) -> tuple[list[object], list[bool]]:
    shape = shape_of(lines[0])
    assert shape is not None
    text = Text(b"".join(line + b"\n" for line in lines), Desk())
    found, ok = Holes(shape, kept, dict.fromkeys(worded, KEPT)).step(text, np.arange(len(lines)))
    rows = np.flatnonzero(ok)
    told: list[object] = []
    for at in sorted(found):
        column = found[at].of(rows)
        told.append(
            column.values.tolist()
            or [
                text.part(begin, end)
                for begin, end in zip(column.begins.tolist(), column.ends.tolist(), strict=True)
            ]
        )
    return told, ok.tolist()


def test_the_wanted_holes_are_columns() -> None:
    lines = [b'{"a":"x","b":1.5,"c":"y"}', b'{"a":"%b","b":-2,"c":"z"}' % (b"n" * 200)]
    assert stepped(lines, {0, 1}, set()) == ([[b"x", b"n" * 200], [1.5, -2.0]], [True, True])


def test_other_lines_are_told() -> None:
    lines = [
        b'{"a":"x","b":1.5}',
        b'{"a":"x","b":"1.5"}',
        b'{"a":"x","c":1}',
        b'{"a":"x","b":1.5 }',
        b"",
        b'{"a":"x',
    ]
    assert stepped(lines, {1}, set()) == ([[1.5]], [True, *[False] * 5])


def test_a_text_that_is_wanted_by_its_words_is_short() -> None:
    lines = [b'{"a":"%b"}' % (b"n" * size) for size in (1, 32, 33)]
    assert stepped(lines, {0}, {0})[1] == [True, True, False]
    assert stepped(lines, {0}, set())[1] == [True, True, True]


def test_literals_of_any_length_are_compared_whole() -> None:
    for size in range(1, 200, 7):
        line = b'{"%b":1}' % (b"k" * size)
        others = [line[:at] + b"j" + line[at + 1 :] for at in range(2, size + 2)]
        assert stepped([line, *others], {0}, set()) == ([[1.0]], [True, *[False] * len(others)])


def test_where_no_line_is_right_there_are_no_holes() -> None:
    shape = shape_of(b'{"a":1}')
    assert shape is not None
    found, ok = Holes(shape, {0}, {}).step(Text(b"x\ny\n", Desk()), np.arange(2))
    assert (found, ok.tolist()) == ({}, [False, False])
