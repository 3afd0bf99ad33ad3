"""What a log's lines become, as text for people: for `outrider logs explain`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from agent.cli.listing import figures, name
from agent.logs.explain import Explained, Line
from agent.logs.paste import row, text
from agent.stats.window import Counter
from agent.view.clean import clean
from agent.view.rows import natural
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.roles import ROLES
from collectors.logs.formats.spare import Spare
from collectors.logs.formats.times import Near

ERRORS = 10
WIDTH = 100


class Log(NamedTuple):
    """How a log is read.

    Args:
        form: its format.
        why: why it is that one.
        near: what its times leave open.
        configuration: to paste.
        assumed: the durations that are taken to be in s, as nothing tells their unit.
    """

    form: Format
    why: str
    near: Near
    configuration: str
    assumed: tuple[Field, ...]


def as_text(log: Log, whole: Explained, took: float, shown: list[Line], spare: list[Spare]) -> Iterator[str]:
    """The lines to print; `took` s of CPU time."""
    yield f"format: {clean(log.form.name)}: {log.why}"
    for line in shown:
        yield ""
        yield f"  {clean(line.text)}"
        said = "not understood" if line.became is None else _pairs(line.became)
        yield f"    -> {clean(said)}"
    tally = whole.tally
    yield ""
    yield (
        f"{tally.lines} lines, {tally.missed} not understood, {tally.untimed} without a time of their own; "
        f"{tally.lines / max(took, 1e-9):,.0f} lines a second"
    )
    for missed in whole.missed:
        yield f"  not understood: {clean(missed[:120])}"
    yield ""
    for series in sorted(whole.windows, key=natural):
        summary = whole.windows[series]
        said = f"{summary.delta:g}" if isinstance(summary, Counter) else figures(series, summary, 60.0)
        yield f"  {name(series):<56} {said}"
    for error in whole.errors[:ERRORS]:
        yield f"  {error.count} times: {clean(error.text)}"
        yield f"    such as: {clean(error.example)}"
    yield from _left_open(log, spare)
    yield ""
    yield "to paste into the configuration:"
    yield ""
    yield from (f"  {clean(row, len(row) + 1)}" for row in log.configuration.splitlines())


def _left_open(log: Log, spare: list[Spare]) -> Iterator[str]:
    """What those who know the log should look at: units that were assumed, fields that mean nothing yet."""
    if log.assumed:
        yield ""
        yield "bare numbers whose names tell no unit, taken to be in s; if they are not, write, as one of:"
    for field in log.assumed:
        yield clean(f"  {row(field, ' in ms')}    {row(field, ' in us')}")
    if spare:
        yield ""
        yield "fields without a role; a row of [format.fields] gives one its role, `attributes` of [[format]]"
        yield "tells lines apart by it:"
    for each in spare:
        rows = [row(Field(role, each.key)) for role in each.roles] or [f"attributes = [{text(each.key)}]"]
        yield clean(f"  {each.key}, such as {each.example}: {' or '.join(rows)}")
    if spare:
        yield from textwrap.wrap(f"roles: {', '.join(ROLES)}", WIDTH)


def _pairs(became: dict[str, object]) -> str:
    return (
        "  ".join(
            f"{key}={value:.6g}" if isinstance(value, float) and key != "time" else f"{key}={value}"
            for key, value in became.items()
        )
        or "nothing"
    )
