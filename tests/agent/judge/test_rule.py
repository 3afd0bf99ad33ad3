from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge import rule as module
from agent.judge.rule import LONGEST, UNITS, Rule, Selector, is_level, parse
from collectors.api import Kind, Series

README = Path(module.__file__).with_name("README.md").read_text()


def series(name: str, unit: str = "1", kind: Kind = "gauge", **attributes: str) -> Series:
    return Series(name, unit, kind, tuple((key.replace("_", "."), attributes[key]) for key in attributes))


@pytest.mark.parametrize(
    ("when", "rule"),
    [
        (
            "hw.temperature > 85 Cel for 2m",
            Rule(Selector("hw.temperature"), ">", 85.0, "Cel", seconds=120.0),
        ),
        (
            "system.filesystem.utilization>=90%",
            Rule(Selector("system.filesystem.utilization"), ">=", 0.9, "1"),
        ),
        ("linux.memory.available < 2 GiB", Rule(Selector("linux.memory.available"), "<", 2.0 * 2**30, "By")),
        ("system.disk.io > 10 MiB/s", Rule(Selector("system.disk.io"), ">", 10.0 * 2**20, "By", rate=True)),
        ("system.network.errors > 5 / s", Rule(Selector("system.network.errors"), ">", 5.0, "", rate=True)),
        ("a.b <= 500ms for 1h30m", Rule(Selector("a.b"), "<=", 0.5, "s", seconds=5400.0)),
        ("a.b == -1.5e3", Rule(Selector("a.b"), "==", -1500.0)),
        ("a.b != 0 for 0.5s", Rule(Selector("a.b"), "!=", 0.0, seconds=0.5)),
        ("a > 3 {thread}", Rule(Selector("a"), ">", 3.0, "{thread}")),
        ("a > 60 °C", Rule(Selector("a"), ">", 60.0, "Cel")),
        ("no outrider.up for 5m", Rule(Selector("outrider.up"), seconds=300.0)),
        (
            """no outrider.up { outrider.collector = "gpu_*" } for 1d 12h""",
            Rule(Selector("outrider.up", (("outrider.collector", "gpu_*"),)), seconds=36 * 3600.0),
        ),
        (
            "hw.*{hw.name='cpu, core', hw.id=\"\"} > 1",
            Rule(Selector("hw.*", (("hw.name", "cpu, core"), ("hw.id", ""))), ">", 1.0),
        ),
    ],
)
def test_a_rule_is_read(when: str, rule: Rule) -> None:
    assert parse(when) == rule


@pytest.mark.parametrize(
    ("when", "clear", "level"),
    [
        ("a > 90%", "85%", 0.85),
        ("a > 90%", "85", 0.85),
        ("a < 1 GiB", "1500 MiB", 1500.0 * 2**20),
        ("a < 1 GiB", "2", 2.0 * 2**30),
        ("a > 85", "85", 85.0),
        ("a > 10 MiB/s", "8", 8.0 * 2**20),
    ],
)
def test_a_clear_level_takes_the_unit_of_the_rule(when: str, clear: str, level: float) -> None:
    assert parse(when, clear).clear == level


