from __future__ import annotations

from datetime import timezone

import pytest

from collectors.logs.formats.exact import LONGEST_LINE, Exact, bare, keys_of, reader_of
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.times import Near

NEAR = Near(timezone.utc, 1.8e9)
FORM = Format("x", "json", (Field("latency", "a.b"), Field("model", "m")), attributes=("route", "m"))


def test_colours_and_line_ends_are_no_part_of_a_line() -> None:
    assert bare(b"\x1b[32mINFO\x1b[0m:  x\r\n") == b"INFO:  x"


def test_each_key_is_looked_for_once() -> None:
    assert keys_of(FORM) == ("a.b", "m", "route")


def test_a_line_that_is_too_long_is_not_looked_at() -> None:
    assert Exact(FORM).record(b'{"m":"' + b"x" * LONGEST_LINE + b'"}', NEAR) is None


def test_each_kind_has_its_reader() -> None:
    assert reader_of(FORM).fields(b'{"m":"x"}') == {"m": "x"}
    assert reader_of(FORM._replace(kind="logfmt")).fields(b"m=x") == {"m": "x"}
    assert reader_of(PRESETS["uvicorn"]).fields(b"nothing") is None


def test_a_terminals_escape_soup_is_not_understood() -> None:
    soup = b"\x1b]0;title\x07\x1b[2J\x1b[1;1H" + bytes(range(256)) * 20
    assert Exact(PRESETS["uvicorn"]).record(soup, NEAR) is None
    assert Exact(FORM).record(soup, NEAR) is None


def test_a_number_turned_text_is_a_number() -> None:
    record = Exact(FORM).record(b'{"a":{"b":"36ms"}}', NEAR)
    assert record is not None
    assert record.numbers == pytest.approx((0.036,))
