from __future__ import annotations

from datetime import timezone

import numpy as np
import pytest

from collectors.logs.formats.classes import Classes
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.fast import Values
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.hashes import request_of
from collectors.logs.formats.holes import Holes
from collectors.logs.formats.jsoncolumns import JsonColumns, empty_keys
from collectors.logs.formats.shape import shape_of
from collectors.logs.formats.states import FINE, INFINITE, MISSING, NAN
from collectors.logs.formats.times import Near
from collectors.logs.formats.words import Desk, Text

NEAR = Near(timezone.utc, 1.8e9)
FORM = Format(
    "x",
    "json",
    (
        Field("request", "id"),
        Field("prediction", "p"),
        Field("correct", "ok"),
        Field("feature.a", "a"),
        Field("rank", "r"),
        Field("model", "m"),
    ),
    attributes=("r",),
)


def columns(lines: list[bytes], classes: Classes) -> tuple[Values, list[bool]]:
    record = Exact(FORM).record(lines[0], NEAR)
    shape = shape_of(lines[0], empty_keys(FORM))
    assert record is not None
    assert shape is not None
    made = JsonColumns(FORM, [classes], shape, record)
    text = Text(b"".join(line + b"\n" for line in lines), Desk())
    holes, ok = Holes(shape, {*made.worded, *made.placed}, made.worded, made.placed).step(
        text, np.arange(len(lines))
    )
    return made.read(text, holes, len(lines)), made.fit(text, holes, ok).tolist()


def test_holes_become_columns() -> None:
    classes = Classes()
    kinds = [(b"yes", b"1.5"), (b"NO", b"null"), (b"?", b"NaN"), (b"1", b"Infinity")]
    lines = [b'{"id":"x%d","p":"cat","ok":"%b","a":%b}' % (at, *kind) for at, kind in enumerate(kinds, 1)]
    values, fit = columns(lines, classes)
    assert fit == [True] * 4
    assert [classes.names[number] for number in values.classes[0]] == ["cat"] * 4
    np.testing.assert_array_equal(values.numbers[0], [1.5, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(values.outcomes[0], [1.0, 0.0, np.nan, 1.0])
    states = values.states[0]
    assert states is not None
    assert states.tolist() == [FINE, MISSING, NAN, INFINITE]
    assert values.requests is not None
    assert values.requests.tolist() == [request_of(f"x{at}") for at in range(1, 5)]


@pytest.mark.parametrize(
    ("written", "fit"),
    [(b"5", True), (b"-5", False), (b"5.0", False), (b"1" * 18, True), (b"1" * 19, False)],
)
def test_ids_that_are_not_written_as_the_exact_path_prints_them_do_not_fit(written: bytes, fit: bool) -> None:
    assert columns([b'{"id":1,"p":"cat"}', b'{"id":%b,"p":"cat"}' % written], Classes())[1] == [True, fit]


def test_what_is_the_same_in_all_lines_is_so_in_all_rows() -> None:
    values, _ = columns([b'{"p":true,"ok":false,"a":"high","id":null}'] * 3, classes := Classes())
    assert [classes.names[number] for number in values.classes[0]] == ["true"] * 3
    assert values.outcomes[0].tolist()[:3] == [0.0] * 3
    assert values.requests is not None
    assert values.requests.tolist() == [0] * 3


def test_only_where_a_number_alone_is_wanted_there_may_be_none() -> None:
    assert empty_keys(FORM) == {"a"}
