"""What fields are whose names leave it open, by the values of some lines: classes or numbers, and whether
a name that many things bear is meant of a model."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from collectors.logs.formats.exact import LONGEST_LINE, reader_of
from collectors.logs.formats.format import Field, Format, FormatKind
from collectors.logs.formats.record import class_of
from collectors.logs.formats.roles import CLASSES, FEATURE
from collectors.logs.formats.states import TYPE, state_of
from collectors.logs.formats.values import number

VALUES = {"prediction": "predicted_value", "label": "true_value"}
"""The roles of numbers that are not classes."""
FEW = 20
"""Different whole numbers up to which they are classes."""
COMMON = frozenset({"class", "classname", "target", "actual", "rank"})
"""Names that mean a prediction or a truth only beside another field that does."""
_JOINED = frozenset({*VALUES, *VALUES.values()})
_MEANT = _JOINED | {"confidence", "correct"}


def settled(kind: FormatKind, fields: Sequence[Field], lines: Sequence[bytes]) -> tuple[Field, ...]:
    """The fields as their values show them in these lines.

    Predictions and labels that are numbers with fractions, or many whole ones, are values, both or none;
    features that are mostly texts are categories; a request's id is wanted only where there is something
    to join by it.
    """
    reader = reader_of(Format("", kind, tuple(fields)))
    found = [reader.fields(line) or {} for line in lines if len(line) <= LONGEST_LINE]

    def values(field: Field) -> list[object]:
        there = [row.get(field.key) for row in found]
        return [value for value in there if value is not None and value != ""]

    pairs = [(field, values(field)) for field in fields if field.role in CLASSES]
    measured = any(_measured(own) for _, own in pairs) and not any(_named(own) for _, own in pairs)
    made = []
    for field in fields:
        role = field.role
        if role in CLASSES and measured:
            role = VALUES[role]
        elif FEATURE.fullmatch(role) and _named(values(field)):
            role = role.replace("feature.", "category.", 1)
        made.append(field._replace(role=role))
    return tuple(_meant(made))


def _named(values: Sequence[object]) -> bool:
    """Whether most are texts or truth values, and no numbers."""
    texts = [value for value in values if isnan(number(value)) and state_of(value, number(value)) == TYPE]
    return len(texts) * 2 > len(values)


def _measured(values: Sequence[object]) -> bool:
    """Whether they are numbers of which no two need to be the same."""
    numbers = [found for value in values if not isnan(found := number(value))]
    if any(not found.is_integer() for found in numbers):
        return True
    return len({class_of(found) for found in numbers}) > max(FEW, len(numbers) // 4)


def _meant(fields: Sequence[Field]) -> list[Field]:
    """Those that mean what their names say."""
    found = [field for field in fields if not _common(field) or _MEANT & _roles(fields, field)]
    return [field for field in found if field.role != "request" or _JOINED & _roles(found, field)]


def _common(field: Field) -> bool:
    return field.role in (*_JOINED, "rank") and field.key.rpartition(".")[2].lower() in COMMON


def _roles(fields: Sequence[Field], but: Field) -> set[str]:
    return {field.role for field in fields if field is not but}
