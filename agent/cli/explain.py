"""`outrider explain-drift`: whether a feature of a model is still what it was, and how one can see that."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config import Config
    from agent.stats.frame import Content
    from agent.store.reader import Reader
    from agent.view.explained import Told
    from agent.view.fleet import FleetStore

EXAMPLES = """examples:
  outrider explain-drift temperature
  outrider explain-drift prediction --model iris --last 6h     what a model says is looked at like a feature
  outrider explain-drift temperature --json | jq .scores
  outrider explain-drift temperature --fleet fleet.db --devices 'gate-*'   from the store of a sink

It shows the baseline and the windows of the last time (as long as drift_window of the model, an hour where
none is configured) side by side, in the feature's own unit; each score with the threshold that it must
exceed; since when, in which versions, and samples of that time. Of a fleet it adds up the histograms of all
devices, so that the verdict is that on all their values. Versions and their quality are those of the day
before too, and of when a baseline was told; windows of other times are not read.

Exit codes: 0 stable, 10 drifted, 20 unknown (too few values, no baseline yet), 1 no such feature or store.
"""
STABLE, DRIFTED, UNKNOWN, FAILED = 0, 10, 20, 1
WIDTH = 100
HOUR = 3600.0
EVER = -inf
BACK = 86_400.0
"""Seconds before what is compared of which windows are read too."""
FROZEN = "model.baseline"
EARLY, TOLD_WITHIN = 3600.0, 14_400.0
"""Seconds before and behind the event of a new baseline in which its windows begin."""
BASELINES = 8
"""Baselines that are looked for."""


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """Register the arguments of `explain-drift`."""
    from agent.cli.flags import add_flags
    from agent.cli.reading import duration

    parser.epilog = EXAMPLES
    parser.add_argument("feature", metavar="FEATURE", help="a feature, or prediction or confidence")
    parser.add_argument(
        "--model", metavar="NAME", help="of this model; needed where several have the feature"
    )
    parser.add_argument(
        "--last", type=duration, metavar="D", help="what is compared (default: drift_window, or 1h)"
    )
    parser.add_argument("--fleet", type=Path, metavar="FILE", help="of all devices, from the store of a sink")
    parser.add_argument("--devices", default="*", metavar="PATTERN", help="of a fleet, only these devices")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_flags(parser, ("--state-dir",))
    parser.set_defaults(run=explain, verb=verb)


def explain(args: argparse.Namespace) -> int:
    """Compare, and print why; the exit code says which."""
    from agent.cli.flags import settings
    from agent.cli.reading import read_store

    config = settings(args)
    since = time.time() - (args.last or _window(config, args.model))
    if args.fleet is not None:
        return _of_fleet(args, since)

    def show(reader: Reader) -> int:
        from agent.cli.reading import readable

        def read(stream: str, begin: float, end: float) -> Iterator[Content]:
            return readable(reader, begin, (stream,), until=end)

        return _show(args, [gathered("", args.feature, read, since)])

    return read_store(args, config, show)


def _window(config: Config, model: str | None) -> float:
    """For how long the records of a model are compared with its baseline."""
    mine = [each.drift_window for each in config.model if model in (None, each.name)]
    return max(mine, default=HOUR)


def _of_fleet(args: argparse.Namespace, since: float) -> int:
    import sqlite3

    from agent.view.fleet import FleetStore

    if not args.fleet.is_file():
        return _fail(f"{args.fleet}: no such file; it is what `outrider sink --store` was given")
    try:
        with closing(FleetStore.open(args.fleet, "explain-drift")) as store:
            told = [
                _of_device(store, each.name, args.feature, since)
                for each in store.devices(time.time())
                if fnmatchcase(each.name, args.devices)
            ]
    except sqlite3.Error as error:
        return _fail(f"{args.fleet}: {error}")
    return _show(args, told)


def _of_device(store: FleetStore, name: str, feature: str, since: float) -> Told:
    def read(stream: str, begin: float, end: float) -> Iterator[Content]:
        return (content for _, content in store.contents(name, begin, end, (stream,)))

    return gathered(name, feature, read, since)


Read = Callable[[str, float, float], "Iterator[Content]"]
"""The contents of a stream that touch a time, from and to, in wall s."""


def gathered(device: str, feature: str, read: Read, since: float) -> Told:
    """What a device tells of models and the feature, and which of it ended after `since` (wall s)."""
    from agent.logs.measures import SAMPLE
    from agent.ship.records import RAW
    from agent.view.explained import Told
    from agent.view.gathered import Gathered

    said = [
        event
        for content in read("events", EVER, inf)
        for event in content.events
        if event.name.startswith("model.")
    ]
    kept, lately = Gathered(feature), Gathered(feature)
    before = EVER
    for begin, end in times([event.wall for event in said if event.name == FROZEN], since - BACK):
        for content in read("windows", begin, end):
            if content.wall[0] <= before:
                # It reaches over the time before, and is known from there.
                continue
            for frame in content.frames:
                kept.take(frame)
                if frame.span.wall[1] > since:
                    lately.take(frame)
        before = end
    records = read(RAW, since - BACK, inf)
    whole = [event for content in records for event in content.events if event.name == SAMPLE]
    return Told(device, kept.windows, lately.windows, said, whole)


def times(frozen: Iterable[float], since: float) -> Iterator[tuple[float, float]]:
    """From when to when windows are read (wall s): since a while ago, and where baselines were told, of which
    the newest are looked for. Where nobody said when that was, all are read."""
    told = sorted(frozen)[-BASELINES:]
    if not told:
        yield EVER, inf
        return
    before = EVER
    for at in told:
        begin, end = max(at - EARLY, before), min(at + TOLD_WITHIN, since)
        if begin < end:
            yield begin, end
            before = end
    yield since, inf


def _show(args: argparse.Namespace, told: Sequence[Told]) -> int:
    from agent.view.explained import explained, features
    from agent.view.explainedtext import as_json, as_text, signs

    known = features(told)
    models = [name for name, those in known.items() if args.feature in those and args.model in (None, name)]
    if len(models) != 1:
        return _fail(_which(args.feature, models, known))
    found = explained(told, models[0], args.feature)
    if args.json:
        sys.stdout.write(f"{json.dumps(as_json(found), allow_nan=False)}\n")
    else:
        width = shutil.get_terminal_size((WIDTH, 0)).columns
        encoding = sys.stdout.encoding or "ascii"
        for line in as_text(found, width, signs(encoding)):
            sys.stdout.write(f"{line.encode(encoding, 'replace').decode(encoding)}\n")
    return {True: DRIFTED, False: STABLE, None: UNKNOWN}[found.comparison.verdict.drifted]


def _which(feature: str, models: Sequence[str], known: dict[str, set[str]]) -> str:
    """What to ask for instead."""
    from agent.view.clean import clean

    if models:
        which = ", ".join(map(clean, sorted(models)))
        return f"several models have {clean(feature)}: {which}; --model picks one"
    each = "; ".join(
        f"{clean(name)}: {', '.join(map(clean, sorted(those)))}" for name, those in known.items()
    )
    return f"nothing is known of a feature {clean(feature)}; known: {each or 'none'}"


def _fail(words: str) -> int:
    from agent.cli.reading import fail

    return fail("explain-drift", words)
