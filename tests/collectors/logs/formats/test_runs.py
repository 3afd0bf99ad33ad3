"""Numbers that follow one another are what they are one at a time, however they are written."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collectors.logs.formats.format import Format, field_of
from collectors.logs.formats.runs import LEAST, read_numbers, runs_of, written_with
from collectors.logs.formats.shape import shape_of
from collectors.logs.formats.words import Desk, Text
from tests.collectors.logs.formats.test_lines_paths import PHASES, agree

FEATURES = 12
FORM = Format(
    "wide",
    "json",
    (field_of("status", "s"), *(field_of(f"feature.f{at}", f"f.f{at}") for at in range(FEATURES))),
)
STYLES: tuple[Callable[[Random], str], ...] = (
    lambda random: f"{random.random():.3f}",
    lambda random: f"{random.gauss(0, 30):.2f}",
    lambda random: f"{random.randrange(1000)}",
    lambda random: f"{random.randrange(-3, 3)}",
    lambda random: f"{random.uniform(-9, 9):.6f}",
    lambda random: repr(random.gauss(0, 1)),
    lambda random: f"{random.uniform(-1e9, 1e9):.0f}",
)
STRANGE = (
    *("null", "NaN", "-Infinity", "01", "-01.5", "1.", ".5", "-", "1e3", "1.5E-7", '"1,5"', "true", "--1"),
    *("-1234567", "-12345678", "12345678", "123456789", "-123.45678", "-0", "-0.000", "{}", "[1,2]"),
    *(" 1", "1 ", "0.1234567890123456789"),
)


def line(values: list[str]) -> bytes:
    features = ",".join(f'"f{at}":{value}' for at, value in enumerate(values))
    return f'{{"s":"ok","f":{{{features}}},"m":"a, b"}}\n'.encode()


@settings(max_examples=25, deadline=None, phases=PHASES)
@given(st.integers(0, 10**9), st.lists(st.sampled_from(range(len(STYLES))), min_size=12, max_size=12))
def test_lines_of_many_numbers_are_read_as_one_at_a_time(seed: int, styles: list[int]) -> None:
    random = Random(seed)
    chunks = []
    for _ in range(3):
        lines = []
        for _ in range(random.randrange(64, 150)):
            values = [STYLES[style](random) for style in styles]
            if random.random() < 0.2:
                values[random.randrange(FEATURES)] = random.choice(STRANGE)
            made = line(values)
            if random.random() < 0.02:
                cut = random.randrange(1, len(made))
                made = made[:cut] + b"\n"
            lines.append(made)
        chunks.append(b"".join(lines))
        # A logger may change its ways.
        styles[random.randrange(FEATURES)] = random.randrange(len(STYLES))
    agree(FORM, chunks)


@given(st.lists(st.sampled_from(STRANGE) | st.decimals(-9999, 9999, places=2, allow_nan=False).map(str)))
@example(["-1234567", "-12345678", "-12.34567"])
@pytest.mark.parametrize("decimals", [0, 2, 5])
def test_what_is_read_of_a_word_is_the_number(decimals: int, written: list[str]) -> None:
    text = Text("".join(f"{each}\n" for each in ["0", *written]).encode(), Desk())
    lengths = (text.ends - text.starts).astype(np.uint64)
    values, read = read_numbers(text.window(text.starts, 1).T, lengths[None], written_with([decimals]))
    for value, is_read, each in zip(values[0], read[0], ["0", *written], strict=True):
        if is_read:
            assert str(value) == str(float(each))
            assert len(each.partition(".")[2]) == decimals


def test_runs_are_of_numbers_that_are_not_looked_at_apart() -> None:
    shape = shape_of(line(["1"] * FEATURES)[:-1])
    assert shape is not None
    [run] = runs_of(shape, (), ())
    assert (run.first, run.count) == (1, FEATURES)
    [rest] = runs_of(shape, (3,), ())
    assert (rest.first, rest.count) == (4, FEATURES - 3)
    assert runs_of(shape, (LEAST, FEATURES - 1), ()) == []
