"""The JSON schema of the configuration file, for editors that complete and check TOML."""

from __future__ import annotations

from agent.config.document import loads
from agent.config.forms import Schema
from agent.config.section import Field, Section, section
from agent.config.settings import Config

DIALECT = "http://json-schema.org/draft-07/schema#"
VARIABLE: Schema = {"type": "string", "pattern": "\\$"}


def schema() -> Schema:
    """The schema of the whole file."""
    return {"$schema": DIALECT, "title": "Outrider", **_section(section(Config))}


def _section(of: Section) -> Schema:
    required = [field.name for field in of.fields.values() if field.required]
    return {
        "type": "object",
        "description": of.doc,
        "properties": {field.name: _field(field) for field in of.fields.values()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _field(field: Field) -> Schema:
    if field.section is not None:
        return _section(field.section)
    about: Schema = {"description": field.doc}
    if field.each is not None:
        each = field.each
        return {
            **about,
            "type": "object",
            "properties": {name: _section(each.section(name)) for name in each.names()},
            "additionalProperties": False,
        }
    if field.items is not None:
        items = _section(field.items.section())
        return {**about, "type": "array", "maxItems": field.items.most, "items": items}
    if field.pairs is not None:
        pairs = field.pairs
        return {
            "description": f"{field.doc} Allowed: {pairs.allowed()}.",
            "type": "object",
            "maxProperties": pairs.most,
            "patternProperties": {f"^{pairs.key}$": _text(pairs.form.schema())},
            "additionalProperties": False,
        }
    return _value(field)


def _value(field: Field) -> Schema:
    """A value of a form, or a text with a variable."""
    if field.form is None:
        raise ValueError(f"{field.name} is of no kind")
    shown: Schema = {"description": f"{field.doc} Allowed: {field.form.allowed()}."}
    if field.default is not None:
        shown["default"] = loads(f"default = {field.form.show(field.default)}")["default"]
    return {**shown, **_text(field.form.schema())}


def _text(shape: Schema) -> Schema:
    return {"anyOf": [shape, VARIABLE]}
