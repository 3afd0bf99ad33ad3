"""What stands behind the identifiers of error templates: their texts, how often, when first and last; pure.

Windows of `model.errors.template` count identifiers; events `model.error` tell what each of them means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agent.stats.frame import Event
from agent.stats.topk import Top
from collectors.logs.formats.roles import TEMPLATES

METRIC = TEMPLATES.name
EVENT = "model.error"
LOG, TEMPLATE, EXAMPLE = "log.name", "error.template", "error.example"
MOST = 4096
"""Templates that are told apart; what comes after is counted in `Faults.other`."""

Name = tuple[str, str]
"""A log, and the identifier of a template."""


class Meaning(NamedTuple):
    """The masked text of a template, and one redacted example of it."""

    text: str
    example: str


class Seen(NamedTuple):
    """Counts of a window: whose log, wall seconds from when to when, how often each identifier."""

    log: str
    start: float
    end: float
    top: Top


class Fault(NamedTuple):
    """A template and what is known of it. `text` is "" where the device has not told it here; `first` is
    when the first window with it began, `last` when the last one ended (wall s)."""

    log: str
    identity: str
    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count
    first: float
    last: float
    text: str = ""
    example: str = ""


class Faults(NamedTuple):
    """The templates, the most frequent first, and how many errors are of none of them."""

    found: tuple[Fault, ...] = ()
    other: int = 0


def meanings(events: Iterable[Event]) -> dict[Name, Meaning]:
    """What events tell of templates, the latest word of each."""
    found: dict[Name, Meaning] = {}
    for event in events:
        if event.name == EVENT:
            about = dict(event.attributes)
            name = (about.get(LOG, ""), about.get(TEMPLATE, ""))
            found[name] = Meaning(event.text, about.get(EXAMPLE, ""))
    return found


def faults(windows: Iterable[Seen], known: Mapping[Name, Meaning]) -> Faults:
    """The counts of all windows by template."""
    found: dict[Name, Fault] = {}
    other = 0
    for each in windows:
        other += each.top.other
        for identity, count in each.top.counts.items():
            name = (each.log, identity)
            before = found.get(name)
            if before is None and len(found) >= MOST:
                other += count
                continue
            before = before or Fault(*name, 0, each.start, each.end, *known.get(name, ("", "")))
            found[name] = before._replace(
                count=before.count + count,
                first=min(before.first, each.start),
                last=max(before.last, each.end),
            )
    ordered = sorted(found.values(), key=lambda fault: (-fault.count, fault.log, fault.identity))
    return Faults(tuple(ordered), other)
