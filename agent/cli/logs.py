"""The verb that reads logs: `logs explain` says what each line of a file becomes."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agent.logs.explain import Explained, Line
    from collectors.logs.formats.format import Format
    from collectors.logs.formats.times import Near

EXAMPLES = """examples:
  outrider logs explain /var/log/api.log                    which format, what each line becomes
  outrider logs explain /var/log/api.log --format uvicorn   the same in a format that you name
  outrider logs explain api.jsonl --lines 3 --json | head   a JSON object a line, then one of the whole
  outrider logs explain api.log --config ./outrider.toml    formats of your own, [[format]], are known too

Nothing is sent or kept. The file is read to its end; a format is auto (from the first lines), json, logfmt,
or the name of a preset. Numbers are in base units: s, shares of 1. Exit code 1: no line was understood.
"""
CHUNK = 1 << 21
LONGEST = 1 << 24
ERRORS = 10
SHOWN = 240
FAILED = 1


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """Register the arguments of `logs`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES
    actions = parser.add_subparsers(dest="action", required=True, metavar="explain")
    explain = actions.add_parser(
        "explain", help="what each line of a file becomes", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    explain.add_argument("file", metavar="FILE", help="a log")
    explain.add_argument("--format", default="auto", metavar="F", help="its format (default: auto)")
    explain.add_argument("--lines", type=int, default=10, metavar="N", help="lines to explain (default: 10)")
    explain.add_argument("--json", action="store_true", help="one JSON object a line, then one of the whole")
    add_flags(explain, ())
    parser.set_defaults(run=run)


class Log(NamedTuple):
    """A log's format, why it is that one, whether it is a preset, and what its times leave open."""

    form: Format
    why: str
    preset: bool
    near: Near


def run(args: argparse.Namespace) -> int:
    """Explain a file; 1 where it cannot be read, or not one of its lines is understood."""
    from agent.logs.explain import became, explain

    try:
        head = _head(args.file)
    except OSError as error:
        sys.stderr.write(f"outrider: {args.file}: {error.strerror}\n")
        return FAILED
    log = _log(args, head)
    if isinstance(log, str):
        sys.stderr.write(f"outrider: {args.file}: {log}\n")
        return FAILED
    began = time.process_time()
    whole = explain(log.form, chunks(args.file), log.near)
    took = time.process_time() - began
    shown = list(islice(became(log.form, head, log.near), max(args.lines, 0)))
    rows = _as_json(log, whole, took, shown) if args.json else _as_text(log, whole, took, shown)
    sys.stdout.writelines(f"{row}\n" for row in rows)
    return FAILED if whole.tally.missed >= whole.tally.lines else 0


def _log(args: argparse.Namespace, head: list[bytes]) -> Log | str:
    """The format that was asked for or fits; or why there is none."""
    from agent.cli.flags import settings
    from agent.config.formats import own_formats
    from collectors.logs.formats.guess import guess, named
    from collectors.logs.formats.presets import PRESETS
    from collectors.logs.formats.times import Near

    zone = datetime.now().astimezone().tzinfo
    near = Near(zone, time.time())  # type: ignore[arg-type]
    own = own_formats(settings(args))
    if args.format == "auto":
        found = guess(head, near, own.values())
        if found.form is None:
            return found.why
        if found.form.name in PRESETS or found.form in own.values():
            return Log(found.form, found.why, True, near)
        return Log(_called(found.form, args.file), found.why, False, near)
    why = "it was asked for"
    if args.format in own:
        return Log(own[args.format], why, True, near)
    if args.format in PRESETS:
        return Log(PRESETS[args.format], why, True, near)
    if args.format in ("json", "logfmt"):
        return Log(_called(named(args.format, head), args.file), why, False, near)
    known = ", ".join(["auto", "json", "logfmt", *PRESETS, *own])
    return f"there is no format {args.format!r}; there are: {known}"


def _called(form: Format, path: str) -> Format:
    """A format that was made up for this file, by its name."""
    return form._replace(name=Path(path).stem[:64] or form.name)


def _head(path: str) -> list[bytes]:
    """The first lines."""
    first = next(chunks(path), b"")
    return [line for line in first.split(b"\n") if line.strip()]


def chunks(path: str) -> Iterator[bytes]:
    """A file in chunks of whole lines; a line that never ends is cut at 16 MiB."""
    rest = b""
    with Path(path).open("rb", buffering=0) as log:
        while data := log.read(CHUNK):
            rest += data
            cut = rest.rfind(b"\n") + 1
            if not cut and len(rest) >= LONGEST:
                cut = len(rest)
            if cut:
                yield rest[:cut]
                rest = rest[cut:]
    if rest:
        yield rest


def _as_text(log: Log, whole: Explained, took: float, shown: list[Line]) -> Iterator[str]:
    from agent.cli.listing import figures, name
    from agent.logs.explain import toml
    from agent.stats.window import Counter
    from agent.view.clean import clean
    from agent.view.rows import natural

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
        yield f"  not understood: {clean(missed.decode('utf-8', 'replace')[:120])}"
    yield ""
    for series in sorted(whole.windows, key=natural):
        summary = whole.windows[series]
        said = f"{summary.delta:g}" if isinstance(summary, Counter) else figures(series, summary, 60.0)
        yield f"  {name(series):<56} {said}"
    for error in whole.errors[:ERRORS]:
        yield f"  {error.count} times: {clean(error.text)}"
        yield f"    such as: {clean(error.example)}"
    yield ""
    if log.preset:
        yield f"its format is known already; to use it: --format {clean(log.form.name)}"
        return
    yield "to paste into the configuration:"
    yield ""
    yield from (f"  {clean(row)}" for row in toml(log.form).splitlines())


def _pairs(became: dict[str, object]) -> str:
    return (
        "  ".join(
            f"{key}={value:.6g}" if isinstance(value, float) and key != "time" else f"{key}={value}"
            for key, value in became.items()
        )
        or "nothing"
    )


def _as_json(log: Log, whole: Explained, took: float, shown: list[Line]) -> Iterator[str]:
    from agent.logs.explain import toml, units
    from agent.view.lines import statistics

    for line in shown:
        yield json.dumps(
            {"line": line.text, "understood": line.became is not None, "became": line.became or {}}
        )
    series = [
        {
            "metric": each.name,
            "attributes": dict(each.attributes),
            "unit": each.unit,
            **{what: value for what, value in statistics(summary, 60.0).items() if "rate" not in what},
        }
        for each, summary in whole.windows.items()
    ]
    tally = whole.tally
    yield json.dumps(
        {
            "format": log.form.name,
            "why": log.why,
            **tally._asdict(),
            "lines_per_second": round(tally.lines / max(took, 1e-9)),
            "units": units(log.form),
            "not_understood": [missed.decode("utf-8", "replace")[:SHOWN] for missed in whole.missed],
            "errors": [error._asdict() for error in whole.errors],
            "series": series,
            "configuration": None if log.preset else toml(log.form),
        }
    )
