from __future__ import annotations

import pytest

from agent.config.logs import Logs
from agent.doctor import Finding
from agent.doctor.logfiles import Sample
from agent.doctor.loglines import Reading, examine
from collectors.logs.formats.format import Format
from collectors.logs.formats.presets import PRESETS
from collectors.logs.redact import Redactor

NOW = 1.8e9
LOGS = Logs("api", zone="UTC")
UVICORN = b'INFO:     10.0.0.1:4242 - "POST /predict HTTP/1.1" 200 OK'


def found(form: Format | str, *lines: bytes, stamped: bool = False) -> list[Finding]:
    reading = Reading(form, (), Redactor())
    return list(examine(LOGS, Sample("/var/log/api.log", lines, stamped), reading, NOW))


def test_a_format_that_fits_is_well() -> None:
    lines = [b'{"ts":"2027-01-15T07:00:00Z","latency_ms":5,"status":"ok"}'] * 12
    for form in ("auto", "json"):
        (only,) = found(form, *lines)
        assert only.level == "ok"
        assert "12 of the last 12 lines are understood as json" in only.text


def test_lines_without_a_time_are_a_note_unless_a_runtime_says_when() -> None:
    fits, note = found(PRESETS["uvicorn"], *[UVICORN] * 12)
    assert (fits.level, note.level) == ("ok", "note")
    assert "12 of these lines tell no time of their own" in note.text
    assert [each.level for each in found(PRESETS["uvicorn"], *[UVICORN] * 12, stamped=True)] == ["ok"]


@pytest.mark.parametrize(("count", "level"), [(12, "problem"), (3, "warning")])
def test_a_format_that_does_not_fit_shows_the_first_line_redacted(count: int, level: str) -> None:
    line = b"served eve@example.org for 10.0.0.1"
    (only,) = found(PRESETS["vllm"], *[line] * count)
    assert only.level == level
    assert "0 of the last" in only.text
    assert only.text.endswith("served [email] for [ip]")
    assert "logs explain /var/log/api.log" in only.advice
    (only,) = found("auto", *[line] * count)
    assert (only.level, "no format fits" in only.text) == (level, True)


def test_one_that_fits_a_few_lines_is_a_note() -> None:
    half, _ = found(PRESETS["uvicorn"], *[UVICORN] * 6, *[b"something else"] * 6)
    few, _ = found(PRESETS["uvicorn"], UVICORN, *[b"something else"] * 11)
    assert (half.level, few.level) == ("ok", "note")
    assert few.text.endswith("not so: something else")


def test_json_whose_keys_tell_nothing_is_a_problem() -> None:
    (only,) = found("json", *[b'{"a":1}'] * 12)
    assert (only.level, "no key in its lines" in only.text) == ("problem", True)
