"""A baseline from tables. They are read twice: once to see what each column is, once to count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Literal, NamedTuple

from agent.stats.baseline import Baseline, Feature
from agent.stats.histogram import Histogram
from agent.stats.learning import Learning
from agent.stats.standard import Standard
from agent.tables.choice import CONFIDENCE, PREDICTION, Choice, Names, matches
from agent.tables.chunk import Chunk, TableError, categories, numbers
from agent.tables.source import Source, read
from agent.tables.survey import Column, Survey

Kind = Literal["number", "category"]

FEW = 20
"""Of fewer texts it cannot be told whether they are names of rows."""
NAMES = 0.9
"""Texts of which so many differ are names of rows, or prose, and no category."""


class Plan(NamedTuple):
    """What each feature is, the standards of numbers, and why a column is no feature."""

    kinds: Mapping[str, Kind]
    standards: Mapping[str, Standard]
    left_out: Mapping[str, str]


class Made(NamedTuple):
    """A baseline, and what else was seen while it was made.

    Args:
        baseline: of all rows.
        rows: how many there were.
        columns: what was seen of each feature.
        left_out: columns that are no features, and why.
        refused: further ones, that are only counted.
        troubles: what else could not be used, and how often.
    """

    baseline: Baseline
    rows: int
    columns: Mapping[str, Column]
    left_out: Mapping[str, str]
    refused: int
    troubles: Mapping[str, int]


def planned(survey: Survey, choice: Choice, like: Baseline | None = None) -> Plan:
    """What to make of the columns that were seen; of those in `like`, the same as there."""
    kinds: dict[str, Kind] = {}
    standards: dict[str, Standard] = {}
    left_out: dict[str, str] = {}
    for name, column in survey.columns.items():
        known = like.features.get(name) if like is not None else None
        if like is not None and known is None:
            left_out[name] = "the other baseline has none"
        elif known is not None:
            kinds[name] = _kind_of(known)
            standards[name] = known.standard
        elif not column.count:
            left_out[name] = "it has no value"
        elif why := _no_feature(name, column, choice):
            left_out[name] = why
        else:
            kinds[name] = _kind(name, column, choice)
            standards[name] = column.standard
    return Plan(kinds, standards, left_out)


def _kind_of(feature: Feature) -> Kind:
    return "number" if isinstance(feature.values, Histogram) else "category"


def _kind(name: str, column: Column, choice: Choice) -> Kind:
    if matches(name, choice.categories):
        return "category"
    if name == PREDICTION and not column.fractions:
        return "category"
    return "number" if 2 * column.numbers >= column.count else "category"


def _no_feature(name: str, column: Column, choice: Choice) -> str | None:
    """Why a column is none, though nothing is wrong with it."""
    asked = name in choice.features or name == PREDICTION or matches(name, choice.categories)
    few = column.texts < FEW or 2 * column.numbers >= column.count
    if asked or few or column.distinct.count < NAMES * column.count:
        return None
    return f"nearly each text is another one: {column.distinct.count} of {column.count}"


def made(
    sources: Iterable[Source],
    choice: Choice,
    model: tuple[str, str],
    now: float,
    like: Baseline | None = None,
) -> Made:
    """The baseline of all rows of some files.

    Args:
        sources: the files; each is read twice.
        choice: which columns are features.
        model: its name and version.
        now: when it is made, s since 1970.
        like: a baseline whose features and standards are taken, so that both can be compared.

    Raises:
        OSError: a file cannot be read.
        TableError: one is no table, has nothing to count, or changed while it was read; says which.
    """
    given = list(sources)
    names, survey, troubles = Names(choice), Survey(), Counter[str]()
    for chunk in _all(given, names, troubles):
        survey.take(chunk)
    if not survey.rows:
        told = "".join([f"; {count} {what}" for what, count in (+troubles).items()])
        raise TableError(f"there is not one row{told}")
    _check(choice, names)
    plan = planned(survey, choice, like)
    if not plan.kinds:
        raise TableError(f"no column is a feature: {_reasons({**names.left_out, **plan.left_out})}")
    refused = names.refused
    learning = Learning(plan.standards)
    counted = Counter[str]()
    for chunk in _all(given, names, Counter()):
        _count(chunk, plan, learning)
        counted.update(dict.fromkeys(chunk.columns, chunk.rows))
        counted[""] += chunk.rows
    if counted[""] != survey.rows:
        raise TableError("a file changed while it was read")
    for name in plan.kinds:
        learning.missing(name, survey.rows - counted[name])
    baseline = learning.baseline(*model, now)
    columns = {name: survey.columns[name] for name in plan.kinds}
    return Made(baseline, survey.rows, columns, {**names.left_out, **plan.left_out}, refused, +troubles)


def _all(sources: Iterable[Source], names: Names, troubles: Counter[str]) -> Iterator[Chunk]:
    for source in sources:
        try:
            yield from read(source, names, troubles)
        except TableError as error:
            raise TableError(f"{source.path}: {error}") from None


def _check(choice: Choice, names: Names) -> None:
    """That what was asked for is there."""
    saying = {choice.prediction, choice.confidence} - {PREDICTION, CONFIDENCE}
    for name in sorted({*choice.features, *choice.categories, *choice.renamed.values(), *saying}):
        if not any(matches(there, (name,)) for pair in names.columns.items() for there in pair):
            near = get_close_matches(name, {*names.columns, *names.unasked}, 1)
            raise TableError(f"no column is called {name}" + (f"; did you mean {near[0]}?" if near else ""))


def _reasons(left_out: Mapping[str, str]) -> str:
    told = [f"{name} ({why})" for name, why in list(left_out.items())[:5]]
    return ", ".join(told) or "there is no column"


def _count(chunk: Chunk, plan: Plan, learning: Learning) -> None:
    for name, cells in chunk.columns.items():
        kind = plan.kinds.get(name)
        if kind == "number":
            learning.numbers(name, numbers(cells).values)
        elif kind == "category":
            learning.categories(name, categories(cells).items())
