from __future__ import annotations

import pytest

from agent.config.document import loads
from agent.config.templates import shown, templates, toml


def test_values_with_variables_are_kept_and_those_in_tables_too() -> None:
    tiers = {"4": "${A}", "8": "1h", "16": "$${B}"}
    assert templates(("store", "tiers"), tiers) == {"store.tiers": tiers, "store.tiers.4": "${A}"}
    assert templates(("metrics", "exclude"), ["a", "${B}*"]) == {"metrics.exclude": ["a", "${B}*"]}
    assert templates(("alert", 1, "when"), "m > ${C}") == {"alert[2].when": "m > ${C}"}


@pytest.mark.parametrize("value", ["plain", "a$$b", "$${A}", 3, True, ["$$"], {"${KEY}": "$$"}])
def test_values_without_variables_are_not(value: object) -> None:
    assert templates(("a",), value) == {}


def test_a_value_with_variables_is_shown_as_it_is_written() -> None:
    assert shown({"a": "${A}"}, "a", "secret") == '"${A}"'
    assert shown({"a": "${A}"}, "b", "plain") == "plain"


@pytest.mark.parametrize(
    "value",
    ["${A}", 'q"u\\o\n\x1b[2J${A}', ["${A}", 3, True, 1.5], {"4": "${A:-1h}", "a b": {"c": ["$$"]}}],
)
def test_what_is_written_is_toml_of_one_line_that_steers_no_terminal(value: object) -> None:
    written = toml(value)
    assert loads(f"x = {written}") == {"x": value}
    assert written.isprintable()
