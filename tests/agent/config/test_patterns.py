from __future__ import annotations

import pytest

from agent.config.fault import Expanded, Refused
from agent.config.patterns import Clear, Patterns, When


def test_patterns_keep_their_order() -> None:
    assert Patterns().read(["b*", "a?"]) == ("b*", "a?")
    assert Patterns().read([]) == ()


@pytest.mark.parametrize(
    ("value", "inside"),
    [("eth*", ()), (["x"] * 65, ()), (["ok", ""], (1,)), (["x" * 129], (0,)), ([3], (0,)), (["a\n"], (0,))],
)
def test_a_fault_leads_to_the_pattern(value: object, inside: tuple[int, ...]) -> None:
    with pytest.raises(Refused) as raised:
        Patterns().read(value)
    assert raised.value.refusals[0].inside == inside


def test_a_rule_is_refused_with_the_reason_unless_a_variable_wrote_it() -> None:
    assert When().read("no outrider.up for 5m") == "no outrider.up for 5m"
    with pytest.raises(Refused, match=r'"m > x" is no rule: a number, .* at character 5'):
        When().read("m > x")
    with pytest.raises(Refused) as raised:
        When().read(Expanded("m > hunter2", written="m > ${LEVEL}"))
    assert str(raised.value) == '"m > ${LEVEL}" is no rule'


def test_a_clear_level_is_a_number_with_or_without_a_unit() -> None:
    for level in ("", "80", "80 Cel", "-1e3", "10 MiB/s"):
        assert Clear().read(level) == level
    for wrong in ("x", "80 Cel for", "80 hunters", "for", 80):
        with pytest.raises(Refused, match="is no"):
            Clear().read(wrong)
    with pytest.raises(Refused, match=r'"\$\{LEVEL\}" is no level'):
        Clear().read(Expanded("hunter2", written="${LEVEL}"))
