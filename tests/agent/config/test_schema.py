from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agent.config.document import loads
from agent.config.schema import schema
from agent.config.section import Section, section
from agent.config.settings import Config

RIGHT = Path(__file__).parents[2] / "cases/config/right/outrider.toml"
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
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
        return all(takes(property_of(shape, key), one) for key, one in value.items())
    if isinstance(value, list):
        return len(value) <= shape["maxItems"] and all(takes(shape["items"], one) for one in value)
    return shape.get("minimum", value) <= value <= shape.get("maximum", value)


def property_of(shape: Any, key: str) -> Any:
    """The shape of one key of an object; one that takes nothing if there is none."""
    patterns = shape.get("patternProperties", {}).items()
    matched = [inner for pattern, inner in patterns if re.search(pattern, key)]
    return shape.get("properties", {}).get(key) or next(iter(matched), {"enum": []})


def test_it_is_json_and_closed_at_every_level() -> None:
    def walk(shape: Any) -> None:
        if shape.get("type") == "object":
            assert shape["additionalProperties"] is False
            for inner in shape.get("properties", {}).values():
                walk(inner)
        if shape.get("type") == "array":
            walk(shape["items"])

    walk(json.loads(json.dumps(schema())))


def test_it_has_every_setting_with_its_default() -> None:
    def walk(shape: Any, of: Section) -> None:
        assert set(shape["properties"]) == set(of.fields)
        assert shape.get("required", []) == [field.name for field in of.fields.values() if field.required]
        for field in of.fields.values():
            inner = shape["properties"][field.name]
            assert inner["description"]
            if field.section is not None:
                walk(inner, field.section)
            elif field.items is not None:
                walk(inner["items"], field.items.section())
            elif field.each is not None:
                for name in field.each.names():
                    walk(inner["properties"][name], field.each.section(name))
            elif field.form is not None and field.default is not None:
                assert field.form.read(inner["default"]) == field.default
                assert takes(inner, inner["default"])

    walk(schema(), section(Config))


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
        "[collectors.cpus]",
        "[collectors.cpu]\nunits = []",
        "[[alert]]\nname = 3",
        "[metrics]\ninclude = [3]",
        "[device.tags]\n'a b' = 'c'",
        "[device]\nname = 'a/b'",
        "[runtime]\ndirectory = ''",
    ],
)
def test_it_refuses_what_the_loader_refuses(text: str) -> None:
    assert not takes(schema(), loads(text))


def test_it_takes_variables_tables_of_arrays_and_tags() -> None:
    text = """
    [ring]
    enabled = "${RING:-true}"
    [device.tags]
    rack = "3"
    [[alert]]
    name = "a"
    when = "m > 1"
    [attributes."cpu.mode"]
    exclude = ["idle"]
    """
    assert takes(schema(), loads(text))
