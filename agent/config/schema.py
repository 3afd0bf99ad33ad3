"""The JSON schema of the configuration file, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

from agent.config.document import loads
from agent.config.forms import Schema
from agent.config.settings import Config, Field, SectionType, fields

DIALECT = "http://json-schema.org/draft-07/schema#"


def schema() -> Schema:
    """The schema of the whole file."""
    return {"$schema": DIALECT, "title": "Outrider", **_section(Config)}


def _section(section: SectionType) -> Schema:
    return {
        "type": "object",
        "description": " ".join(section.__doc__.split()),
        "properties": {field.name: _field(field) for field in fields(section).values()},
        "additionalProperties": False,
    }


def _field(field: Field) -> Schema:
    if field.each is not None:
        inner: Schema = {name: _section(field.each.section) for name in field.each.names()}
        return {
            "type": "object",
            "description": field.doc,
            "properties": inner,
            "additionalProperties": False,
        }
    if field.form is None:
        return _section(field.section)
    shown: dict[str, Any] = {"description": f"{field.doc} Allowed: {field.form.allowed()}."}
    if field.default is not None:
        shown["default"] = _plain(field.form.show(field.default))
    return {**shown, **field.form.schema()}


def _plain(shown: str) -> object:
    """A default as JSON has it: the value that TOML makes of it."""
    return loads(f"default = {shown}")["default"]
