"""Long times in bounded memory."""

from __future__ import annotations

from agent.logs import measures
from agent.stats.window import Counter, Gauge, Summary
from agent.view.gathered import FINE, Gathered
from agent.view.joined import joined
from agent.view.rows import MAX_SERIES
from collectors.api import Series
from tests import modelled
from tests.agent.view.test_joined import END, record
from tests.messages import content
from tests.pictures import series

REQUESTS = series("model.requests", "{request}", "counter", log__name="api")


def gathered(minutes: list[dict[Series, Summary]]) -> Gathered:
    made = Gathered()
    for n, each in enumerate(minutes):
        made.take(content(END + 60 * n, each).frames[0])
    return made


def test_what_it_says_of_a_model_is_what_a_view_says() -> None:
    made = Gathered()
    for each in modelled.minutes(END):
        made.take(each.frames[0])
    assert joined("iris", made.windows, modelled.events(END), modelled.samples(END)) == record()


def test_older_windows_are_added_up_and_verdicts_are_not() -> None:
    score = measures.series(measures.DRIFT, modelled.of("1"), "x", "missing")
    grown: Summary = Counter(1, 1.0, 0.1, 0)
    made = gathered([{REQUESTS: grown, score: Gauge(1, n, n, n, n)} for n in range(2 * FINE)])
    windows = made.windows[REQUESTS]
    assert len(windows) == FINE
    assert windows[0].summary == Counter(FINE + 1, FINE + 1.0, 0.1, 0)
    assert (windows[0].start, windows[-1].end) == (END, END + 60 * 2 * FINE)
    assert [each.summary.last for each in made.windows[score] if isinstance(each.summary, Gauge)] == list(
        range(2 * FINE)
    )


def test_what_came_late_is_put_in_its_place() -> None:
    made = gathered([{REQUESTS: Counter(1, 1.0, 0.1, 0)}])
    made.take(content(END - 600, {REQUESTS: Counter(2, 2.0, 0.1, 0)}).frames[0])
    assert [each.start for each in made.windows[REQUESTS]] == [END - 600, END]


def test_what_tells_of_no_model_is_left_out_and_too_many_series_are_counted() -> None:
    gauge: Summary = Gauge(1, 1.0, 1.0, 1.0, 1.0)
    many = {series("model.queue.length", log__name=f"l{n}"): gauge for n in range(MAX_SERIES + 2)}
    made = gathered([{series("system.memory.usage"): gauge, **many}])
    assert len(made.windows) == MAX_SERIES
    assert made.refused == 2
