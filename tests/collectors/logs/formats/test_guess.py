from __future__ import annotations

import json
from datetime import timezone

import pytest

from collectors.logs.formats.exact import Exact
from collectors.logs.formats.format import MOST_FIELDS
from collectors.logs.formats.guess import guess, named, role_of_key
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.roles import LONGEST_KEY
from collectors.logs.formats.spare import spares
from collectors.logs.formats.times import Near
from tests.source import ROOT

NEAR = Near(timezone.utc, 1.8e9)
CASES = ROOT / "tests" / "cases" / "logs"


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_each_presets_own_lines_are_told_to_be_of_it(name: str) -> None:
    lines = (CASES / name / "lines.log").read_bytes().split(b"\n")
    found = guess(lines, NEAR)
    assert found.form is not None, found.why
    assert found.form.name == name, found.why
    assert name in found.why


def test_json_is_told_with_its_fields() -> None:
    line = (
        b'{"ts":1,"took_ms":3,"model":{"name":"r"},"features":{"temp":2,"who":"x"},"nested":{"status":200}}'
    )
    form = guess([line], NEAR).form
    assert form is not None
    assert {field.role: (field.key, field.scale) for field in form.fields} == {
        "time": ("ts", 1.0),
        "latency": ("took_ms", 1e-3),
        "feature.temp": ("features.temp", 1.0),
        "category.who": ("features.who", 1.0),
        "status": ("nested.status", 1.0),
    }


def test_logfmt_is_told_with_its_fields() -> None:
    form = guess([b'time=2026-11-23T00:00:00Z level=info duration_ms=3 msg="x y"'] * 3, NEAR).form
    assert form is not None
    assert form.kind == "logfmt"
    assert {field.role for field in form.fields} == {"time", "level", "latency", "message"}


@pytest.mark.parametrize(
    "lines", [[], [b"", b" "], [b"nothing that anyone knows"] * 5, [bytes(range(256))] * 3]
)
def test_where_nothing_fits_that_is_said(lines: list[bytes]) -> None:
    found = guess(lines, NEAR)
    assert found.form is None
    assert found.why


def test_formats_of_ones_own_are_tried_too() -> None:
    own = PRESETS["uvicorn"]._replace(name="mine", patterns=(r"mine (?P<latency>[0-9.]+)",))
    assert guess([b"mine 3"], NEAR, [own]).form == own


def test_of_ten_thousand_features_some_have_a_place_and_the_rest_is_told() -> None:
    features = ",".join(f'"f{at}":{at}' for at in range(10_000))
    found = guess([f'{{"status":"ok","features":{{{features}}}}}'.encode()] * 3, NEAR)
    assert found.form is not None
    assert len(found.form.fields) == MOST_FIELDS
    assert f"{10_001 - MOST_FIELDS} fields beyond" in found.why


@pytest.mark.parametrize(
    ("key", "role"),
    [("latency_ms", "latency"), ("responseTime", "latency"), ("@timestamp", "time"),
     ("usage.prompt_tokens", "input_tokens"),
     ("inputs.x", "feature.x"), ("colour", ""), ("HTTP_Status", "status"), ("features.a b", "")],
)  # fmt: skip
def test_names_tell_roles(key: str, role: str) -> None:
    assert role_of_key(key) == role


def test_a_kind_that_was_asked_for_has_the_fields_of_its_lines() -> None:
    assert [field.role for field in named("json", [b'{"status":"ok"}', b"no", b"[1]"]).fields] == ["status"]


@pytest.mark.parametrize("sign", ['"', "\\", "\x1b", "\n", "\u202e", "\u2500" * (LONGEST_KEY + 1)])
def test_keys_that_no_format_can_name_play_no_role(sign: str) -> None:
    told = {
        "time": 1.7e9,
        "status": "ok",
        f"{sign}latency": 1.0,
        f"a{sign}": {"features": {"x": 1.0}},
        sign: 1,
    }
    lines = [json.dumps(told).encode()] * 5
    form = named("json", lines)
    assert {field.role for field in form.fields} == {"time", "status"}
    assert guess(lines, NEAR).form == form
    assert Exact(form).record(lines[0], NEAR) is not None
    assert list(spares(form, lines, NEAR)) == []
