from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.alike import Alike, alike, alike_or_not
from collectors.logs.formats.digits import numbers
from collectors.logs.formats.words import Desk, Text

WRITTEN = st.from_regex(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?", fullmatch=True)
OTHER = st.sampled_from(
    ["01.5", "1e5", "-1.5", "1.5e2", "", "x", ".5", "5.", "1.2.3", "12345678.5", "0.12345678901"]
)


def laid(written: list[str]) -> Text:
    return Text("".join(f"{each},\n" for each in written).encode(), Desk())


@given(WRITTEN.filter(lambda text: len(text) <= 7), st.lists(WRITTEN | OTHER, min_size=1, max_size=30))
def test_numbers_are_those_of_float_or_not_read(form: str, written: list[str]) -> None:
    dot = form.find(".")
    how = Alike(len(form), len(form) if dot < 0 else dot, ord(","))
    text = laid([form, *written])
    values, read = how.read(text.window(text.starts, 1)[:, 0])
    assert read[0]
    for value, is_read, each in zip(values, read, [form, *written], strict=True):
        if is_read:
            assert value == float(each)
            assert (len(each), each.find(".")) == (len(form), dot)


@given(st.lists(WRITTEN | OTHER, min_size=1, max_size=40))
def test_all_come_out_as_they_would_without(written: list[str]) -> None:
    text = laid(["0.25"] * 150 + written)
    due = numbers(text, text.starts)
    how = alike(text, text.starts, due, ord(","))
    signed = any(each.startswith("-") for each in written)
    assert how == Alike(4, 1, ord(","), signed)
    for own in (how, how._replace(signed=not signed)):
        found = alike_or_not(text, text.starts, text.window(text.starts, 1)[:, 0], own)
        assert found is not None
        assert found.read.tolist() == due.read.tolist()
        assert found.values[due.read].tolist() == due.values[due.read].tolist()
        assert found.ends[due.read].tolist() == due.ends[due.read].tolist()


@pytest.mark.parametrize(
    "written",
    [
        ["1.5", "12.5"],
        ["-1.5", "-12.5"],
        ["--1.5"] * 2,
        ["1e5"] * 2,
        ["1234567.5"] * 2,
        ["x"] * 2,
        ["12", "1.5", "1", "123"],
    ],
)
def test_numbers_that_are_written_in_many_ways_are_not_alike(written: list[str]) -> None:
    text = laid(written)
    assert alike(text, text.starts, numbers(text, text.starts), ord(",")) is None


def test_a_sign_before_some_does_not_matter() -> None:
    written = ["-1.25", "2.50", "-0.00", "-01.5", "--1.5", "-", "-12.5", "-1.2e", "-3.1234567", "-4.75"] + [
        "5.25"
    ] * 30
    text = laid(written)
    due = numbers(text, text.starts)
    how = alike(text, text.starts, due, ord(","))
    assert how == Alike(4, 1, ord(","))
    found = alike_or_not(text, text.starts, text.window(text.starts, 1)[:, 0], how)
    assert found is not None
    assert found.read.tolist() == due.read.tolist()
    assert list(map(str, found.values[due.read])) == list(map(str, due.values[due.read]))
    assert found.ends[due.read].tolist() == due.ends[due.read].tolist()


@pytest.mark.parametrize("digits", [5, 6, 7])
def test_numbers_with_a_sign_as_long_as_a_word(digits: int) -> None:
    written = [f"-{10 ** (digits - 1) + at}" for at in range(40)] + [f"-{10**digits}7"]
    text = laid(written)
    due = numbers(text, text.starts)
    assert due.values.tolist() == [float(each) for each in written]
    how = alike(text, text.starts, due, ord(","))
    assert how == Alike(digits, digits, ord(","))
    found = alike_or_not(text, text.starts, text.window(text.starts, 1)[:, 0], how)
    # With its sign a number of seven digits leaves no room for what follows.
    assert (found is None) == (digits == 7)
    if found is not None:
        assert found.values.tolist() == due.values.tolist()


def test_where_there_may_be_none_that_is_read() -> None:
    written = ["1.25"] * 40 + ["null", "NaN", "Infinity", "nul", "nan", "-null"]
    text = laid(written)
    words = text.window(text.starts, 1)[:, 0]
    found = alike_or_not(text, text.starts, words, Alike(4, 1, ord(",")), empty=True)
    assert found is not None
    assert found.read.tolist() == [True] * 43 + [False] * 3
    assert np.isnan(found.values[40:43]).all()
    assert (found.ends - text.starts)[:43].tolist() == [len(each) for each in written[:43]]


def test_another_way_of_writing_is_told() -> None:
    text = laid(["1.25", "2.5", "3.5"])
    assert alike_or_not(text, text.starts, text.window(text.starts, 1)[:, 0], Alike(4, 1, ord(","))) is None
    assert np.flatnonzero(numbers(text, text.starts).read).tolist() == [0, 1, 2]
