"""The worst of all findings decides."""

from __future__ import annotations

from agent.doctor import LEVELS, Finding, worst


def test_the_worst_level_is_that_of_the_worst_finding() -> None:
    findings = [Finding("a", level, "text") for level in ("note", "problem", "ok", "warning")]
    assert worst(findings) == "problem"
    assert worst(findings[:1]) == "note"
    assert worst([]) == "ok"


def test_levels_are_ordered_from_best_to_worst() -> None:
    assert [worst([Finding("a", level, "")]) for level in LEVELS] == list(LEVELS)
