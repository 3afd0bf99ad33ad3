"""Why a feature drifts, for people: two histograms as bars of text, scores, since when; and as JSON. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from agent.ledger import utc
from agent.stats.baseline import Feature
from agent.stats.drift import Seen, Verdict
from agent.stats.histogram import Histogram
from agent.stats.quality import share
from agent.view.clean import clean
from agent.view.explained import Explained
from agent.view.inputs import Usual, usual
from agent.view.joinedjson import finite
from agent.view.sidebyside import Row, rows
from agent.view.units import human, left, right, short

LABEL, PERCENT = 20, 7
BARS = (8, 40)
"""Cells of a bar, at least and at most."""
FRAME = 8
"""Cells between the columns."""


class Signs(NamedTuple):
    """What is drawn with, as the terminal's encoding allows."""

    bar: str
    part: str
    mark: str
    to: str
    around: str


UNICODE = Signs("█", "▏", "▲", "→", "±")
ASCII = Signs("#", ".", "!", "->", "+-")


def signs(encoding: str | None) -> Signs:
    """Those that can be written in this encoding."""
    try:
        "".join(UNICODE).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def word(of: Verdict) -> str:
    """The verdict in a word."""
    return {True: "drifted", False: "stable", None: "unknown"}[of.drifted]


def as_text(of: Explained, width: int, by: Signs) -> Iterator[str]:
    """The verdict, the histograms, and the evidence."""
    version = f" {clean(of.version, 40)}" if of.version else ""
    since = f" since {utc(of.since)}" if of.since is not None else ""
    why = f": {of.comparison.fault}" if of.comparison.fault else ""
    if of.comparison.verdict.drifted is None and not why:
        why = ": too few values to tell"
    told = f"{clean(of.feature, 64)} of {clean(of.model, 64)}{version}"
    yield f"{told}: {word(of.comparison.verdict)}{since}{why}"
    reference, window = of.comparison.reference, of.comparison.window
    if reference is not None and window is not None:
        yield ""
        yield from _bars(of, reference, window, width, by)
        yield ""
        yield from _figures(reference, window, by)
    yield from _scores(of.comparison.verdict, reference, by)
    yield from _rest(of, by)


