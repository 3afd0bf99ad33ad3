from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agent.config.document import loads
from agent.config.schema import schema
from agent.config.settings import Config, SectionType, fields

RIGHT = Path(__file__).parents[2] / "cases/config/right/outrider.toml"
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
}


def takes(shape: Any, value: Any) -> bool:
    """As much of JSON schema as ours uses."""
    if "anyOf" in shape:
        return any(takes(one, value) for one in shape["anyOf"])
    if "enum" in shape:
        return value in shape["enum"]
    kind = TYPES[shape["type"]]
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        return False
    if isinstance(value, str):
        return bool(re.search(shape.get("pattern", ""), value)) and len(value) <= shape.get(
            "maxLength", len(value)
        )
    if isinstance(value, dict):
        return all(
            key in shape["properties"] and takes(shape["properties"][key], one) for key, one in value.items()
        )
    return shape.get("minimum", value) <= value <= shape.get("maximum", value)


def test_it_is_json_and_closed_at_every_level() -> None:
    def walk(shape: Any) -> None:
        if shape.get("type") == "object":
            assert shape["additionalProperties"] is False
            for inner in shape["properties"].values():
                walk(inner)

    walk(json.loads(json.dumps(schema())))


def test_it_has_every_setting_with_its_default() -> None:
    def walk(shape: Any, section: SectionType) -> None:
        assert set(shape["properties"]) == set(fields(section))
        for field in fields(section).values():
            inner = shape["properties"][field.name]
            assert inner["description"]
            if field.section is not None:
                walk(inner, field.section)
            elif field.form is not None and field.default is not None:
                assert field.form.read(inner["default"]) == field.default
                assert takes(inner, inner["default"])

    walk(schema(), Config)


def test_it_takes_a_right_file() -> None:
    assert takes(schema(), loads(RIGHT.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "colour = 1",
        "[broker]\nin_flight = 0",
        '[broker]\nurl = "mqtt://me@host"',
        '[broker]\nkeepalive = "5 minuts"',
        "[broker]\nkeepalive = 1",
        "[store.tiers]\n3 = '1h'",
        "[log]\nlevel = 'loud'",
        "[collect.collectors.cpus]",
        "[device]\nname = 'a/b'",
        "[runtime]\ndirectory = ''",
    ],
)
def test_it_refuses_what_the_loader_refuses(text: str) -> None:
    assert not takes(schema(), loads(text))
