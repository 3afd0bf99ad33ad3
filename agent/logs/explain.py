"""What a log's lines become, in words: for `outrider logs explain`. Pure: lines in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import NamedTuple

from agent.logs.digest import Digest, Tally
from agent.logs.limits import Limits
from agent.logs.templates import Template
from agent.logs.windows import Windows
from agent.stats.window import merge_into
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.format import Format
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.record import Judge, Record
from collectors.logs.formats.roles import role_of
from collectors.logs.formats.states import MISSING, STATES
from collectors.logs.formats.times import Near
from collectors.logs.tail.joined import one_line

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
    missed: Sequence[str]
    errors: Sequence[Template] = ()


class Chunk(NamedTuple):
    """Whole lines, and when each was written, as far as something else than the lines says so."""

    text: bytes
    times: Sequence[float | None] | None = None


def explain(form: Format, chunks: Iterable[Chunk], near: Near, most: int = 20) -> Explained:
    """Read chunks of whole lines to the end; at most `most` of the lines not understood are kept."""
    lines = Lines(form)
    digest = Digest(form, lines.labels, (), Limits(late=ALWAYS))
    missed: list[str] = []
    whole: Windows = {}
    for chunk in chunks:
        batch = lines.read(chunk.text, near, chunk.times)
        samples = batch.samples[: most - len(missed)]
        missed.extend(one_line(sample.decode("utf-8", "replace")) for sample in samples)
        digest.take(batch, near.now)
        if digest.minutes > 60:
            _add(whole, digest)
    _add(whole, digest)
    return Explained(digest.tally, whole, missed, digest.templates.top())


def _add(whole: Windows, digest: Digest) -> None:
    for minute in digest.flush():
        merge_into(whole, minute.windows)


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
            one_line(line.decode("utf-8", "replace")[:SHOWN]),
            None if record is None else _roles(form, record, judge),
        )


def _roles(form: Format, record: Record, judge: Judge) -> dict[str, object]:
    found: dict[str, object] = {} if record.time is None else {"time": record.time}
    texts = zip(form.texts, record.texts, strict=True)
    found.update({field.role.removeprefix("attribute:"): text for field, text in texts if text})
    numbers = zip(form.numbers, record.numbers, strict=True)
    found.update({field.role: value for field, value in numbers if not isnan(value)})
    classes = zip(form.classes, record.classes, strict=True)
    found.update({field.role: name for field, name in classes if name})
    outcomes = zip(form.outcomes, record.outcomes, strict=True)
    found.update({field.role: value for field, value in outcomes if not isnan(value)})
    states = zip(form.features, record.states, strict=True)
    found.update({field.role: STATES[state] for field, state in states if state > MISSING})
    if record.request:
        found["request"] = f"{record.request:012x}"
    if record.message:
        found["message"] = one_line(record.message[:SHOWN])
    if fault := judge.fault(record.texts):
        found["error"] = fault
    return found


def units(form: Format) -> dict[str, str]:
    """The base unit of each number, by role."""
    return {field.role: role_of(field.role, form.family).unit for field in form.numbers}