def _bars(of: Explained, reference: Feature, window: Seen, width: int, by: Signs) -> Iterator[str]:
    found = rows(reference, window)
    room = max(BARS[0], min(BARS[1], (width - LABEL - FRAME - 2 * PERCENT) // 2))
    most = max((max(row.reference, row.window) for row in found), default=0.0) or 1.0
    names = f"baseline, {reference.seen.count:,} values", f"{_span(of)}, {window.count:,} values"
    yield f"{'':{LABEL}}  {left(names[0], room + PERCENT)}   {names[1]}"
    for row in found:
        one, two = (
            f"{left(_bar(part / most, room, by), room)}{right(human(part, '1', ratio=True), PERCENT)}"
            for part in (row.reference, row.window)
        )
        yield f"{right(_label(row), LABEL)}  {one} | {two}"


def _span(of: Explained) -> str:
    return f"{utc(of.start)} to {utc(of.end)[11:]}"


def _bar(part: float, room: int, by: Signs) -> str:
    cells = round(part * room)
    return by.bar * cells if cells or part <= 0 else by.part


def _label(row: Row) -> str:
    if row.name:
        return clean(row.name, LABEL)
    if math.isinf(row.low):
        return f"below {short(row.high)}"
    return f"{short(row.low)} and more" if math.isinf(row.high) else f"{short(row.low)} to {short(row.high)}"


def _usual(reference: Feature, seen: Seen) -> Usual | None:
    return usual(reference.standard, seen.values) if isinstance(seen.values, Histogram) else None


def _figures(reference: Feature, window: Seen, by: Signs) -> Iterator[str]:
    one, two = _usual(reference, reference.seen), _usual(reference, window)
    if one is not None and two is not None:
        pair = (f"{short(each.median)} {by.around} {short(each.spread)}" for each in (one, two))
        yield f"median and spread: {f' {by.to} '.join(pair)}"
    shares = (human(missing(each), "1", ratio=True) for each in (reference.seen, window))
    yield f"without a value: {f' {by.to} '.join(shares)}"


def missing(seen: Seen) -> float | None:
    """The share of rows without a value."""
    return share(seen.missing, seen.missing + seen.count)


def _scores(verdict: Verdict, reference: Feature | None, by: Signs) -> Iterator[str]:
    if verdict.scores:
        yield ""
        yield f"  {'test':24}{'score':>12}{'threshold':>12}"
    for each in verdict.scores:
        mark = by.mark if each.ratio > 1 else " "
        yield f"{mark:2}{each.test.replace('_', ' '):24}{each.score:12.4f}{each.threshold:12.4f}"
    for name, found in verdict.distances.items():
        unit = ""
        if name == "wasserstein" and reference is not None:
            unit = f"  ({short(found * reference.standard.spread)} in the feature's unit)"
        yield f"  {name.replace('_', ' '):24}{found:12.4f}{'':12}{unit}".rstrip()


def _rest(of: Explained, by: Signs) -> Iterator[str]:
    """Versions, devices and samples."""
    known = [part for part in of.parts if part.version or part.slice]
    if known:
        yield ""
        yield "versions:"
    for part in known:
        accuracy = part.quality.classes.accuracy if part.quality.classes is not None else None
        told = f"  accuracy {human(accuracy, '1', ratio=True)}" if accuracy is not None else ""
        name = clean(f"{part.version} {part.slice}".strip(), 40)
        yield f"  {name:16}  {utc(part.first)} to {utc(part.last)}{told}"
    if len(of.devices) > 1:
        alone = sorted(clean(name) for name, drifted in of.devices.items() if drifted)
        yield ""
        which = ", ".join(alone[:16]) or "none"
        yield f"by themselves {len(alone)} of {len(of.devices)} devices drift: {which}"
    if of.samples:
        yield ""
        yield "samples:"
    for event in of.samples:
        about = dict(event.attributes)
        why = about.get("edge") or about.get("stratum", "")
        yield f"  {utc(event.wall)}  {clean(why, 24):12}  {clean(event.text, 400)}"


def as_json(of: Explained) -> dict[str, object]:
    """The same for machines: shares by row, times in s since 1970."""
    reference, window = of.comparison.reference, of.comparison.window
    both = rows(reference, window) if reference is not None and window is not None else []
    found: dict[str, object] = finite(
        {
            "model": of.model,
            "version": of.version or None,
            "feature": of.feature,
            "verdict": word(of.comparison.verdict),
            "fault": of.comparison.fault or None,
            "since": of.since,
            "start": of.start if of.end else None,
            "end": of.end or None,
            "baseline": _side(reference, reference.seen) if reference is not None else None,
            "window": _side(reference, window) if reference is not None and window is not None else None,
            "rows": [_row(each) for each in both],
            "scores": [{**each._asdict(), "ratio": each.ratio} for each in of.comparison.verdict.scores],
            "distances": of.comparison.verdict.distances,
            "versions": [
                {
                    "version": part.version or None,
                    "slice": part.slice or None,
                    "first": part.first,
                    "last": part.last,
                }
                for part in of.parts
            ],
            "devices": of.devices,
            "samples": [
                {"at": each.wall, "attributes": dict(each.attributes), "text": each.text}
                for each in of.samples
            ],
        }
    )
    return found


def _row(of: Row) -> dict[str, object]:
    """A category has no bounds, numbers have no name."""
    bounds = {"low": None, "high": None} if of.name else {"name": None}
    return {**of._asdict(), **bounds}


def _side(reference: Feature, seen: Seen) -> dict[str, object]:
    where = _usual(reference, seen)
    return {
        "values": seen.count,
        "missing": missing(seen),
        **(where._asdict() if where is not None else {"median": None, "spread": None}),
    }
