from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.rules import grammar as module
from agent.judge.rules.grammar import LONGEST, UNITS, is_level, parse
from agent.judge.rules.rule import Rule, Selector

README = Path(module.__file__).parents[1].joinpath("README.md").read_text()


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
        ("p99(a) > 500ms for 1m", Rule(Selector("a"), ">", 0.5, "s", seconds=60.0, function="p99")),
        (
            "mean ( a{b='c'} ) <= 3",
            Rule(Selector("a", (("b", "c"),)), "<=", 3.0, function="mean"),
        ),
        ("p999(a) > 1", Rule(Selector("a"), ">", 1.0, function="p999")),
        ("p99 > 1", Rule(Selector("p99"), ">", 1.0)),
        ("share > 1", Rule(Selector("share"), ">", 1.0)),
        (
            "share(e, r) > 5% for 30s",
            Rule(Selector("e"), ">", 0.05, "1", seconds=30.0, whole=Selector("r")),
        ),
        (
            "share( r{s='5*'} , r ) by m,log >= 0.5",
            Rule(Selector("r", (("s", "5*"),)), ">=", 0.5, whole=Selector("r"), by=("m", "log")),
        ),
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
        ("p99(a) > 500ms", "300", 0.3),
        ("share(a, b) by c > 5%", "1", 0.01),
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
        ("p99(a) > 5", "6", "a clear level of at most 5 is expected, not 6"),
        ("p100(a) > 5", "", "one of the functions p50"),
        ("p00(a) > 5", "", "not 'p00'"),
        ("p5(a) > 5", "", "not 'p5'"),
        ("p250(a) > 5", "", "not 'p250'"),
        ("sum(a) > 5", "", "not 'sum'"),
        ("no p99(a) for 5m", "", "`for` and a duration, as in `no outrider.up for 5m`, is expected"),
        ("p99(a > 5", "", "`)` is expected at character 7"),
        ("p99(a, b) > 5", "", "`)` is expected at character 6"),
        ("p99(max(a)) > 5", "", "`)` is expected at character 8"),
        ("share(a) > 5%", "", "`,` and the metric that it is a share of"),
        ("share(a, b, c) > 5%", "", "`)` is expected"),
        ("share(a, b) by > 5%", "", "the name of an attribute"),
        ("share(a, b) by c, c > 5%", "", "each attribute after `by` is expected once"),
        ("share(a, b) by " + ",".join(f"k{n}" for n in range(9)) + " > 5", "", "at most 8 attributes"),
        ("share(a, b) > 5 MiB", "", "a share takes a level in % or without unit, not in By"),
        ("share(a, b) > 5/s", "", "not in one a second"),
        ("p99(a) by c > 5", "", "one of > >= < <= == !="),
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


@given(st.text(max_size=80) | st.text("no p99(a){b='*'}>=<!1.5eE-+%/sharefory ,\"", max_size=80))
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


def test_the_examples_of_the_page_are_rules() -> None:
    examples = re.findall(r"^\| `([^`]+)` \| (?:for|when|while) ", README, re.MULTILINE)
    assert len(examples) == 14
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
