"""How models at a glance and their errors are drawn on the page of a device: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from agent.view.clean import clean
from agent.view.faults import LOG, METRIC, Fault
from agent.view.ink import Ink, Line, fit, line, spread
from agent.view.models import Model
from agent.view.paint import AGE, LATE, Entry, heading
from agent.view.units import NONE, age, clock, human, left, right, short
from collectors.api import Series

MOST_MODELS, MOST_FAULTS = 24, 8
LABEL = 16
"""Cells of a model's name at least; where that leaves too few, columns go, the last first."""
BAD, WORRYING = 0.05, 0.01
"""Shares of errors that are shown as bad, and as worrying."""
COUNT = 8
UNTOLD = "(its text was told before this view began)"


class Column(NamedTuple):
    """A figure of a model: its title, its width, how it is shown."""

    title: str
    width: int
    value: Callable[[Model], float | None]
    shown: Callable[[float], str]


COLUMNS = (
    Column("REQ/S", 7, lambda model: model.requests, lambda value: human(value, "1")),
    Column("ERRORS", 7, lambda model: model.errors, lambda value: human(value, "1", ratio=True)),
    Column("RIGHT", 7, lambda model: model.accuracy, lambda value: human(value, "1", ratio=True)),
    Column("DRIFT", 6, lambda model: model.drift, lambda value: f"{short(value)}x"),
    Column("P50", 7, lambda model: model.p50, lambda value: human(value, "s")),
    Column("P99", 7, lambda model: model.p99, lambda value: human(value, "s")),
    Column("TOK/S", 7, lambda model: model.tokens, lambda value: human(value, "1")),
    Column("QUEUE", 6, lambda model: model.queue, lambda value: human(value, "1")),
    Column("CACHE", 6, lambda model: model.hits, lambda value: human(value, "1", ratio=True)),
)


def glance(models: Sequence[Model], width: int) -> list[Entry]:
    """A line a model, with the columns that any of them has."""
    if not models:
        return []
    columns = _columns(models, width)
    room = width - 2 - sum(column.width + 1 for column in columns) - AGE - 1
    names = "".join(f" {right(column.title, column.width)}" for column in columns)
    entries = [
        Entry(heading("models", width)),
        Entry(line(Ink(f"  {left('MODEL', room)}{names} {right('AGE', AGE)}", "dim"))),
    ]
    entries += [
        Entry(_model(model, columns, room), model.series, model=model.name) for model in models[:MOST_MODELS]
    ]
    if len(models) > MOST_MODELS:
        entries.append(Entry(line(Ink(f"  and {len(models) - MOST_MODELS} more models", "dim"))))
    return entries


def _columns(models: Iterable[Model], width: int) -> list[Column]:
    found, room = [], width - 3 - AGE - LABEL
    for column in COLUMNS:
        if any(column.value(model) is not None for model in models) and room >= column.width + 1:
            found.append(column)
            room -= column.width + 1
    return found


def _model(model: Model, columns: Iterable[Column], room: int) -> Line:
    old = "late" if model.late else ""
    name = " ".join(clean(word, 80) for word in model.whose) or "unnamed"
    pieces = [Ink(LATE if model.late else " ", old), Ink(f" {left(name, room)}", old)]
    for column in columns:
        value = column.value(model)
        text = NONE if value is None else column.shown(value)
        style = old if model.late else STRAINS[column.title](value) if column.title in STRAINS else ""
        pieces.append(Ink(f" {right(text, column.width)}", style))
    pieces.append(Ink(f" {right(age(model.age), AGE)}", "warn" if model.late else "dim"))
    return line(*pieces)


def _strain(share: float | None) -> str:
    if share is None:
        return ""
    return "bad" if share >= BAD else "warn" if share >= WORRYING else ""


def _drifted(score: float | None) -> str:
    return "bad" if score is not None and score > 1 else ""


STRAINS: dict[str, Callable[[float | None], str]] = {"ERRORS": _strain, "DRIFT": _drifted}
"""The style of a figure by its column, where it may hurt."""


def erring(faults: Sequence[Fault], series: Iterable[Series], now: float, width: int) -> list[Entry]:
    """The most frequent errors: how often, their text, since when, last when, and an example."""
    if not faults:
        return []
    counted = {dict(each.attributes).get(LOG, ""): each for each in series if each.name == METRIC}
    entries = [Entry(heading("errors of models", width))]
    for fault in faults[:MOST_FAULTS]:
        text = clean(fault.text, 400) or f"{clean(fault.identity)} {UNTOLD}"
        told = line(
            Ink(f"{right(human(fault.count, '1'), COUNT)}  ", "bad"),
            Ink(f"{clean(fault.log, 24)} ", "dim"),
            text,
        )
        when = line(Ink(f"  since {clock(fault.first)} {right(age(now - fault.last), AGE)}", "dim"))
        entries.append(Entry(spread(told, when, width), counted.get(fault.log)))
        if fault.example:
            such = f"{'':{COUNT}}  such as: {clean(fault.example, 400)}"
            entries.append(Entry(fit(line(Ink(such, "dim")), width)))
    rest = sum(fault.count for fault in faults[MOST_FAULTS:])
    if rest:
        entries.append(
            Entry(
                line(
                    Ink(
                        f"{right(human(rest, '1'), COUNT)}  of {len(faults) - MOST_FAULTS} other texts", "dim"
                    )
                )
            )
        )
    return entries
