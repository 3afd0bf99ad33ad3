"""What a log's lines become, in words: for `outrider logs explain`. Pure: lines in, findings out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import NamedTuple

from agent.logs.digest import Digest, Tally, Windows
from agent.logs.limits import Limits
from agent.logs.templates import Template
from agent.stats.window import merge
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.format import Format
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.record import Judge, Record
from collectors.logs.formats.roles import role_of
from collectors.logs.formats.times import Near

ALWAYS = 1e12
SHOWN = 240


class Explained(NamedTuple):
    """What became of a log.

    Args:
        tally: how many lines, and how many of them were not understood.
        windows: the summary of the whole log by series.
        missed: some lines that were not understood.
        errors: the most frequent texts of errors.
    """

    tally: Tally
    windows: Windows
    missed: Sequence[bytes]
    errors: Sequence[Template] = ()


def explain(form: Format, chunks: Iterable[bytes], near: Near, most: int = 20) -> Explained:
    """Read chunks of whole lines to the end; at most `most` of the lines not understood are kept."""
    lines = Lines(form)
    digest = Digest(form, lines.labels, (), Limits(late=ALWAYS))
    missed: list[bytes] = []
    whole: Windows = {}
    for chunk in chunks:
        batch = lines.read(chunk, near)
        missed.extend(batch.samples[: most - len(missed)])
        digest.take(batch, near.now)
        if digest.minutes > 60:
            _add(whole, digest)
    _add(whole, digest)
    return Explained(digest.tally, whole, missed, digest.templates.top())


def _add(whole: Windows, digest: Digest) -> None:
    for minute in digest.flush():
        for series, summary in minute.windows.items():
            before = whole.get(series)
            whole[series] = summary if before is None else merge(before, summary)


class Line(NamedTuple):
    """One line, and what it became: by role, in base units; nothing if it was not understood."""

    text: str
    became: dict[str, object] | None


def became(form: Format, lines: Iterable[bytes], near: Near) -> Iterator[Line]:
    """What each line becomes."""
    exact, judge = Exact(form), Judge(form)
    for line in lines:
        record = exact.record(line, near)
        yield Line(
            line.decode("utf-8", "replace")[:SHOWN], None if record is None else _roles(form, record, judge)
        )


def _roles(form: Format, record: Record, judge: Judge) -> dict[str, object]:
    found: dict[str, object] = {} if record.time is None else {"time": record.time}
    texts = zip(form.texts, record.texts, strict=True)
    found.update({field.role.removeprefix("attribute:"): text for field, text in texts if text})
    numbers = zip(form.numbers, record.numbers, strict=True)
    found.update({field.role: value for field, value in numbers if not isnan(value)})
    if record.message:
        found["message"] = record.message[:SHOWN]
    if fault := judge.fault(record.texts):
        found["error"] = fault
    return found


def units(form: Format) -> dict[str, str]:
    """The base unit of each number, by role."""
    return {field.role: role_of(field.role, form.family).unit for field in form.numbers}


def toml(form: Format) -> str:
    """The configuration that makes such a format known."""
    rows = ["[[format]]", f"name = {_text(form.name)}", f'kind = "{form.kind}"']
    for name, patterns in (
        ("patterns", form.patterns),
        ("parts", form.parts),
        ("attributes", form.attributes),
    ):
        if patterns:
            rows.append(f"{name} = [{', '.join(map(_text, patterns))}]")
    if form.family != "model":
        rows.append(f'family = "{form.family}"')
    if form.fields:
        rows += ["", "[format.fields]"]
        rows += [f"{_key(field.role)} = {_text(field.key + _unit(field.scale))}" for field in form.fields]
    return "\n".join(rows)


def _unit(scale: float) -> str:
    return {1.0: "", 1e-3: " in ms", 1e-6: " in us", 1e-9: " in ns", 60.0: " in m", 0.01: " in %"}.get(
        scale, ""
    )


def _key(role: str) -> str:
    return _text(role) if "." in role else role


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
