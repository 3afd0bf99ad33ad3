"""What a format that was made up for some lines leaves open: fields without a role, times without a unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isnan
from typing import NamedTuple

from collectors.logs.formats.exact import LONGEST_LINE, reader_of
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.guess import json_keys, logfmt_keys
from collectors.logs.formats.roles import FEATURE, NUMBERS
from collectors.logs.formats.times import Near, moment
from collectors.logs.formats.values import number, unit_of

LONGEST = 48
DURATIONS = ("latency", "inference", "queue")
_LEVEL = re.compile(r"(?i:trace|debug|info|notice|warn(ing)?|err(or)?|critical|fatal|panic)")
_EXCEPTION = re.compile(r"[\w.]{0,96}(?:Error|Exception)")


class Spare(NamedTuple):
    """A field that plays no role.

    Args:
        key: its own, dotted.
        example: the first of its values.
        roles: those that it could play, the most likely first; none: it can only tell lines apart.
    """

    key: str
    example: str
    roles: tuple[str, ...]


def spares(form: Format, lines: Sequence[bytes], near: Near) -> Iterator[Spare]:
    """The fields of JSON and logfmt lines that play no role and tell nothing apart, most frequent first."""
    if form.kind == "regex":
        return
    used = {*(field.key for field in form.fields), *form.attributes}
    keys = json_keys(lines) if form.kind == "json" else logfmt_keys(lines)
    played = {field.role for field in form.fields}
    for key, value in _firsts(form, [key for key in keys if key not in used], lines).items():
        roles = tuple(role for role in _roles(key, value, near) if role not in played)
        yield Spare(key, str(value)[:LONGEST], roles)


def assumed(form: Format, lines: Sequence[bytes]) -> tuple[Field, ...]:
    """The durations that are bare numbers, and whose name tells no unit: they are taken to be in s."""
    durations = [
        field
        for field in form.fields
        if field.role in NUMBERS and NUMBERS[field.role].use == "duration" and not unit_of(field.key)
    ]
    if form.kind == "regex":
        return ()
    firsts = _firsts(form, [field.key for field in durations], lines)
    bare = {key for key, value in firsts.items() if isinstance(value, (int, float)) or _is_number(str(value))}
    return tuple(field for field in durations if field.key in bare)


def _firsts(form: Format, keys: Sequence[str], lines: Sequence[bytes]) -> dict[str, object]:
    """The first value of each of these keys that is one, in the order of the keys."""
    if not keys:
        return {}
    reader = reader_of(Format(form.name, form.kind, tuple(Field("", key) for key in keys)))
    found: dict[str, object] = {}
    for line in lines:
        row = reader.fields(line) if len(line) <= LONGEST_LINE else None
        found |= {key: value for key, value in (row or {}).items() if key not in found and value != ""}
    return {key: found[key] for key in keys if key in found}


def _is_number(value: str) -> bool:
    return value[-1:].isdigit() and not isnan(number(value))


def _roles(key: str, value: object, near: Near) -> Iterator[str]:
    """What a field with this value could mean."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", key.rpartition(".")[2])
    feature = f"feature.{name}"
    if isinstance(value, bool):
        return
    if moment(value, near) is not None:
        yield "time"
    if unit_of(key) or (isinstance(value, str) and not _is_number(value) and not isnan(number(value))):
        yield from DURATIONS
    elif not isnan(number(value)) and FEATURE.fullmatch(feature):
        yield feature
    elif isinstance(value, str):
        if _LEVEL.fullmatch(value):
            yield "level"
        if _EXCEPTION.fullmatch(value):
            yield "exception"
        if " " in value:
            yield "message"
