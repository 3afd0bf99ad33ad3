"""The verb that reads logs: `logs explain` says what each line of a file becomes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.cli.logstext import Log
    from agent.logs.explain import Chunk, Explained, Line
    from collectors.logs.formats.format import Format
    from collectors.logs.formats.spare import Spare
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
SPARES = 50
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


def run(args: argparse.Namespace) -> int:
    """Explain a file; 1 where it cannot be read, or not one of its lines is understood."""
    from agent.cli.logstext import as_text
    from agent.logs.explain import became, explain
    from collectors.logs.formats.spare import spares

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
    whole = explain(log.form, unwrapped(chunks(args.file)), log.near)
    took = time.process_time() - began
    shown = list(islice(became(log.form, head, log.near), max(args.lines, 0)))
    spare = list(islice(spares(log.form, head, log.near), SPARES))
    rows = (_as_json if args.json else as_text)(log, whole, took, shown, spare)
    sys.stdout.writelines(f"{row}\n" for row in rows)
    return FAILED if whole.tally.missed >= whole.tally.lines else 0


def _log(args: argparse.Namespace, head: list[bytes]) -> Log | str:
    """The format that was asked for or fits; or why there is none."""
    from agent.cli.flags import settings
    from agent.config.formats import form_named, own_formats
    from collectors.logs.formats.guess import guess, named
    from collectors.logs.formats.presets import PRESETS
    from collectors.logs.formats.times import Near

    zone = datetime.now().astimezone().tzinfo
    near = Near(zone, time.time())  # type: ignore[arg-type]
    own = own_formats(settings(args).format)
    if args.format == "auto":
        found = guess(head, near, own.values())
        if found.form is None:
            return found.why
        made_up = found.form.name not in PRESETS and found.form not in own.values()
        return _made(args.file, found.form, found.why, near, head if made_up else None)
    why = "it was asked for"
    if args.format in ("json", "logfmt") and args.format not in own:
        return _made(args.file, named(args.format, head), why, near, head)
    form = form_named(args.format, own)
    if isinstance(form, str):
        known = ", ".join(["auto", "json", "logfmt", *PRESETS, *own])
        return f"there is no format {args.format!r}; there are: {known}"
    return _made(args.file, form, why, near, None)


def _made(path: str, form: Format, why: str, near: Near, head: list[bytes] | None) -> Log:
    """`head`: the lines that the format is made up for, if it is."""
    from agent.cli.logstext import Log
    from agent.logs.paste import File, called, configuration
    from collectors.logs.formats.spare import assumed

    file = File(os.path.abspath(path), os.path.dirname(os.path.realpath(path)), Path(path).is_fifo())  # noqa: PTH100, PTH120 - links stay
    if head is None:
        return Log(form, why, near, configuration(form, file, made_up=False), ())
    form, open_ = called(form, file), assumed(form, head)
    return Log(form, why, near, configuration(form, file, made_up=True, assumed=open_), open_)


def _head(path: str) -> list[bytes]:
    """The first lines."""
    first = next(unwrapped(islice(chunks(path), 1)), None)
    return [line for line in first.text.split(b"\n") if line.strip()] if first else []


def unwrapped(read: Iterable[bytes]) -> Iterator[Chunk]:
    """The lines inside of what a container's runtime wrapped, stack traces as one line, as the daemon has
    them."""
    from agent.logs.explain import Chunk
    from collectors.logs.tail.records import records
    from collectors.logs.tail.source import Limits
    from collectors.logs.tail.wrapped import wrapper_of

    wrapper = None
    for text in read:
        wrapper = wrapper or wrapper_of(text)
        found = records(text, wrapper, Limits().line, joins=True)
        yield Chunk(found.text, found.times)


def chunks(path: str) -> Iterator[bytes]:
    """A file in chunks of whole lines; a line that never ends is cut at 16 MiB."""
    rest = b""
    with Path(path).open("rb", buffering=0) as log:
        while data := log.read(CHUNK):
            cut = data.rfind(b"\n") + 1
            if cut or len(rest) + len(data) >= LONGEST:
                cut = cut or len(data)
                yield b"".join((rest, memoryview(data)[:cut]))
                rest = data[cut:]
            else:
                rest += data
    if rest:
        yield rest


def _as_json(log: Log, whole: Explained, took: float, shown: list[Line], spare: list[Spare]) -> Iterator[str]:
    from agent.logs.explain import units
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
            "assumed_in_s": [field.key for field in log.assumed],
            "without_a_role": [each._asdict() for each in spare],
            "not_understood": [missed[:SHOWN] for missed in whole.missed],
            "errors": [error._asdict() for error in whole.errors],
            "series": series,
            "configuration": log.configuration,
        }
    )
