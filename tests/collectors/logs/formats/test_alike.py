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
    assert how == Alike(4, 1, ord(","))
    found = alike_or_not(text, text.starts, text.window(text.starts, 1)[:, 0], how)
    assert found is not None
    assert found.read.tolist() == due.read.tolist()
    assert found.values[due.read].tolist() == due.values[due.read].tolist()
    assert found.ends[due.read].tolist() == due.ends[due.read].tolist()


@pytest.mark.parametrize(
    "written",
    [["1.5", "12.5"], ["-1.5"] * 2, ["1e5"] * 2, ["1234567.5"] * 2, ["x"] * 2, ["12", "1.5", "1", "123"]],
)
def test_numbers_that_are_written_in_many_ways_are_not_alike(written: list[str]) -> None:
    text = laid(written)
    assert alike(text, text.starts, numbers(text, text.starts), ord(",")) is None


def test_another_way_of_writing_is_told() -> None:
    text = laid(["1.25", "2.5", "3.5"])
    assert alike_or_not(text, text.starts, text.window(text.starts, 1)[:, 0], Alike(4, 1, ord(","))) is None
    assert np.flatnonzero(numbers(text, text.starts).read).tolist() == [0, 1, 2]
