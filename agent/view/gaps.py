"""Where a series has no windows, and why, as far as a subscriber can know: pure.

A reason is looked for from what is certain to what is likely:

    lost, or not received yet     the numbers between the two windows say so
    lost before it had a number   the device's ledger says so (an event)
    the agent began anew          the windows on both sides are of different epochs, or it says that it began
    what its collector said       an event of the collector in that time, or before it
    the device is silent          at the end: nothing of the whole device is newer
    the source was silent         other series of the device have windows there
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from agent.ledger import entry_of
from agent.ship.records import Key
from agent.stats.frame import Event
from agent.view.clean import clean
from agent.view.rows import Window, cadence
from collectors.api import Series

COLLECTOR = "outrider.collector"
_ANSWERS = ("collector.ok",)


class Gap(NamedTuple):
    """No window from `start` to `end`, by the device's clock in wall s; `reason` is safe to print."""

    start: float
    end: float
    reason: str


class Loss(NamedTuple):
    """Numbers that a device has given up, and why."""

    key: Key
    reason: str


class Circumstances(NamedTuple):
    """What is known of the device around a series.

    `state` as in `DeviceState`; `newest` is when the newest window of any of its series ended (wall s,
    by the device's clock), None if there is none.
    """

    state: str = "online"
    losses: tuple[Loss, ...] = ()
    missing: tuple[Key, ...] = ()
    events: tuple[Event, ...] = ()
    newest: float | None = None


def gaps(series: Series, held: Sequence[Window], now: float, known: Circumstances) -> list[Gap]:
    """The gaps between the windows of a series, and the one after them; `now` in wall s."""
    if not held:
        return []
    step = cadence(held)
    found = []
    # What came late may lie within another window: a gap is what no earlier window reaches into.
    furthest = list(accumulate(held, _further))
    for before, after in zip(furthest, held[1:], strict=False):
        end = max(before.end, before.start + step)
        if after.start - end > 0.5 * step:
            found.append(Gap(end, after.start, _between(series, before, after, known)))
    last = furthest[-1]
    end = max(last.end, last.start + step)
    if now - end > 1.5 * step + 2.0:
        found.append(Gap(end, now, _since(series, last, known)))
    return found


def _further(one: Window, two: Window) -> Window:
    """The one that ends later."""
    return one if one.end > two.end else two


def _between(series: Series, before: Window, after: Window, known: Circumstances) -> str:
    """Why nothing lies between two windows."""
    if before.key.epoch != after.key.epoch or _began(before.end, after.start, known.events):
        said = _stopped(before.end, after.end, known.events)
        return f"the agent was down{said}"
    first, last = before.key.last + 1, after.key.first - 1
    around = Key(before.key.epoch, before.key.stream, first, last)
    for loss in known.losses:
        if _meet(loss.key, around):
            return f"lost on the device: {clean(loss.reason, 60)}"
    if any(_meet(key, around) for key in known.missing):
        return "not received"
    if first <= last:
        return "not received, or not known to this view"
    said = ledger_reason("lost", before.end, after.start, known.events)
    if said:
        return f"lost on the device: {said}"
    return collector_reason(series, before.end, after.start, known.events) or "its source was silent"


def _since(series: Series, last: Window, known: Circumstances) -> str:
    """Why nothing came after the last window."""
    if known.state == "offline":
        return "the device is offline"
    if known.state == "resting":
        return "the device rests, and will tell"
    reason = collector_reason(series, last.start, float("inf"), known.events)
    if known.newest is not None and known.newest - last.end > 0.5 * (last.end - last.start):
        return reason or "its source is silent"
    return reason or "the device is silent"


def collector_reason(series: Series, start: float, end: float, events: Sequence[Event]) -> str:
    """What the collector of a series last said before `end`, if that was no "ok" before `start`.

    Where several collectors read the metric, only what one of them said since `start` is believed.
    """
    names = collectors_of(series)
    mine = [
        event
        for event in events
        if event.name.startswith("collector.") and dict(event.attributes).get(COLLECTOR) in names
        if event.wall <= end + 1.0 and (len(names) == 1 or event.wall >= start - 1.0)
    ]
    told = [event for event in mine if event.name not in _ANSWERS]
    if not told or (mine[-1].name in _ANSWERS and mine[-1].wall < start):
        return ""
    state, name = told[-1].name.removeprefix("collector."), dict(told[-1].attributes)[COLLECTOR]
    return f"collector {clean(name, 40)} {clean(state, 20)}: {clean(told[-1].text, 120)}".removesuffix(": ")


def coarser(held: Sequence[Window], events: Sequence[Event]) -> list[Gap]:
    """The windows that stand for several, and why, as far as the device's ledger has said it."""
    step = cadence(held) if held else 0.0
    return [
        Gap(each.start, each.end, f"made coarser{f' ({said})' if said else ''}")
        for each in held
        if each.end - each.start > 1.5 * step
        for said in [ledger_reason("merged", each.start, each.end, events)]
    ]


def ledger_reason(what: str, start: float, end: float, events: Sequence[Event]) -> str:
    """Why the ledger says that this happened to windows of that time, and by whom; "" if it does not."""
    for entry in map(entry_of, reversed(events)):
        if entry is None or entry.what != what or entry.stream != "windows" or entry.span is None:
            continue
        if entry.span[0] < end - 0.5 and entry.span[1] > start + 0.5:
            return f"{clean(entry.reason, 40)}, by {clean(entry.by, 20)}"
    return ""


def collectors_of(series: Series) -> tuple[str, ...]:
    """The collectors that may have read a series; none where that is not known here."""
    own = dict(series.attributes).get(COLLECTOR)
    return (own,) if own else tuple(_collectors().get(series.name, ()))


@lru_cache(maxsize=1)
def _collectors() -> dict[str, list[str]]:
    """Which collectors read which metric."""
    from collectors import catalog

    found: dict[str, list[str]] = {}
    for name in catalog.NAMES:
        for metric in catalog.load(name).metrics:
            found.setdefault(metric.name, []).append(name)
    return found


def _meet(key: Key, other: Key) -> bool:
    return key[:2] == other[:2] and key.first <= other.last and other.first <= key.last


def _began(start: float, end: float, events: Sequence[Event]) -> bool:
    """Whether the agent began in that time: what it brought from before a crash is of its new epoch too."""
    return any(event.name == "agent.start" and start <= event.wall <= end for event in events)


def _stopped(start: float, end: float, events: Sequence[Event]) -> str:
    """Why the agent ended in that time, in brackets; "" where it did not say, as in a crash."""
    texts = [
        event.text
        for event in events
        if event.name == "agent.stop" and start - 1.0 <= event.wall <= end + 1.0
    ]
    return f" ({clean(texts[-1], 60)})" if texts and texts[-1] else ""
