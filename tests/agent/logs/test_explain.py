from __future__ import annotations

from datetime import timezone

from agent.logs.explain import Chunk, became, explain, units
from agent.stats.histogram import Histogram
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.hashes import request_of
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.times import Near

NEAR = Near(timezone.utc, 1.8e9)
UVICORN = b'INFO:     10.0.0.1:4242 - "POST /predict HTTP/1.1" 200 OK\n'
FORM = Format(
    "mine",
    "json",
    (
        Field("time", "t"),
        Field("latency", "took", 1e-3),
        Field("feature.x", "f.x"),
        Field("message", "m"),
        Field("status", "s"),
    ),
)


def test_a_whole_log_is_one_summary_however_long_it_is() -> None:
    chunks = [Chunk(f'{{"t":{1_700_000_000 + 60 * at},"took":{at}}}\nplain\n'.encode()) for at in range(200)]
    found = explain(FORM, chunks, NEAR, most=3)
    assert (found.tally.lines, found.tally.missed, found.tally.astray) == (400, 200, 0)
    assert found.missed == ["plain"] * 3
    (histogram,) = [
        summary for series, summary in found.windows.items() if series.name == "model.request.duration"
    ]
    assert isinstance(histogram, Histogram)
    due = Histogram.of([at * 1e-3 for at in range(200)])
    assert histogram._replace(total=0) == due._replace(total=0)


def test_each_line_says_what_it_became() -> None:
    lines = [b'{"t":1.7e9,"took":5,"m":"x","s":"error"}', b"plain"]
    assert [line.became for line in became(FORM, lines, NEAR)] == [
        {"time": 1.7e9, "status": "error", "latency": 0.005, "message": "x", "error": "error"},
        None,
    ]
    assert units(FORM) == {"latency": "s", "feature.x": "1"}


def test_times_that_something_else_tells_count() -> None:
    found = explain(PRESETS["uvicorn"], [Chunk(UVICORN * 2, [1.7e9, None])], NEAR)
    assert (found.tally.lines, found.tally.missed, found.tally.untimed) == (2, 0, 1)


def test_a_line_says_what_a_model_was_given_and_what_came_of_it() -> None:
    form = Format(
        "y",
        "json",
        (
            Field("request", "id"),
            Field("prediction", "p"),
            Field("rank", "r"),
            Field("feature.a", "a"),
            Field("feature.b", "b"),
            Field("category.c", "c"),
        ),
    )
    (line,) = became(form, [b'{"id":"x","p":"cat","r":2,"a":"high","c":"de"}'], NEAR)
    assert line.became == {
        "prediction": "cat",
        "category.c": "de",
        "rank": 2.0,
        "feature.a": "type",
        "request": f"{request_of('x'):012x}",
    }
