from __future__ import annotations

from agent.judge.layout import Layout, Match
from agent.judge.rules.grammar import parse
from agent.judge.watch import SERIES, Judged
from collectors.api import Series

GAUGE, COUNTER = Series("a", "1", "gauge", ()), Series("b", "By", "counter", ())


def test_a_layout_sorts_series_by_what_is_to_be_done_with_their_values() -> None:
    layout = Layout((GAUGE, COUNTER))
    level, absence = Judged("level", parse("* > 5")), Judged("absence", parse("no b for 5m"))
    for place, series in enumerate(layout.series or ()):
        match = Match(series, (level, absence))
        match.seat()
        layout.add(place, match)
    assert [(place, level) for place, _, level, _ in layout.gauges] == [(0, 5.0)]
    assert [place for place, _ in layout.counters] == [1]
    assert [place for place, _ in layout.absences] == [1]


def test_a_series_waits_for_room_and_takes_it_when_there_is_some() -> None:
    judged = Judged("level", parse("a > 5"))
    others = [GAUGE._replace(attributes=(("n", str(n)),)) for n in range(SERIES)]
    for each in others:
        Match(each, (judged,)).seat()
    late = Match(GAUGE, (judged,))
    late.seat()
    assert (late.watches, late.waiting, len(judged.watches)) == ([], [judged], SERIES)
    judged.drop(judged.watches[others[0]])
    late.seat()
    assert (late.watches, late.waiting) == ([judged.watches[GAUGE]], [])


def test_a_series_that_its_rule_dropped_is_watched_anew() -> None:
    judged = Judged("level", parse("a > 5"))
    match = Match(GAUGE, (judged,))
    match.seat()
    old = judged.watches[GAUGE]
    judged.drop(old)
    match.seat()
    assert match.watches == [judged.watches[GAUGE]]
    assert match.watches != [old]