@pytest.mark.parametrize(
    ("when", "clear", "said"),
    [
        ("", "", "METRIC[{attribute"),
        (" \t", "", "empty"),
        ("> 85", "", "name of a metric, such as hw.temperature, is expected at character 1, not '> 85'"),
        ("a", "", "one of > >= < <= == != is expected at character 2, not its end"),
        ("a = 5", "", "one of > >= < <= == !="),
        ("a > hot", "", "a number, such as 85 or 0.9, is expected at character 5, not 'hot'"),
        ("a > nan", "", "a number"),
        ("a > inf", "", "a number"),
        ("a > 1e999", "", "1e308"),
        ("a > 5 parsec", "", "not 'parsec'"),
        ("a > 5 \x1b[2J", "", r"not '\x1b[2J'"),
        ("a > 5 6", "", "`for` and a duration, or the end of the rule, is expected at character 7"),
        ("a > 5 for", "", "a duration such as 30s, 5m or 1h30m is expected at character 10, not its end"),
        ("a > 5 for 3", "", "a duration"),
        ("a > 5 for 3 min", "", "a duration"),
        ("a > 5 for 0s", "", "more than 0s and at most 30d, not 0 s"),
        ("a > 5 for 31d", "", "at most 30d"),
        ("a > 5 for 2m and more", "", "the end of the rule is expected at character 14"),
        ("a{", "", "the name of an attribute"),
        ("a{}", "", "the name of an attribute"),
        ("a{b}", "", "`=` and a pattern in quotes"),
        ("a{b=c}", "", "a pattern in quotes"),
        ('a{b="c" > 5', "", "`,` and another attribute, or `}`"),
        ('a{b="' + "x" * 129 + '"} > 5', "", "at most 128 characters"),
        ("a{" + ",".join(f'k{n}="v"' for n in range(9)) + "} > 5", "", "at most 8 attributes"),
        ("no a", "", "no outrider.up for 5m"),
        ("no a > 5 for 3m", "", "no outrider.up for 5m"),
        ("a" * (LONGEST + 1), "", f"at most {LONGEST} characters"),
        ("no a for 5m", "3", "an absence is over when a value comes"),
        ("a == 5", "3", "not with =="),
        ("a > 5", "6", "a clear level of at most 5 is expected, not 6"),
        ("a < 5", "4", "a clear level of at least 5 is expected, not 4"),
        ("a > 5 Cel", "3 GiB", "a clear level in Cel is expected, not in By"),
        ("a > 5", "3 for 2m", "a number with its unit, and nothing more,"),
        ("a > 5", "soon", "a number"),
        ("a > 5", "3" + " " * LONGEST, f"at most {LONGEST} characters"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_is_allowed(when: str, clear: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(when, clear)
    assert said in str(caught.value)
    assert str(caught.value).isascii() or "°C" in str(caught.value)


@given(st.text(max_size=80) | st.text("no a{b='*'}>=<!1.5eE-+%/sfor ,\"", max_size=80))
def test_any_text_is_read_or_refused_in_words(when: str) -> None:
    said = ""
    try:
        parse(when, "1")
    except ValueError as error:
        said = str(error)
    assert not said or any(word in said for word in ("expected", "allowed", "clear level", "takes"))


def test_every_unit_is_read_and_kept_in_its_base() -> None:
    bases = {base for base, _ in UNITS.values()}
    assert {parse(f"a > 1 {unit}").unit for unit in UNITS} == bases


@pytest.mark.parametrize(
    ("when", "found", "fits"),
    [
        ("hw.temperature > 85", series("hw.temperature", "Cel", hw_name="cpu"), True),
        ("hw.temperature > 85 Cel", series("hw.temperature", "Cel"), True),
        ("hw.temperature > 85%", series("hw.temperature", "Cel"), False),
        ("hw.* > 85", series("hw.power", "W"), True),
        ("hw.* > 85", series("HW.power", "W"), False),
        ("hw.temperature{hw.name='cpu*'} > 85", series("hw.temperature", "Cel", hw_name="cpu1"), True),
        ("hw.temperature{hw.name='cpu*'} > 85", series("hw.temperature", "Cel", hw_name="gpu1"), False),
        ("hw.temperature{hw.id='*'} > 85", series("hw.temperature", "Cel", hw_name="cpu1"), False),
        ("a > 5/s", series("a", kind="counter"), True),
        ("a > 5/s", series("a"), False),
        ("a > 5/s", series("a", "By/s"), True),
        ("a > 5 MiB/s", series("a", "By/s"), True),
        ("a > 5 MiB/s", series("a", "By"), False),
        ("a > 5 W/s", series("a", "By/s"), False),
        ("a > 5", series("a", kind="counter"), True),
        ("a > 5", series("a", kind="histogram"), False),
        ("no a for 5m", series("a", kind="histogram"), True),
    ],
)
def test_a_rule_speaks_of_series_by_name_attributes_and_unit(when: str, found: Series, fits: bool) -> None:
    assert parse(when).fits(found) is fits


@pytest.mark.parametrize(
    ("when", "clear", "values"),
    [
        ("a > 5", "", {4: (False, True), 5: (False, True), 6: (True, False)}),
        ("a >= 5", "", {4: (False, True), 5: (True, False)}),
        ("a < 5", "", {4: (True, False), 5: (False, True)}),
        ("a <= 5", "", {5: (True, False), 6: (False, True)}),
        ("a == 5", "", {5: (True, False), 6: (False, True)}),
        ("a != 5", "", {5: (False, True), 6: (True, False)}),
        ("a > 5", "3", {6: (True, False), 4: (False, False), 3: (False, True)}),
        ("a < 5", "7", {4: (True, False), 6: (False, False), 7: (False, True)}),
    ],
)
def test_beyond_the_level_and_over(when: str, clear: str, values: dict[float, tuple[bool, bool]]) -> None:
    rule = parse(when, clear)
    assert {value: (rule.holds(value), rule.is_over(value)) for value in values} == values


def test_a_selector_is_written_as_it_was_read() -> None:
    text = 'hw.*{hw.name="cpu*", hw.id="x"}'
    assert str(parse(f"{text} > 5").selector) == text
    assert str(parse("a > 5").selector) == "a"


def test_the_examples_of_the_page_are_rules() -> None:
    examples = re.findall(r"^\| `([^`]+)` \| (?:for|when|while) ", README, re.MULTILINE)
    assert len(examples) == 8
    assert [parse(each).seconds for each in examples][:3] == [120.0, 0.0, 0.0]


def test_the_page_names_every_unit() -> None:
    (told,) = re.findall(r"^- Units: (.*?)\.", README, re.MULTILINE | re.DOTALL)
    assert {unit for words in re.findall("`([^`]+)`", told) for unit in words.split()} - {"{thing}"} == set(
        UNITS
    )


def test_a_level_alone_is_a_number_with_its_unit() -> None:
    assert all(is_level(text) for text in ("85", "90%", "2 GiB", "10 MiB/s", "-1.5e3 W"))
    assert not any(
        is_level(text) for text in ("", "hot", "85 85", "85 Celsius", "1e999", "1" + " " * LONGEST)
    )
