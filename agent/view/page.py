"""The page of a device: how it is, what fires, every series under its heading, what happened; pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from agent.logs.measures import owner
from agent.ship.alert import Alert
from agent.stats.frame import Event
from agent.view.captures import Shot
from agent.view.captures import words as words_of
from agent.view.clean import clean
from agent.view.gaps import COLLECTOR
from agent.view.ink import Ink, Line, fit, line, spread
from agent.view.listing import MARKS, SEVERITY_MARKS, SEVERITY_STYLES, STYLES
from agent.view.modelpage import erring, glance
from agent.view.paint import Entry, across, heading, sections
from agent.view.rows import words
from agent.view.scene import Chosen
from agent.view.standing import UP, Standing
from agent.view.units import NONE, age, clock, human, left, right
from collectors.api import Series

STANDING_MARKS = {
    "ok": "●",
    "failing": "✗",
    "stale": "◐",
    "governed": "▼",
    "absent": "○",
    "unknown": NONE,
}
STANDING_STYLES = {
    "ok": "good",
    "failing": "bad",
    "stale": "warn",
    "governed": "warn",
    "absent": "dim",
    "unknown": "dim",
}
REASON_AT = 25
"""The column of a collector's reason."""

TROUBLE = ("failing", "stale", "governed")
SILENT = "no window of this device yet: each comes when its span is over"


def head(chosen: Chosen, width: int) -> list[Line]:
    """What stands above the list: the device, its state and age, and what is the matter."""
    state = chosen.listed.state
    mark = Ink(f"{MARKS.get(state.state, NONE)} {state.state} ", STYLES.get(state.state, "dim"))
    heard = Ink("never heard of" if state.age is None else f"heard {age(state.age)} ago", "dim")
    fleet = Ink(f"  {clean(chosen.listed.fleet)}", "dim")
    lines = [spread(line(mark, Ink(clean(state.name), "title"), fleet), line(heard), width)]
    if chosen.labels:
        lines.append(
            fit(line(Ink("  " + "  ".join(clean(each, 60) for each in chosen.labels), "dim")), width)
        )
    faults = [
        f"{n:,} {what}"
        for n, what in ((state.lost, "lost"), (state.holes, "missing"), (state.restored, "restored"))
        if n
    ]
    if chosen.refused:
        faults.append(f"{chosen.refused:,} windows beyond the series that a view keeps")
    reasons = [clean(each) for each in chosen.reasons if state.state == "degraded"]
    if told := [*reasons, *faults]:
        lines.append(fit(line(Ink("▲ " + "; ".join(told), "warn")), width))
    return lines


def body(chosen: Chosen, now: float, width: int, wanted: str = "") -> list[Entry]:
    """Every line of the list; with `wanted`, only the rows that have this text in their names."""
    firing = frozenset(each.series for alert in chosen.listed.alerts for each in alert.series)
    entries: list[Entry] = []
    if not wanted:
        entries += alerts(chosen.listed.alerts, now, width)
        trouble = [each for each in chosen.standings if each.state in TROUBLE]
        entries += standings("does not answer", trouble, width) if trouble else []
        entries += glance(chosen.models, width)
        entries += erring(chosen.faults, (row.series for row in chosen.rows), now, width)
    # What quality and inputs are made of is read on the page of the model; whoever looks for it finds it.
    rows = [row for row in chosen.rows if row.series.name != UP and (wanted or owner(row.series) is None)]
    if not rows and not wanted:
        entries.append(Entry(line(Ink(f"  {SILENT}", "dim"))))
    for group, of in sections(rows, across(width), firing, wanted):
        late = sum(each.row.late for each in group.rows)
        entries += [Entry(heading(group.name, width, f"{late} late ◐" if late else "")), *of]
    if not wanted:
        entries += captured(chosen.captures, now, width)
        entries += standings("collectors", chosen.standings, width)
        entries += happened(chosen.events, now, width)
    return entries


