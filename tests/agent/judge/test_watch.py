from __future__ import annotations

from agent.judge.rule import parse
from agent.judge.watch import FIRING, OK, PENDING, Judged, Layout, Watch
from collectors.api import Series

GAUGE, COUNTER = Series("a", "1", "gauge", ()), Series("b", "By", "counter", ())


def test_a_layout_sorts_series_by_what_is_to_be_done_with_their_values() -> None:
    layout = Layout((GAUGE, COUNTER))
    level, absence = Judged("level", parse("* > 5")), Judged("absence", parse("no * for 5m"))
    layout.add(0, Watch(level, GAUGE))
    layout.add(1, Watch(level, COUNTER))
    layout.add(1, Watch(absence, COUNTER))
    assert [(place, level) for place, _, level, _ in layout.gauges] == [(0, 5.0)]
    assert [place for place, _ in layout.counters] == [1]
    assert [place for place, _ in layout.absences] == [1]


def test_what_is_worth_keeping_begins_with_what_fires() -> None:
    judged = Judged("level", parse("a > 5 for 1m"))
    for number, state in enumerate((OK, PENDING, FIRING, OK)):
        series = GAUGE._replace(name=str(number))
        watch = judged.watches[series] = Watch(judged, series)
        watch.state, watch.value = state, float(number)
    assert [(row.series.name, row.fires, row.value) for row in judged.rows()] == [
        ("2", True, 2.0),
        ("1", False, 1.0),
    ]
