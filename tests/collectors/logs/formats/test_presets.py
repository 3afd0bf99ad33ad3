"""Each preset against lines that its server prints. `tests/cases/logs/<preset>/` holds `lines.log`, what each
line becomes (`expected.json`, null: not understood) and where the lines come from (`ORIGIN`)."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from agent.logs.explain import became
from collectors.logs.formats.format import Field
from collectors.logs.formats.presets import PRESETS, fields_of, group_field
from collectors.logs.formats.times import Near
from tests.source import ROOT

CASES = ROOT / "tests" / "cases" / "logs"
NEAR = Near(timezone.utc, datetime(2026, 11, 23, 12, tzinfo=timezone.utc).timestamp())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_reads_what_its_server_prints(name: str) -> None:
    lines = (CASES / name / "lines.log").read_bytes().splitlines()
    expected = json.loads((CASES / name / "expected.json").read_text())
    found = [line.became for line in became(PRESETS[name], lines, NEAR)]
    assert len(found) == len(expected)
    for line, got, due in zip(lines, found, expected, strict=True):
        assert told(got) == told(due), line


def told(became: dict[str, object] | None) -> dict[str, object] | None:
    """Numbers to twelve digits."""
    if became is None:
        return None
    return {
        key: float(f"{value:.12g}") if isinstance(value, float) else value for key, value in became.items()
    }


def test_every_case_is_of_a_preset_and_says_where_it_comes_from() -> None:
    assert sorted(path.name for path in CASES.iterdir()) == sorted(PRESETS)
    assert [path.name for path in CASES.iterdir() if not (path / "ORIGIN").read_text().strip()] == []


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_says_what_writes_such_lines_and_has_fields(name: str) -> None:
    assert PRESETS[name].brief
    assert PRESETS[name].fields


def test_a_named_group_is_a_role_with_its_unit_or_an_attribute() -> None:
    assert group_field("latency_ms") == Field("latency", "latency_ms", 1e-3)
    assert group_field("queue_length") == Field("queue_length", "queue_length")
    assert [field.role for field in fields_of([r"(?P<route>x)(?P<status>y)"])] == ["status"]
