"""Tables in a model's log: what the format of its lines says is a feature, a prediction or its confidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timezone

from agent.tables.choice import CONFIDENCE, PREDICTION, Names
from agent.tables.chunk import Cells, Chunk, TableError
from collectors.logs.formats.classes import folded
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.times import Near

PREFIXES = ("feature.", "category.")


def features(fields: Sequence[Field]) -> dict[str, int]:
    """The names of those that are features, and their places."""
    return {name: place for place, field in enumerate(fields) if (name := _name(field.role)) is not None}


def _name(role: str) -> str | None:
    if role in (PREDICTION, CONFIDENCE):
        return role
    return next((role.removeprefix(prefix) for prefix in PREFIXES if role.startswith(prefix)), None)


def read(blocks: Iterable[bytes], form: Format, names: Names, troubles: Counter[str]) -> Iterator[Chunk]:
    """The features of a log.

    Args:
        blocks: of whole lines.
        form: what its lines are.
        names: of the features.
        troubles: is told how many lines were not understood.

    Raises:
        TableError: the format knows no feature.
    """
    numbers, classes = features(form.numbers), features(form.classes)
    columns = names.of([*numbers, *classes])
    if not numbers and not classes:
        raise TableError(f"the format {form.name} has no field that is a feature")
    lines, near = Lines(form), Near(timezone.utc, 0.0)
    for block in blocks:
        batch = lines.read(block, near)
        troubles["lines that are not understood"] += batch.missed
        cells: dict[str, Cells] = {}
        for column, name in columns.items():
            if column in numbers:
                cells[name] = batch.numbers[numbers[column]]
            else:
                place = classes[column]
                texts = lines.classes[place].names
                cells[name] = [texts[number] for number in folded(batch.classes[place]).tolist()]
        yield Chunk(len(batch.minutes), cells)
