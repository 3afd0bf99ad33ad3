from __future__ import annotations

import json
from datetime import timezone

import pytest

from collectors.logs.formats.format import Field
from collectors.logs.formats.guess import named
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.spare import Spare, assumed, spares
from collectors.logs.formats.times import Near

NEAR = Near(timezone.utc, 1.8e9)
ROWS = (
    {"status": 200, "when": "2026-11-26T21:40:01Z", "exc": None, "ok": True, "m": {"name": "resnet"}},
    {"status": 500, "exc": "ValueError", "step_ms": 12.5, "load": 0.4, "why": "it was full", "grade": "warn"},
)
JSON = [json.dumps(row).encode() for row in ROWS]


def test_fields_without_a_role_have_an_example_and_what_they_could_be() -> None:
    found = {spare.key: spare for spare in spares(named("json", JSON), JSON, NEAR)}
    assert found == {
        "when": Spare("when", "2026-11-26T21:40:01Z", ("time",)),
        "ok": Spare("ok", "True", ()),
        "m.name": Spare("m.name", "resnet", ()),
        "exc": Spare("exc", "ValueError", ("exception",)),
        "step_ms": Spare("step_ms", "12.5", ("latency", "inference", "queue")),
        "load": Spare("load", "0.4", ("feature.load",)),
        "why": Spare("why", "it was full", ("message",)),
        "grade": Spare("grade", "warn", ("level",)),
    }


def test_what_a_field_plays_or_tells_apart_is_not_spare() -> None:
    form = named("json", JSON)
    form = form._replace(fields=(*form.fields, Field("time", "when")), attributes=("m.name", "ok"))
    found = [spare.key for spare in spares(form, [*JSON, b"no JSON", b"[1]"], NEAR)]
    assert found == ["exc", "step_ms", "load", "why", "grade"]


def test_pairs_have_them_too_and_patterns_name_all_they_read() -> None:
    lines = [b'status=200 took=19.6 zone="a b" x=']
    assert [spare.key for spare in spares(named("logfmt", lines), lines, NEAR)] == ["zone"]
    assert not list(spares(PRESETS["uvicorn"], lines, NEAR))
    assert not assumed(PRESETS["uvicorn"], lines)


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        (b'{"took": 19.6, "queue_ms": 3}', ["took"]),
        (b'{"took": "19.6", "status": 200}', ["took"]),
        (b'{"took": "19.6ms"}', []),
        (b'{"took_ms": 19.6, "wait_time": null}', []),
        (b'{"ttft": 1, "queue": 2, "tokens_in": 3}', ["ttft", "queue"]),
    ],
)
def test_bare_durations_whose_name_tells_no_unit_are_assumed_to_be_in_seconds(
    line: bytes, keys: list[str]
) -> None:
    assert [field.key for field in assumed(named("json", [line]), [line])] == keys
