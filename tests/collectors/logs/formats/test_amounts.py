from __future__ import annotations

import json
from math import isnan

from hypothesis import example, given
from hypothesis import strategies as st

from collectors.logs.formats.amounts import UNITS, amounts, written
from collectors.logs.formats.escapes import odd
from collectors.logs.formats.values import SECONDS, number
from collectors.logs.formats.words import Desk, Text

UNIT = st.sampled_from(["", "%", " %", "  %", "x", "\n", " ", *SECONDS, *(f" {unit}" for unit in SECONDS)])
AMOUNT = st.tuples(
    st.floats(-1e6, 1e6).map(repr) | st.decimals(-1000, 1000, places=2).map(str) | st.just("1e5"), UNIT
).map("".join)
OTHER = st.sampled_from(
    ["3m2s", "", "+5ms", ".5s", "5.", "-", "no", "1e400", "007", "1,5", "9" * 70, "1" * 60 + "ms"]
)


def laid(texts: list[str]) -> Text:
    text = Text("".join(f"{json.dumps(each)}\n" for each in texts).encode(), Desk())
    odd(text)
    return text


@given(st.lists(AMOUNT | OTHER, min_size=1, max_size=40))
@example([f"1{unit}" for unit in SECONDS])
def test_amounts_are_those_of_single_values(texts: list[str]) -> None:
    assert len(SECONDS) > UNITS
    text = laid(texts)
    found = amounts(text, text.starts + 1, text.ends - 1, 0.25).tolist()
    due = [number(each, 0.25) for each in texts]
    assert [-1.5 if isnan(value) else value for value in found] == [
        -1.5 if isnan(value) else value for value in due
    ]


def test_a_text_is_written_as_json_has_it() -> None:
    text = laid(['a"b\\', "ü"])
    assert [
        written(text, int(begin) + 1, int(end) - 1) for begin, end in zip(text.starts, text.ends, strict=True)
    ] == ['a"b\\', "ü"]
