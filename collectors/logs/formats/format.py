"""A format: which field of a line plays which role. A preset is one, and so is a user's own."""

from __future__ import annotations

from typing import Literal, NamedTuple

from collectors.logs.formats.roles import (
    FEATURE,
    NUMBERS,
    OUTCOMES,
    TEXTS,
    Family,
    is_class,
    is_key,
    is_role,
    role_of,
)
from collectors.logs.formats.values import SCALES, unit_of

FormatKind = Literal["json", "logfmt", "regex"]
MOST_FIELDS = 128
MOST_ATTRIBUTES = 8


class Field(NamedTuple):
    """The field `key` of a line (dots lead into objects) plays `role`; a bare number times `scale`."""

    role: str
    key: str
    scale: float = 1.0


class Format(NamedTuple):
    """How lines are read.

    Args:
        name: what it is called.
        kind: how a line is taken apart.
        fields: what its fields mean.
        patterns: of `regex`: the first that matches from the line's start holds; named groups are the keys.
        parts: of `regex`: each is looked for in a line that a pattern matched, so that order does not matter.
        family: whose metric a request's whole time is.
        attributes: keys of further fields by which records are told apart.
        brief: what writes such lines.
    """

    name: str
    kind: FormatKind
    fields: tuple[Field, ...] = ()
    patterns: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    family: Family = "model"
    attributes: tuple[str, ...] = ()
    brief: str = ""

    @property
    def numbers(self) -> tuple[Field, ...]:
        """The fields that are numbers, in their order."""
        return tuple(field for field in self.fields if field.role in NUMBERS or FEATURE.match(field.role))

    @property
    def outcomes(self) -> tuple[Field, ...]:
        """The fields that are numbers and tell whether a prediction was right."""
        return tuple(field for field in self.fields if field.role in OUTCOMES)

    @property
    def features(self) -> tuple[Field, ...]:
        """Those of the numbers that are features."""
        return tuple(field for field in self.numbers if FEATURE.match(field.role))

    @property
    def classes(self) -> tuple[Field, ...]:
        """The fields that are classes or categories."""
        return tuple(field for field in self.fields if is_class(field.role))

    @property
    def texts(self) -> tuple[Field, ...]:
        """The fields that tell records apart: those of `TEXTS` that it has, then the attributes."""
        own = [field for field in self.fields if field.role in TEXTS]
        return (*own, *(Field(f"attribute:{key}", key) for key in self.attributes))

    def key(self, role: str) -> str | None:
        """The key of the field that plays `role`."""
        return next((field.key for field in self.fields if field.role == role), None)


def field_of(role: str, spec: str) -> Field:
    """A field as it is written in the configuration: `KEY`, or `KEY in UNIT`.

    Without a unit the key's ending tells it (`took_ms`); a time that tells none is in seconds.

    Raises:
        ValueError: there is no such role, unit or key.
    """
    key, found, unit = spec.rpartition(" in ")
    if not found:
        key, unit = spec, ""
    if not is_role(role):
        raise ValueError(f"no field plays the role {role!r}")
    if not is_key(key):
        raise ValueError(f"{spec!r} is no key, or KEY in UNIT")
    if unit and unit not in SCALES:
        raise ValueError(f"{unit!r} is no unit; there are: {', '.join(SCALES)}")
    return Field(role, key, scale_of(role, unit or unit_of(key)))


def scale_of(role: str, unit: str) -> float:
    """What a bare number in this role and unit is multiplied by; a unit that does not fit is none."""
    numeric = role in NUMBERS or FEATURE.match(role) is not None
    if not numeric or not unit or FEATURE.match(role):
        return 1.0
    fits = (unit in ("%", "percent", "pct")) == (role_of(role, "model").unit == "1")
    durations = role_of(role, "model").use == "duration"
    return SCALES[unit] if fits and (durations or unit in ("%", "percent", "pct")) else 1.0
