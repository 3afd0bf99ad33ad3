"""`outrider history --model`: all that the store of this device knows of a model, as one record."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agent.stats.frame import Content, Event
    from agent.store.reader import Reader
    from agent.view.faults import Fault
    from agent.view.joined import Joined
    from agent.view.rows import Window
    from collectors.api import Series

FAILED = 1
WIDTH = 100
"""Cells of a line where the terminal does not say how wide it is."""


class Kept(NamedTuple):
    """What the store holds of models: windows by series, events and samples, the oldest first."""

    windows: Mapping[Series, Sequence[Window]]
    events: Sequence[Event]
    samples: Sequence[Event]


def history(args: argparse.Namespace, reader: Reader, since: float, now: float) -> int:
    """Print the record of a model; 1 if nothing is known of it."""
    from agent.view.joined import joined

    kept = gathered(reader, since)
    found = joined(args.model, kept.windows, kept.events, kept.samples)
    if found is None:
        return unknown("history", args.model, kept)
    if args.json:
        from agent.view.joinedjson import as_json

        sys.stdout.write(f"{json.dumps(as_json(found, kept.windows), allow_nan=False)}\n")
        return 0
    sys.stdout.writelines(f"{line}\n" for line in as_text(found, kept, _faults(reader, since, found), now))
    return 0


def unknown(verb: str, model: str, kept: Kept) -> int:
    """Say that nothing is known of a model, and of which something is."""
    from agent.view.clean import clean

    known = ", ".join(map(clean, names(kept.windows))) or "none"
    sys.stderr.write(
        f"outrider {verb}: nothing is known of the model {clean(model)} in that time; known: {known}\n"
    )
    return FAILED


def names(windows: Mapping[Series, object]) -> list[str]:
    """The models that any series is of."""
    from agent.logs.measures import info_of
    from agent.view.joined import named

    known = info_of(windows)
    return sorted({*known, *(name for each in windows if (name := named(each, known)))})


def gathered(reader: Reader, since: float) -> Kept:
    """What ended after `since`, wall s."""
    from agent.cli.reading import readable
    from agent.logs.measures import SAMPLE
    from agent.view.gathered import Gathered

    windows = Gathered()
    for content in readable(reader, since):
        for frame in content.frames:
            if frame.span.wall[1] > since:
                windows.take(frame)
    events = list(_events(readable(reader, since, ("events",)), "model."))
    samples = list(_events(readable(reader, since, ("samples",)), SAMPLE))
    return Kept(windows.windows, events, samples)


def _events(contents: Iterator[Content], name: str) -> Iterator[Event]:
    for content in contents:
        yield from (event for event in content.events if event.name.startswith(name))


def _faults(reader: Reader, since: float, of: Joined) -> list[Fault]:
    """The errors of its logs, the most frequent first."""
    from agent.cli.errors import gathered as told

    return [
        fault for fault in told(reader, since, None).faults.found if fault.log in {*of.info.logs, of.name}
    ]


def as_text(of: Joined, kept: Kept, faults: Sequence[Fault], now: float) -> Iterator[str]:
    """The page of the view, with figures of the whole time."""
    from agent.view import joinedpage
    from agent.view.ink import plain
    from agent.view.joined import concerns, total
    from agent.view.rows import natural, row

    width = min(shutil.get_terminal_size((WIDTH, 0)).columns, 2 * WIDTH)
    mine = sorted((each for each in kept.windows if concerns(each, of.name, of.info)), key=natural)
    rows = [row(each, (total(kept.windows[each]),), now, of.end, 0) for each in mine]
    for line in joinedpage.head(of, width):
        yield plain(line).rstrip()
    for entry in joinedpage.body(of, rows, faults, now, width):
        yield plain(entry.line).rstrip()
