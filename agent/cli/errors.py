"""`outrider errors`: the errors of models that logs and endpoints told, as this device has kept them."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agent.stats.frame import Frame
    from agent.stats.window import Summary
    from agent.store.reader import Reader
    from agent.view.faults import Faults, Seen

EXAMPLES = """examples:
  outrider errors                       of the last hour: how many, of which kind, with which words
  outrider errors --last 2d --log api   of one [[logs]]
  outrider errors --json | jq 'select(.kind == "template")'

It reads beside a running daemon. A template is the text of an error with numbers, quoted texts and paths
masked; its identifier is the same on every device. First and last are the windows in which it was seen
(UTC); the example is the first such text since the daemon began, redacted. Counts of templates are of the
64 most frequent in each window, the rest is `other`. Exit code 1: nothing of a log in that time.
"""
TOLD = 20
FAILED = 1
UNTOLD = "(the text is not in the store any more)"


class Kinds(NamedTuple):
    """How many, of one log: requests by status, errors by type."""

    statuses: Counter[str]
    types: Counter[str]

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(self.statuses.values())

    @property
    def errors(self) -> int:
        """All of them."""
        return sum(self.types.values())

    @property
    def told(self) -> bool:
        """Whether there was a word of either: a log of labels has none."""
        return bool(self.statuses or self.types)


class Told(NamedTuple):
    """What the store tells: by log, by template, and how many s of windows there are from first to last."""

    logs: dict[str, Kinds]
    faults: Faults
    seconds: float


def add(parser: argparse.ArgumentParser, _verb: str) -> None:
    """Register the arguments of `errors`."""
    from agent.cli.flags import add_flags
    from agent.cli.reading import duration

    parser.epilog = EXAMPLES
    parser.add_argument("--last", type=duration, default="1h", metavar="D", help="how far back (default: 1h)")
    parser.add_argument("--log", metavar="NAME", help="only of this [[logs]] or [[endpoint]]")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a log, status, type and template"
    )
    add_flags(parser, ("--state-dir",))
    parser.set_defaults(run=errors, verb="errors")


def errors(args: argparse.Namespace) -> int:
    """Print the errors that the store of this device tells of."""
    import time

    from agent.cli.flags import settings
    from agent.cli.reading import print_lines, read_store
    from agent.ledger import utc

    since = time.time() - args.last

    def show(reader: Reader) -> int:
        told = gathered(reader, since, args.log)
        if not told.logs:
            of = f"the log {args.log}" if args.log else "any log"
            sys.stderr.write(
                f"outrider errors: nothing of {of} since {utc(since)}; `outrider doctor` says why\n"
            )
            return FAILED
        print_lines(as_json(told) if args.json else as_text(told), sys.stdout)
        return 0

    return read_store(args, settings(args), show)


def gathered(reader: Reader, since: float, log: str | None) -> Told:
    """What the windows after `since` (wall s) have of logs, and what the store knows of their templates."""
    from agent.cli.reading import readable
    from agent.view.faults import faults, meanings

    kept = _Kept(log)
    for content in readable(reader, since):
        for frame in content.frames:
            if frame.span.wall[1] > since:
                kept.take(frame)
    told = readable(reader, float("-inf"), ("events",))
    texts = meanings(event for content in told for event in content.events)
    return Told(dict(sorted(kept.logs.items())), faults(kept.seen, texts), kept.seconds)


class _Kept:
    """What is kept of the windows of one log, or of all."""

    def __init__(self, log: str | None) -> None:
        self.logs: dict[str, Kinds] = {}
        self.seen: list[Seen] = []
        self._log = log
        self._first, self._last = float("inf"), float("-inf")

    @property
    def seconds(self) -> float:
        """From the first window that has anything of it to the end of the last."""
        return max(0.0, self._last - self._first)

    def take(self, frame: Frame) -> None:
        """Count what a frame has of it."""
        for series, summary in frame.windows.items():
            about = dict(series.attributes)
            log = about.get("log.name", about.get("endpoint.name"))
            if log is not None and self._log in (None, log):
                start, end = frame.span.wall
                self._first, self._last = min(self._first, start), max(self._last, end)
                self._count(log, series.name, about, summary, frame.span.wall)

    def _count(
        self, log: str, metric: str, about: dict[str, str], summary: Summary, span: tuple[float, float]
    ) -> None:
        from agent.stats.topk import Top
        from agent.stats.window import Counter as Grown
        from agent.view.faults import METRIC, Seen
        from collectors.logs.formats.roles import ERRORS, REQUESTS

        kinds = self.logs.setdefault(log, Kinds(Counter(), Counter()))
        if isinstance(summary, Top) and metric == METRIC:
            self.seen.append(Seen(log, *span, summary))
        elif isinstance(summary, Grown) and metric == REQUESTS.name:
            kinds.statuses[about.get("status", "")] += round(summary.delta)
        elif isinstance(summary, Grown) and metric == ERRORS.name:
            kinds.types[about.get("error.type", "")] += round(summary.delta)


def as_text(told: Told) -> Iterator[str]:
    """The logs, then the templates of all of them."""
    from agent.ledger import utc
    from agent.view.clean import clean

    for log, kinds in told.logs.items():
        yield f"{clean(log)}: {_rate(kinds, told.seconds)}"
        yield from _shares("status", kinds.statuses, kinds.requests)
        yield from _shares("error", kinds.types, kinds.errors)
    if told.faults.found:
        yield ""
        yield f"{'count':>8}  {'first':20}  {'last':20}  log and text"
    for fault in told.faults.found[:TOLD]:
        text = clean(fault.text, 200) or f"{fault.identity} {UNTOLD}"
        yield f"{fault.count:>8}  {utc(fault.first)}  {utc(fault.last)}  {clean(fault.log)}: {text}"
        if fault.example:
            yield f"{'':>8}  such as: {clean(fault.example, 200)}"
    rest = sum(fault.count for fault in told.faults.found[TOLD:]) + told.faults.other
    if rest:
        yield f"{rest:>8}  of other templates"


def _rate(kinds: Kinds, seconds: float) -> str:
    """How many, how often, and which share; nothing is no zero."""
    if not kinds.told:
        return "tells of no request and no error"
    each = f", {60 * kinds.errors / seconds:.3g} a minute" if seconds and kinds.errors else ""
    share = f" ({kinds.errors / kinds.requests:.2%})" if kinds.requests else ""
    return f"{kinds.errors} errors{each}; {kinds.requests} requests{share}"


def _shares(what: str, counts: Counter[str], whole: int) -> Iterator[str]:
    from agent.view.clean import clean

    for name, count in counts.most_common():
        yield f"  {what} {clean(name) or 'none':32} {count:>10}  {count / max(whole, 1):7.2%}"


def as_json(told: Told) -> Iterator[str]:
    """One object a log, a status, a type and a template; times in s since 1970."""
    for log, kinds in told.logs.items():
        yield json.dumps(
            {
                "kind": "log",
                "log": log,
                "requests": kinds.requests if kinds.told else None,
                "errors": kinds.errors if kinds.told else None,
                "seconds": told.seconds,
            }
        )
        for kind, counts in (("status", kinds.statuses), ("type", kinds.types)):
            for name, count in counts.most_common():
                yield json.dumps({"kind": kind, "log": log, kind: name, "count": count})
    for fault in told.faults.found:
        yield json.dumps({"kind": "template", **fault._asdict()})
    if told.faults.other:
        yield json.dumps({"kind": "other", "count": told.faults.other})
