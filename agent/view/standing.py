"""How each collector of a device does, and why: from `outrider.up` and its events; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent.stats.frame import Event
from agent.view.clean import clean
from agent.view.gaps import COLLECTOR
from agent.view.rows import Row
from collectors.api import Series

UP = "outrider.up"
WORST = ("stale", "failing", "governed", "absent", "unknown", "ok")
UNHEARD = "the reason was said before this view began"


class Standing(NamedTuple):
    """A collector: "ok", "failing", "stale", "governed", "absent" or "unknown", and why it is not ok.

    `age` is how long ago that was known, in s; `series` its `outrider.up`, None if none is known.
    """

    name: str
    state: str
    reason: str
    age: float
    series: Series | None


def standings(rows: Iterable[Row], events: Sequence[Event], now: float) -> tuple[Standing, ...]:
    """Every collector that was heard of, the worst first; `now` in wall s."""
    told = {
        name: event
        for event in events
        if event.name.startswith("collector.") and (name := dict(event.attributes).get(COLLECTOR))
    }
    ups = {
        name: row
        for row in rows
        if row.series.name == UP and (name := dict(row.series.attributes).get(COLLECTOR))
    }
    found = [_standing(name, ups.get(name), told.get(name), now) for name in {**ups, **told}]
    return tuple(sorted(found, key=lambda each: (_rank(each.state), each.name)))


def _standing(name: str, row: Row | None, event: Event | None, now: float) -> Standing:
    series = row.series if row else None
    if event is not None and (row is None or row.late or event.wall > now - row.age):
        return Standing(name, *_said(event), now - event.wall, series)
    if row is None or row.now is None:
        return Standing(name, "unknown", UNHEARD, row.age if row else 0.0, series)
    if row.now >= 1:
        return Standing(name, "ok", "", row.age, series)
    state, reason = _said(event) if event else ("failing", UNHEARD)
    return Standing(name, *(("failing", UNHEARD) if state == "ok" else (state, reason)), row.age, series)


def _said(event: Event) -> tuple[str, str]:
    state = event.name.removeprefix("collector.")
    return (state if state in WORST else "unknown"), clean(event.text, 200)


def _rank(state: str) -> int:
    return WORST.index(state) if state in WORST else 0
