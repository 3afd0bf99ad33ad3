from __future__ import annotations

import re
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors.logs.formats.digits import _divided, numbers
from collectors.logs.formats.words import Desk, Text

JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
WRITTEN = st.from_regex(r"-?[0-9]{0,9}\.?[0-9]{0,9}", fullmatch=True) | st.text(
    "0123456789.-eE+ x", max_size=12
)
LONG = st.from_regex(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,24})?", fullmatch=True) | st.floats(
    allow_nan=False, allow_infinity=False
).map(repr)


def laid(lines: list[str]) -> Text:
    return Text("".join(f"{line}\n" for line in lines).encode(), Desk())


@given(st.lists(WRITTEN, min_size=1, max_size=40))
def test_a_number_that_is_read_is_that_of_json(written: list[str]) -> None:
    text = laid([f'"a":{each},' for each in written])
    found = numbers(text, text.starts + 4)
    for each, value, end, start, read in zip(
        written, found.values, found.ends, text.starts, found.read, strict=True
    ):
        due = JSON_NUMBER.match(each)
        if read:
            assert due is not None
            assert (value, end) == (float(due[0]), start + 4 + due.end())
        elif due is not None and due.end() == len(each):
            assert float(due[0]) == np.inf


@given(st.lists(LONG, min_size=1, max_size=40))
@example(["1.7976931348623157e+308", "5e-324", "0.1", "-0.30000000000000004", "18446744073709551616"])
@example([f"{0.5 + 2**-54:.54f}"[:20], "9007199254740993", "9007199254740993.5", "0.0000000000000000000001"])
def test_numbers_of_any_length_are_those_of_float(written: list[str]) -> None:
    text = laid([f"{each}}}" for each in written])
    found = numbers(text, text.starts)
    assert found.read.all()
    assert found.values.tolist() == [float(each) for each in written]
    assert (found.ends - text.starts).tolist() == list(map(len, written))


@given(st.lists(st.tuples(st.integers(0, 10**18 - 1), st.integers(0, 22)), min_size=1, max_size=40))
def test_a_quotient_that_is_sure_is_the_nearest_double(rows: list[tuple[int, int]]) -> None:
    values, sure = _divided(
        np.array([whole for whole, _ in rows]), np.array([10.0**power for _, power in rows])
    )
    due = [float(f"{whole}e-{power}") for whole, power in rows]
    assert values[sure].tolist() == np.array(due)[sure].tolist()


def test_nearly_all_floats_of_python_are_read_at_once() -> None:
    rnd = Random(7)
    whole = np.array([int(repr(0.1 + 0.9 * rnd.random())[2:].ljust(18, "0")) for _ in range(10_000)])
    assert _divided(whole, np.full(len(whole), 1e18))[1].mean() > 0.999


@pytest.mark.parametrize(
    "written", ["01", "00.5", ".5", "5.", "1.2.3", "-", "--1", "", "1e", "1234567890e", "1e999"]
)
def test_what_is_no_number_is_not_read_as_a_whole(written: str) -> None:
    text = laid([f"{written},"] * 3)
    found = numbers(text, text.starts)
    assert not (found.read & (found.ends - text.starts == len(written))).any()


@pytest.mark.parametrize("written", ["1e5", "12345678.5e-3", "123456789012345678901234567890"])
def test_what_is_read_singly_is_not_where_only_plain_numbers_are(written: str) -> None:
    text = laid([f"{written},"] * 3)
    found = numbers(text, text.starts, plain=True)
    assert not (found.read & (found.ends - text.starts == len(written))).any()
    assert numbers(text, text.starts).values.tolist() == [float(written)] * 3
