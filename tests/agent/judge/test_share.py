"""Shares against their definition, over readings in which counters come, go and begin anew."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.layout import Layout, Match
from agent.judge.rules.grammar import parse
from agent.judge.rules.rule import Rule
from agent.judge.share import Share, role
from agent.judge.watch import SERIES, Judged, Watch
from collectors.api import Kind, Series

MODELS, STATUSES, TYPES = ("a", "b", ""), ("200", "500"), ("Timeout", "Value")


def counter(name: str, *, kind: Kind = "counter", **attributes: str) -> Series:
    names = {"model": "model.name"}
    return Series(name, "1", kind, tuple((names.get(k, k), text) for k, text in attributes.items() if text))


REQUESTS = [counter("requests", model=model, status=status) for model in MODELS for status in STATUSES]
ERRORS = [counter("errors", model=model, type=kind) for model in MODELS for kind in TYPES]
OTHERS = [counter("requests", kind="gauge", model="a"), counter("else", model="a")]
TOTALS = st.integers(0, 40) | st.floats(0, 40) | st.none() | st.just(float("nan"))
READING = st.dictionaries(st.sampled_from([*REQUESTS, *ERRORS, *OTHERS]), TOTALS)
RULES = [
    parse("share(errors, requests) > 5%"),
    parse("share(errors, requests) by model.name > 5%"),
    parse("share(requests{status='5*'}, requests) by model.name > 5%"),
    parse("share(errors{model.name='a'}, req*) by status, model.name > 5%"),
]


class Source:
    """A source whose readings are laid out each time anew, and one rule."""

    def __init__(self, rule: Rule) -> None:
        self.judged = Judged("r", rule)
        self.layout: Layout | None = None
        self.now = 0.0

    def read(self, reading: dict[Series, Any], after: float = 10.0) -> dict[Series, float]:
        """The shares by the series that stands for the group."""
        self.now += after
        layout = Layout(tuple(reading))
        for place, series in enumerate(reading):
            match = Match(series, (self.judged,))
            match.seat()
            layout.add(place, match)
        layout.seat("source", self.layout)
        self.layout = layout
        for share in layout.shares.values():
            for watch in share.watches():
                watch.longest = 21.0
        taken = [share.take(list(reading.values()), self.now) for share in layout.shares.values()]
        return {watch.series: value for found in taken for watch, value in found}


def number(value: Any) -> bool:
    return value is not None and not isnan(value)


def brute(
    rule: Rule, before: dict[Series, Any], now: dict[Series, Any]
) -> dict[tuple[str | None, ...], float]:
    """The shares between two readings, group by group, from the definition."""
    assert rule.whole is not None
    keys = {s: tuple(dict(s.attributes).get(name) for name in rule.by) for s in now if s.kind == "counter"}
    found = {}
    for key in set(keys.values()):
        sums = []
        for selector in (rule.selector, rule.whole):
            listed = [s for s in keys if keys[s] == key and selector.matches(s)]
            there = [s for s in listed if number(before.get(s)) or number(now[s])]
            known = [s for s in there if number(before.get(s)) and number(now[s]) and now[s] >= before[s]]
            unknown = len(known) < len(there) or bool(listed and not there)
            sums.append(None if unknown else sum(now[s] - before[s] for s in known))
        part, whole = sums
        if part is not None and whole:
            found[key] = part / whole
    return found


@pytest.mark.parametrize("rule", RULES)
@given(readings=st.lists(READING, min_size=2, max_size=6))
def test_shares_are_those_of_the_definition(rule: Rule, readings: list[dict[Series, Any]]) -> None:
    source, before = Source(rule), dict[Series, Any]()
    for reading in readings:
        shares = source.read(reading)
        by_key = {tuple(dict(each.attributes).get(name) for name in rule.by): v for each, v in shares.items()}
        assert by_key == pytest.approx(brute(rule, before, reading))
        before = reading


def test_a_group_is_named_by_its_source_and_the_attributes_that_were_asked_for() -> None:
    source = Source(parse("share(errors, requests{status='*'}) by model.name > 5%"))
    source.read({REQUESTS[0]: 0, ERRORS[0]: 0})
    (only,) = source.read({REQUESTS[0]: 10, ERRORS[0]: 1}).items()
    own = (("outrider.collector", "source"), ("model.name", "a"))
    assert only == (Series('share(errors, requests{status="*"})', "1", "gauge", own), 0.1)


def test_collectors_may_be_the_groups() -> None:
    each = Series("x", "1", "counter", (("outrider.collector", "cpu"),))
    source = Source(parse("share(x, x) by outrider.collector > 5%"))
    source.read({each: 1})
    (only,) = source.read({each: 2})
    assert only.attributes == (("outrider.collector", "cpu"),)


def test_after_a_gap_there_is_no_share_and_then_there_is() -> None:
    source = Source(RULES[0])
    source.read({REQUESTS[0]: 0, ERRORS[0]: 0})
    assert source.read({REQUESTS[0]: 10, ERRORS[0]: 1}, after=43.0) == {}
    assert list(source.read({REQUESTS[0]: 20, ERRORS[0]: 2}).values()) == [0.1]


def test_without_requests_there_is_no_share_and_without_errors_it_is_zero() -> None:
    source = Source(RULES[0])
    source.read({REQUESTS[0]: 5})
    assert source.read({REQUESTS[0]: 5}) == {}
    assert list(source.read({REQUESTS[0]: 6}).values()) == [0.0]


def test_numbers_beyond_a_double_are_none() -> None:
    source = Source(RULES[0])
    source.read({REQUESTS[0]: 0.0, ERRORS[0]: 0})
    assert source.read({REQUESTS[0]: 5e-324, ERRORS[0]: 1e308}) == {}
    assert source.read({REQUESTS[0]: 10**400, ERRORS[0]: 1e308}) == {}


def test_groups_beyond_the_room_are_counted() -> None:
    judged = Judged("r", RULES[1])
    share = Share(judged)
    for place in range(SERIES + 3):
        series = counter("requests", model=str(place))
        found = role(judged, series)
        assert found is not None
        share.add(place, series, found)
    share.seat("source", None)
    assert (len(judged.watches), len(share.watches()), share.refused) == (SERIES, SERIES, 3)


def test_a_watch_is_kept_from_layout_to_layout() -> None:
    source = Source(RULES[0])
    watches: list[list[Watch]] = []
    for reading in ({REQUESTS[0]: 0}, {REQUESTS[0]: 1, REQUESTS[1]: 1}):
        source.read(reading)
        assert source.layout is not None
        watches.append([watch for share in source.layout.shares.values() for watch in share.watches()])
    assert watches[0] == watches[1] == list(source.judged.watches.values())
