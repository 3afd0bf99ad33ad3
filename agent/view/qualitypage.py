"""How good a model is, as lines of its page: figures, classes, labels; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent.stats.histogram import Histogram
from agent.stats.quality import Average, Class
from agent.view.clean import clean
from agent.view.ink import Ink, Line, fit, line
from agent.view.joined import Quality
from agent.view.paint import Entry, bar, heading
from agent.view.units import NONE, human, left, right, short

MOST = 24
"""Classes, features, versions or samples that are listed; the rest is counted."""
CELLS, NUMBER = 18, 9
"""Cells of a name, and of a number."""


def good(of: Quality, width: int) -> list[Entry]:
    """How good it is; nothing where no pairs tell it."""
    told = list(figures(of))
    if not told:
        return []
    pairs = of.classes.count if of.classes else sum(each.count for each in of.errors)
    entries = [Entry(heading("quality", width, f"{pairs:,} pairs" if pairs else ""))]
    entries += [Entry(each) for each in _wrapped(told, width)]
    if of.classes is not None and of.classes.classes:
        names = ("PAIRS", "PRECISION", "RECALL", "F1")
        titles = "".join(f" {right(name, NUMBER)}" for name in names)
        entries.append(Entry(fit(line(Ink(f"  {left('CLASS', CELLS)}{titles}", "dim")), width)))
        order = sorted(of.classes.classes, key=lambda each: (-each.support, each.name))
        entries += [Entry(_class(each, width)) for each in order[:MOST]]
        entries = bounded(entries, len(order), "classes")
    return entries


def figures(of: Quality) -> Iterator[tuple[str, str]]:
    """Names and values of what is known of all classes, or of numbers."""
    if of.classes is not None:
        yield "accuracy", share(of.classes.accuracy)
        yield "macro F1", _average(of.classes.macro)
        yield "weighted F1", _average(of.classes.weighted)
    for rank, found in of.top.items():
        if rank in (1, 3, 5, 10):
            yield f"top {rank}", share(found)
    if of.calibration is not None:
        yield "ECE", _three(of.calibration.ece)
        yield "Brier", _three(of.calibration.brier)
    for each in of.errors:
        where = f" around {each.center:g}" if len(of.errors) > 1 else ""
        yield f"MAE{where}", number(each.mae)
        yield "RMSE", number(each.rmse)
        yield "bias", number(each.bias)
        yield "R²", _three(each.r2)


def share(value: float | None) -> str:
    """As per cent."""
    return human(value, "1", ratio=True)


def _average(of: Average) -> str:
    return _three(of.f1)


def _three(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def number(value: float | None) -> str:
    """Short, a dash for None."""
    return NONE if value is None else short(value)


def _wrapped(told: Iterable[tuple[str, str]], width: int) -> Iterator[Line]:
    """Names and values, as many in a line as fit."""
    pieces: list[Ink] = []
    room = width
    for name, value in told:
        size = len(name) + len(value) + 3
        if pieces and size > room:
            yield tuple(pieces)
            pieces, room = [], width
        pieces += [Ink(f"  {name} ", "dim"), Ink(value, "title")]
        room -= size
    if pieces:
        yield fit(tuple(pieces), width)


def _class(of: Class, width: int) -> Line:
    shares = (of.precision, of.recall, of.f1)
    cells = "".join(f" {right(_three(value), NUMBER)}" for value in shares)
    told = line(f"  {left(clean(of.name, 60), CELLS)} {right(human(of.support, '1'), NUMBER)}{cells}")
    room = min(20, width - CELLS - 4 * (NUMBER + 1) - 4)
    drawn = [Ink("  "), *bar(of.f1, room, "accent")] if of.f1 is not None and room > 4 else []
    return fit(line(*told, *drawn), width)


def labels(of: Mapping[str, int], delay: Histogram | None, width: int) -> list[Entry]:
    """What became of predictions and labels, and how late labels come."""
    told = [(clean(outcome.replace("_", " "), 40), f"{count:,}") for outcome, count in of.items() if count]
    for q in (0.5, 0.99):
        late = delay.quantile(q) if delay is not None else None
        told += [(f"p{100 * q:g} late", human(late, "s"))] if late is not None else []
    entries = [Entry(heading("labels", width))] if told else []
    return entries + [Entry(each) for each in _wrapped(told, width)]


def bounded(entries: list[Entry], count: int, what: str) -> list[Entry]:
    """With a line that says how many are not listed."""
    more = count - MOST
    return [*entries, Entry(line(Ink(f"  and {more:,} more {what}", "dim")))] if more > 0 else entries
