from __future__ import annotations

from agent.judge.rules.grammar import parse
from agent.judge.watch import FIRING, OK, PENDING, Judged, Watch
from collectors.api import Series

GAUGE = Series("a", "1", "gauge", ())


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
