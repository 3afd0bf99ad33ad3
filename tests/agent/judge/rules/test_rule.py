from __future__ import annotations

import pytest

from agent.judge.rules.grammar import parse
from collectors.api import Kind, Series


def series(name: str, unit: str = "1", kind: Kind = "gauge", **attributes: str) -> Series:
    return Series(name, unit, kind, tuple((key.replace("_", "."), attributes[key]) for key in attributes))


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
        ("p99(a) > 5", series("a", kind="histogram"), True),
        ("p99(a) > 5", series("a"), False),
        ("mean(a) > 5ms", series("a", "s", kind="histogram"), True),
        ("mean(a) > 5ms", series("a", "By", kind="histogram"), False),
        ("max(a) > 5/s", series("a", "s", kind="histogram"), False),
        ("max(a) > 5/s", series("a", "{token}/s", kind="histogram"), True),
        ("share(a, b) > 5%", series("a", kind="counter"), False),
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


def test_a_share_looks_at_two_metrics_and_holds_counters_only() -> None:
    rule = parse("share(a{x='1'}, b) > 5%")
    assert [str(each) for each in rule.selectors] == ['a{x="1"}', "b"]
    assert [rule.compares(kind, "By") for kind in ("counter", "gauge", "histogram")] == [True, False, False]
    assert [str(each) for each in parse("no a for 5m").selectors] == ["a"]
