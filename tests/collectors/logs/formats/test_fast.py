from __future__ import annotations

from datetime import timezone
from math import isnan

import numpy as np
import pytest

from collectors.logs.formats.fast import UNTIMED, Minutes, epochs, form_of, minutes_of, scaled
from collectors.logs.formats.times import Near, moment
from collectors.logs.formats.words import Desk, Text, head_of

NEAR = Near(timezone.utc, 1.8e9)


def test_minutes_are_those_of_single_times() -> None:
    written = [
        "2026-11-23T00:00:01.5Z",
        "2026-11-23T00:00:59.9Z",
        "2026-11-23T00:01:00.0Z",
        "2026-13-23T00:00:01.5Z",
    ]
    form = form_of(written[0])
    assert form is not None
    text = Text("".join(f"{each}\n" for each in written).encode(), Desk())
    found, read = minutes_of(
        text, form, text.starts, head_of(text, text.starts, text.ends - text.starts), NEAR
    )
    single = [moment(each, NEAR) for each in written]
    assert found.tolist() == [UNTIMED if at is None else int(at // 60) for at in single]
    assert read.all()


def test_a_chunk_of_too_many_minutes_is_left_to_the_exact_path() -> None:
    written = [f"2026-11-23T{at // 60:02}:{at % 60:02}:00Z" for at in range(100)]
    text = Text("".join(f"{each}\n" for each in written).encode(), Desk())
    form = form_of(written[0])
    assert form is not None
    _, read = minutes_of(text, form, text.starts, head_of(text, text.starts, text.ends - text.starts), NEAR)
    assert 0 < read.sum() < 100


@pytest.mark.parametrize("text", ["yesterday", "", "2026-11-23T00:00:01.123456789 +00:00 and more"])
def test_what_is_no_time_has_no_form(text: str) -> None:
    assert form_of(text) is None


def test_epochs_are_those_of_single_numbers() -> None:
    values = [1.8e9, 1.8e12, 1.8e15, 5.0, 0.0]
    due = [moment(value, NEAR) for value in values]
    assert epochs(np.array(values)).tolist() == [UNTIMED if at is None else int(at // 60) for at in due]


def test_what_is_below_zero_is_absent_unless_it_is_a_value() -> None:
    assert isnan(scaled(np.array([-1.0]), 2.0, "duration")[0])
    assert scaled(np.array([-1.0]), 2.0, "value").tolist() == [-2.0]


@pytest.mark.parametrize(
    ("written", "proper"),
    [
        ("10:20:30.5", True),
        ("10:20:59.9", True),
        ("10:20:60.0", False),
        ("10:20:7x.0", False),
        ("10:20:30.x", False),
    ],
)
def test_times_of_a_minute_have_one_head(written: str, proper: bool) -> None:
    form = Minutes(10, 6, (9, 10))
    text = Text(f"{written}\n10:20:00.0\n10:21:00.0\n".encode(), Desk())
    heads, read = form.heads(head_of(text, text.starts, text.ends - text.starts))
    assert read.tolist() == [proper, True, True]
    same_minute = np.logical_and.reduce([head == head[1] for head in heads])
    assert same_minute.tolist() == [True, True, False]
