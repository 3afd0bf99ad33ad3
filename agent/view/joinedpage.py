"""The page of a model: how fast, on what, how good, what it is given, what changed, and samples; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from agent.logs import measures
from agent.logs.measures import NAME, VERSION
from agent.stats.frame import Event
from agent.view.clean import clean
from agent.view.faults import Fault
from agent.view.ink import Ink, Line, fit, line, spread
from agent.view.inputs import Input, Usual
from agent.view.joined import Joined, Part, concerns
from agent.view.modelpage import erring
from agent.view.paint import Entry, across, heading, sections
from agent.view.qualitypage import CELLS, MOST, NUMBER, bounded, figures, good, labels, number, share
from agent.view.rows import Row
from agent.view.units import age, clock, human, left, right, short
from collectors.api import Series

DRIFTS = "▲"
COLUMNS = ("MEDIAN", "SPREAD", "USUAL", "MISSING", "DISTINCT")
LEAST = 10
"""Cells for the mark of a feature, and for its faults."""
SAID = ("model.error", measures.SAMPLE)
"""Events that have a place of their own."""
TESTS = {
    "population_stability": "PSI",
    "kolmogorov_smirnov": "KS",
    "missing": "missing",
    "outside": "outside",
    "unseen": "unseen",
}


def head(of: Joined, width: int) -> list[Line]:
    """What stands above the list: the model, its version, who tells of it, and of which time."""
    told = [f"logs {', '.join(map(clean, of.info.logs))}"] if of.info.logs else []
    told += [f"process {clean(of.info.process, 60)}"] if of.info.process else []
    version = Ink(f" {clean(of.version, 40)}", "accent") if of.version else ""
    who = Ink(f"  {'  '.join(told)}", "dim")
    span = line(Ink(f" {clock(of.start)} to {clock(of.end)}", "dim"))
    return [spread(line(Ink(clean(of.name, 60), "title"), version, who), span, width)]


def body(
    of: Joined,
    rows: Iterable[Row],
    faults: Sequence[Fault],
    now: float,
    width: int,
    wanted: str = "",
    firing: Collection[Series] = (),
) -> list[Entry]:
    """Every line of the list; with `wanted`, only the rows that have this text in their names."""
    rows = tuple(rows)
    mine = [row for row in rows if concerns(row.series, of.name, of.info) and not _gone(row, of.version)]
    entries: list[Entry] = []
    if not wanted:
        entries += drifting(of, rows, now, width)
        logs = {*of.info.logs, of.name}
        entries += erring([fault for fault in faults if fault.log in logs], (), now, width)
        entries += good(of.quality, width)
        entries += labels(of.labels, of.delay, width)
        entries += given(of, rows, width)
    for group, found in sections(mine, across(width), firing, wanted):
        entries += [Entry(heading(group.name, width)), *found]
    if not wanted:
        entries += versions(of.parts, width)
        entries += sampled(of.samples, width)
        entries += happened([each for each in of.events if each.name not in SAID], now, width)
    return entries


def _gone(row: Row, version: str) -> bool:
    """Whether it is of a version that another one has replaced."""
    return row.late and dict(row.series.attributes).get(VERSION, version) != version


def opened(of: Joined, feature: Input, rows: Iterable[Row]) -> Series | None:
    """The series to look at for a feature: its worst score, else its values; those of the newest version."""
    worst = next(iter(feature.scores), "")
    wanted = [measures.DRIFT.name, measures.NUMBERS.name, measures.CATEGORIES.name]
    own = (NAME, of.name), ("feature", feature.name), (VERSION, of.version), ("test", worst)
    found = [
        row.series
        for row in rows
        if row.series.name in wanted
        # Only verdicts have a test, and a model may tell no version.
        and all(dict(row.series.attributes).get(key, text) == text for key, text in own)
        and (NAME, of.name) in row.series.attributes
    ]
    return min(found, key=lambda series: wanted.index(series.name), default=None)


def drifting(of: Joined, rows: Sequence[Row], now: float, width: int) -> list[Entry]:
    """What drifts, with its evidence, the worst first; each opens its worst score."""
    found = [each for each in of.inputs if each.drifted]
    entries = [Entry(heading("drifts from its baseline", width))] if found else []
    for each in found[:MOST]:
        series = opened(of, each, rows)
        word = "before" if each.longer else "since"
        when = f" {word} {clock(each.since)} {right(age(now - each.since), 4)}" if each.since else ""
        name = Ink(f"{DRIFTS} {left(clean(each.name, 64), CELLS)} ", "bad")
        entries.append(Entry(spread(line(name, evidence(each)), line(Ink(when, "dim")), width), series))
    return bounded(entries, len(found), "features that drift")


def evidence(of: Input) -> str:
    """What moved, and by which scores."""
    moved = ""
    if of.usual and of.baseline:
        moved = f"{_around(of.baseline)} → {_around(of.usual)}  "
    elif of.top and of.known:
        moved = f"{_shares(of.known[:1])} → {_shares(of.top[:1])}  "
    scores = (f"{TESTS.get(test, test)} {short(score)}x" for test, score in of.scores.items() if score > 1)
    return moved + ", ".join(scores)


def _around(of: Usual) -> str:
    return f"{short(of.median)}±{short(of.spread)}"


def _shares(top: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{clean(name, 24)} {human(part, '1', ratio=True)}" for name, part in top)


def given(of: Joined, rows: Sequence[Row], width: int) -> list[Entry]:
    """Each feature in its own unit, and what is wrong with it; each opens its scores or its values."""
    if not of.inputs:
        return []
    columns = min(len(COLUMNS), (width - CELLS - LEAST) // (NUMBER + 1))
    titles = " ".join(right(name, NUMBER) for name in COLUMNS[:columns])
    entries = [
        Entry(
            heading("inputs and predictions", width, f"version {clean(of.version, 40)}" if of.version else "")
        ),
        Entry(fit(line(Ink(f"  {left('FEATURE', CELLS)} {titles} FAULTS", "dim")), width)),
    ]
    entries += [Entry(fit(_input(each, columns), width), opened(of, each, rows)) for each in of.inputs[:MOST]]
    entries = bounded(entries, len(of.inputs), "features")
    if of.together is not None and of.together.counts:
        most = sorted(of.together.counts.items(), key=lambda item: (-item[1], item[0]))[:3]
        told = "; ".join(f"{clean(pair, 60)} {human(count, '1')}" for pair, count in most)
        entries.append(Entry(fit(line(Ink(f"  missing together: {told}", "dim")), width)))
    return entries


def _input(of: Input, columns: int) -> Line:
    mark = {True: Ink(DRIFTS, "bad"), False: Ink("●", "good"), None: Ink(" ")}[of.drifted]
    now, before = of.usual or (None, None), of.baseline or (None, None)
    cells = [right(number(value), NUMBER) for value in (*now, before[0])]
    if of.usual is None and of.top:
        # Shares take the place of the three numbers that categories do not have.
        room = min(columns, len(cells)) * (NUMBER + 1) - 1
        cells = [left(_shares(of.top[:2]), room)] + [""] * (len(cells) - 1)
    cells += [right(share(of.missing), NUMBER), right(number(of.distinct), NUMBER)]
    wrong = [f"{clean(fault, 12)} {human(count, '1')}" for fault, count in of.faults.items() if count]
    wrong += [f"constant for {human(of.constant, 's')}"] if of.constant is not None else []
    shown = " ".join(filter(None, cells[:columns]))
    name = f" {left(clean(of.name, 64), CELLS)} "
    return line(mark, name, f"{shown} ", Ink(", ".join(wrong), "warn" if wrong else ""))


def versions(parts: Sequence[Part], width: int) -> list[Entry]:
    """The versions and slices on the line of time, the newest first, and how good each was."""
    known = [part for part in parts if part.version or part.slice]
    entries = [Entry(heading("versions", width))] if known else []
    for part in reversed(known[-MOST:]):
        name = " ".join(filter(None, (clean(part.version, 40), clean(part.slice, 60))))
        told = "  ".join(f"{what} {value}" for what, value in list(figures(part.quality))[:3])
        when = line(Ink(f"  {clock(part.first)} to {clock(part.last)}", "dim"))
        entries.append(Entry(spread(line(f"  {left(name, CELLS)} ", Ink(told, "dim")), when, width)))
    return bounded(entries, len(known), "versions")


def sampled(samples: Sequence[Event], width: int) -> list[Entry]:
    """Whole records, the newest first: for how many each stands, and why it was kept."""
    entries = [Entry(heading("samples", width, f"{len(samples):,} kept"))] if samples else []
    for each in samples[:MOST]:
        about = dict(each.attributes)
        why = about.get("edge") or about.get("stratum", "")
        told = (
            f"  {clock(each.wall)} {right(clean(about.get('weight', ''), 9), 7)}x {left(clean(why, 40), 12)} "
        )
        entries.append(Entry(fit(line(Ink(told, "dim"), clean(each.text, 400)), width)))
    return bounded(entries, len(samples), "samples")


def happened(events: Sequence[Event], now: float, width: int) -> list[Entry]:
    """What was told of the model, the newest first."""
    entries = [Entry(heading("what happened", width))] if events else []
    for each in events[:MOST]:
        about = dict(each.attributes)
        what = clean(each.name.removeprefix("model."), 24)
        words = [each.text] if each.text else [about.get("feature", ""), about.get(VERSION, "")]
        told = line(Ink(f"  {clock(each.wall)} ", "dim"), f"{left(what, 10)} ", clean(" ".join(words), 200))
        entries.append(Entry(spread(told, line(Ink(f" {right(age(now - each.wall), 4)}", "dim")), width)))
    return bounded(entries, len(events), "events")
