from __future__ import annotations

import re
import time

import pytest

from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.regexes import LENGTHS, blind, degree, fault, longest


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        r"(\w+\s?)*$",
        "(?:x?)*y",
        "(a|aa)*c",
        r"(x+x+)+y",
        "a?" * 30 + "a" * 30,
        ".*a.*b.*c.*d",
        r"(x)\1",
        "(?:.*?,){16}x",
        "((a{1,4}){1,4}){1,4}b",
        "(?:a{1,3})*b",
        "(?:ab?b?)*c",
    ],
)
def test_what_could_run_for_ever_is_refused(pattern: str) -> None:
    assert fault(pattern)


@pytest.mark.parametrize("pattern", ["(", "[", "(?P<1>x)", "", "x" * 2000, 3, None, r"\p{L}"])
def test_what_is_no_pattern_is_refused(pattern: object) -> None:
    assert fault(pattern)


@pytest.mark.parametrize(
    ("pattern", "power"),
    [
        (r'(?P<ip>\S+) - "(?P<path>[^"]*)" (?P<status>\d+)', 1),
        (r"(?: [a-z]+)*:", 1),
        (r"(?:\d{1,3}\.){3}\d{1,3} ", 1),
        (r".*took (?P<ms>\d+)ms", 2),
    ],
)
def test_the_power_of_the_time_is_known(pattern: str, power: int) -> None:
    assert degree(pattern) == power
    assert fault(pattern) == ""


@pytest.mark.parametrize("pattern", [r".*a.*b", r"\d*\d*x", r"(?:ab|a)+c"])
def test_a_line_that_almost_matches_takes_no_second(pattern: str) -> None:
    if fault(pattern):
        return
    line = (b"ab1" * 6000)[: longest(pattern, searched=False)]
    began = time.process_time()
    re.compile(pattern.encode()).match(line)
    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", [name for name, form in PRESETS.items() if form.kind == "regex"])
def test_no_preset_could_run_for_ever(name: str) -> None:
    form = PRESETS[name]
    assert [fault(each) for each in (*form.patterns, *form.parts)] == [""] * len(
        (*form.patterns, *form.parts)
    )
    assert min(longest(each, searched=False) for each in form.patterns) >= LENGTHS[2]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\d+ \S+ [^ ]*", True),
        (r"[0-9a-f]+", True),
        ("[0-5]", False),
        ("x1", False),
        ("[^3]", False),
        ("(?!7)x", False),
    ],
)
def test_whether_a_pattern_looks_at_digits(pattern: str, expected: bool) -> None:
    assert blind(pattern) is expected
