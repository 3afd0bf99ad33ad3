from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.fault import Expanded, Refused, quoted
from agent.config.forms import text
from agent.config.variables import expand

SET = {"A": "one", "EMPTY": "", "DOLLAR": "${A}", "_x9": "under"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("${A}", "one"),
        ("<${A}${_x9}>", "<oneunder>"),
        ("${EMPTY}", ""),
        ("${EMPTY:-two}", "two"),
        ("${NOT:-two words: $}", None),
        ("${NOT:-}", ""),
        ("${A:-two}", "one"),
        ("${A:?no}", "one"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$A costs 5$", "$A costs 5$"),
        ("${DOLLAR}", "${A}"),
        ("${NOT:-a:?b}", "a:?b"),
    ],
)
def test_a_variable_is_replaced_once(written: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(Refused, match="is no variable"):
            expand(written, SET)
    else:
        assert expand(written, SET) == meant


@pytest.mark.parametrize("written", ["${", "${}", "${A", "${1}", "${A-b}", "${ A }", "${A:+b}", "${A:-${B}}"])
def test_what_is_no_variable_is_refused_as_it_was_written(written: str) -> None:
    with pytest.raises(Refused, match="is no variable"):
        expand(written, SET)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(Refused, match=r"the variable NOT is not set$"):
        expand("${NOT}", SET)
    with pytest.raises(Refused, match=r"the variable EMPTY is not set: say where$"):
        expand("${EMPTY:?say where}", SET)
    with pytest.raises(Refused, match=r"the variable NOT is not set$"):
        expand("${NOT:?}", SET)


def test_every_text_inside_is_looked_at_and_no_key() -> None:
    value = {"${A}": ["${A}", {"x": "$$"}, 3, True], "b": 1.5}
    assert expand(value, SET) == {"${A}": ["one", {"x": "$"}, 3, True], "b": 1.5}
    with pytest.raises(Refused) as raised:
        expand({"a": ["x", "${NOT}"], "b": {"c": "${NO}"}}, SET)
    assert [refusal.inside for refusal in raised.value.refusals] == [("a", 1), ("b", "c")]


def test_a_message_shows_what_was_written_and_not_what_it_came_to() -> None:
    found = expand("${A}", SET)
    assert isinstance(found, Expanded)
    assert quoted(found) == '"${A}"'
    assert str(found) == "one"


@given(st.text())
def test_any_text_can_be_written(anything: str) -> None:
    assert expand(anything.replace("$", "$$"), {}) == anything


@given(st.text(alphabet="${}:-?AB "))
def test_no_text_breaks_it(anything: str) -> None:
    try:
        found = expand(anything, {"A": "x"})
    except Refused:
        return
    assert isinstance(found, str)
    assert "$" in anything or found == anything


def test_a_text_is_shown_so_that_it_is_read_as_it_was() -> None:
    assert text("a$b${C}") == '"a$$b$${C}"'
