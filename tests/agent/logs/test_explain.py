from __future__ import annotations

from datetime import timezone
from pathlib import Path

from agent.config import load
from agent.config.formats import own_formats
from agent.logs.explain import became, explain, toml, units
from agent.stats.histogram import Histogram
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.times import Near

NEAR = Near(timezone.utc, 1.8e9)
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
    chunks = [f'{{"t":{1_700_000_000 + 60 * at},"took":{at}}}\nplain\n'.encode() for at in range(200)]
    found = explain(FORM, chunks, NEAR, most=3)
    assert (found.tally.lines, found.tally.missed, found.tally.astray) == (400, 200, 0)
    assert found.missed == [b"plain"] * 3
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


def test_the_configuration_to_paste_makes_the_same_format(tmp_path: Path) -> None:
    logfmt = FORM._replace(kind="logfmt", attributes=('a "b"',), family="http")
    for form in (FORM, PRESETS["vllm"], logfmt):
        (tmp_path / "x.toml").write_text(toml(form))
        made = own_formats(load([tmp_path / "x.toml"]))[form.name]
        assert made == form._replace(fields=made.fields, brief="")
        assert set(made.fields) == set(form.fields)