def alerts(firing: Sequence[Alert], now: float, width: int) -> list[Entry]:
    """What fires: the rule and since when, then the worst series, and what to do."""
    entries = [Entry(heading("alerts", width))] if firing else []
    for alert in firing:
        style = SEVERITY_STYLES.get(alert.severity, "warn")
        mark = f"{SEVERITY_MARKS.get(alert.severity, '!')} {left(clean(alert.severity, 10), 8)} "
        text = clean(alert.summary or alert.when)
        since = line(Ink(f" for {age(now - alert.since)}", "dim"))
        told = line(Ink(mark, style), Ink(f"{clean(alert.rule, 40)}  ", "title"), text)
        worst = alert.series[0].series if alert.series else None
        entries.append(Entry(spread(told, since, width), worst))
        if alert.summary and alert.when:
            entries.append(Entry(fit(line(Ink(f"    when {clean(alert.when)}", "dim")), width)))
        entries += [
            Entry(fit(line(Ink(f"    {_worst(each.series, each.value)}")), width), each.series)
            for each in alert.series[:3]
        ]
        more = max(0, len(alert.series) - 3) + alert.more
        if more:
            entries.append(Entry(line(Ink(f"    and {more} more series", "dim"))))
        if alert.runbook:
            entries.append(Entry(fit(line(Ink(f"    see {clean(alert.runbook)}", "accent")), width)))
    return entries


def _worst(series: Series, value: float | None) -> str:
    share = any(word in series.name for word in ("utilization", "ratio", "share("))
    shown = "no value" if value is None else human(value, series.unit, ratio=share)
    return f"{shown}  {clean(words(series))}"


def standings(name: str, of: Sequence[Standing], width: int) -> list[Entry]:
    """The collectors, and the reason of each that gives nothing, in full."""
    entries = [Entry(heading(name, width))] if of else []
    room = max(20, width - REASON_AT - 5)
    for each in of:
        style = STANDING_STYLES.get(each.state, "dim")
        mark = Ink(f"{STANDING_MARKS.get(each.state, NONE)} {left(each.state, 8)}", style)
        # A state is as old as its last change; one that goes on is told by its latest window.
        old = Ink(f" {right(age(each.age), 4)}", "dim")
        first, *more = textwrap.wrap(each.reason, room) or [""]
        told = line(mark, f"{left(clean(each.name, 40), REASON_AT - 11)} ", Ink(first, "dim"))
        entries.append(Entry(spread(told, line(old), width), each.series))
        entries += [Entry(fit(line(Ink(" " * REASON_AT + text, "dim")), width)) for text in more]
    return entries


def captured(shots: Sequence[Shot], now: float, width: int) -> list[Entry]:
    """The captures of the flight recorder; each opens the series that it is about."""
    entries = [Entry(heading("captures", width))] if shots else []
    for shot in shots:
        told = line(Ink("◆ ", "warn"), Ink(words_of(shot.captured)))
        old = line(Ink(f" {right(age(now - shot.captured.at), 4)}", "dim"))
        entries.append(Entry(spread(told, old, width), shot.about, shot.captured.id))
    return entries


def happened(events: Sequence[Event], now: float, width: int) -> list[Entry]:
    """What happened, the latest first."""
    entries = [Entry(heading("events", width))] if events else []
    for event in reversed(events):
        whose = " ".join(
            clean(text, 40) for key, text in event.attributes if key == COLLECTOR or len(event.attributes) < 3
        )
        told = line(
            Ink(f"  {clock(event.wall)} ", "dim"),
            Ink(f"{left(clean(event.name, 24), 18)} "),
            Ink(" ".join(part for part in (whose, clean(event.text)) if part), "dim"),
        )
        entries.append(Entry(spread(told, line(Ink(f" {right(age(now - event.wall), 4)}", "dim")), width)))
    return entries
