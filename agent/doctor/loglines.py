"""Whether the format of a log fits its last lines: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.config.logs import Logs
from agent.doctor.finding import Finding, Level
from agent.doctor.logfiles import Sample
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.format import Format
from collectors.logs.formats.guess import beyond, guess, named
from collectors.logs.formats.times import Near
from collectors.logs.formats.zones import zone_of
from collectors.logs.redact import Redactor
from collectors.logs.tail.joined import one_line

FEW = 10
"""So few lines prove little."""
SHOWN = 160
EXPLAIN = "`outrider logs explain {}` shows which format fits, and what to configure"
UNTIMED = "a field with the role `time` lets a backlog count when it was written"


class Reading(NamedTuple):
    """How lines are read: the format or the word by which it is found, the user's own, what is redacted."""

    form: Format | str
    own: Sequence[Format]
    redactor: Redactor


def examine(logs: Logs, sample: Sample, reading: Reading, now: float) -> Iterator[Finding]:
    """Hold the lines to the format."""
    near = Near(zone_of(logs.zone), now)
    lines, of = sample.lines, f"log {logs.name}"
    advice = EXPLAIN.format(sample.where)
    form, why = _form(lines, reading, near)
    if form is None:
        yield Finding("logs", _severity(lines), f"{of}: {why}, such as: {_shown(lines[-1], reading)}", advice)
        return
    exact = Exact(form)
    records = [exact.record(line, near) for line in lines]
    understood = sum(record is not None for record in records)
    said = f"{understood} of the last {len(lines)} lines are understood as {form.name}"
    if understood == len(lines):
        yield Finding("logs", "ok", f"{of}: {said}{why}")
    else:
        missed = next(line for line, record in zip(lines, records, strict=True) if record is None)
        level = "ok" if 2 * understood >= len(lines) else "note" if understood else _severity(lines)
        text = f"{of}: {said}{why}; not so: {_shown(missed, reading)}"
        yield Finding("logs", level, text, "" if level == "ok" else advice)
    untimed = sum(record is not None and record.time is None for record in records)
    if untimed and not sample.stamped:
        text = f"{of}: {untimed} of these lines tell no time of their own, and count when they are read"
        yield Finding("logs", "note", text, UNTIMED)


def _form(lines: Sequence[bytes], reading: Reading, near: Near) -> tuple[Format | None, str]:
    """The format, and what there is to be said of how it was found; no format: why not."""
    if isinstance(reading.form, Format):
        return reading.form, ""
    if reading.form == "auto":
        found = guess(lines, near, reading.own)
        return found.form, found.why if found.form is None else f" (found by auto{beyond(found.form, lines)})"
    form = named(reading.form, lines)
    if not form.fields:
        return None, f"no key in its lines has a name that tells what it is, as {reading.form} needs"
    return form, beyond(form, lines)


def _severity(lines: Sequence[bytes]) -> Level:
    return "problem" if len(lines) >= FEW else "warning"


def _shown(line: bytes, reading: Reading) -> str:
    return one_line(reading.redactor.text(line.decode("utf-8", "replace"))[:SHOWN])
