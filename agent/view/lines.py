"""A window as a line: a JSON object for pipes (`outrider view --json`), or text for people.

Times are seconds since 1970 (UTC) as the device's offset tells them, values are in base units, and
nothing is rounded. JSON is ASCII: a foreign string cannot reach the terminal as it came.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TextIO

from agent.logs.measures import NAME, SAMPLE
from agent.ship.alert import Alert
from agent.ship.plain import json_event, json_series, mean_rate
from agent.ship.records import RAW, Key
from agent.stats.frame import Content, Span
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from agent.view import captures
from agent.view.clean import clean
from agent.view.fleet import FleetStore
from agent.view.pace import Every
from agent.view.rows import HOUSEKEEPING, KEPT, Board, Row, words
from agent.view.subscriber import Subscriber
from agent.view.units import age
from collectors.api import Series

PERIOD = 1.0
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


class Printer:
    """Prints each record newly held as lines, flushed at once.

    Args:
        out: where to. pattern: a shell pattern of device names. wall: seconds since 1970.
        json: whether lines are JSON, or text for people.
    """

    def __init__(self, out: TextIO, pattern: str, wall: Callable[[], float], *, json: bool) -> None:
        self._out = out
        self._pattern = pattern
        self._wall = wall
        self._json = json
        self.records = 0

    def applied(self, device: str, key: Key, content: Content) -> None:
        """Print one record.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        if not fnmatchcase(device, self._pattern):
            return
        made: Iterable[str]
        if key.stream == RAW:
            made = raw_lines(device, content, json=self._json)
        elif self._json:
            made = json_lines(device, content)
        else:
            made = text_lines(device, key, content, self._wall())
        self._print(made)
        self.records += 1

    def alerted(self, alert: Alert, fires: bool) -> None:
        """Print an alert that fires, or that is over.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        if fnmatchcase(alert.device, self._pattern):
            line = json_alert(alert, fires=fires) if self._json else text_alert(alert, fires=fires)
            self._print((line,))

    def _print(self, lines: Iterable[str]) -> None:
        self._out.writelines(f"{line}\n" for line in lines)
        self._out.flush()


def follow(
    subscriber: Subscriber, store: FleetStore, printer: Printer, wall: Callable[[], float], *, once: bool
) -> None:
    """Print what comes, for ever or until the first record; the store keeps an hour."""
    sweep = Every(HOUSEKEEPING, wall())
    while not (once and printer.records):
        subscriber.step(PERIOD)
        now = wall()
        if sweep.due(now):
            store.retain(now - KEPT)


def json_lines(device: str, content: Content) -> Iterator[str]:
    """One JSON object a window and series, without the line's end."""
    for frame in content.frames:
        for series, summary in frame.windows.items():
            row = {**_head(device, series, frame.span), **statistics(summary, frame.span.covered)}
            yield json.dumps(row, separators=(",", ":"), allow_nan=False)


def json_events(device: str, content: Content) -> Iterator[str]:
    """One JSON object an event: no `metric`, but `event`, its name; its time is `at`."""
    for event in content.events:
        row = {"device": device, "event": event.name, **json_event(event)}
        del row["name"]
        yield json.dumps(row, separators=(",", ":"), allow_nan=False)


def raw_lines(device: str, content: Content, *, json: bool) -> Iterator[str]:
    """A record of `samples`: a capture of the flight recorder, or samples of models' records."""
    samples = tuple(event for event in content.events if event.name == SAMPLE)
    rest = content._replace(events=tuple(event for event in content.events if event.name != SAMPLE))
    if rest.frames or rest.events:
        yield from captures.json_lines(device, rest) if json else captures.text_lines(device, rest)
    if json:
        yield from json_events(device, Content(events=samples))
    else:
        for event in samples:
            model = dict(event.attributes).get(NAME, "")
            yield f"{clean(device)} sample of {clean(model)}: {clean(event.text, 400)}"


def json_alert(alert: Alert, *, fires: bool) -> str:
    """An alert as a JSON object: no `metric` of its own, but `alert`, the rule, and the worst `series`."""
    series = [
        {**json_series(each.series), "value": each.value, "since": round(each.since, 3)}
        for each in (alert.series if fires else ())
    ]
    row = {
        "device": alert.device,
        "alert": alert.rule,
        "state": "firing" if fires else "cleared",
        "severity": alert.severity,
        "summary": alert.summary,
        "runbook": alert.runbook,
        "when": alert.when,
        "since": round(alert.since, 3),
        "series": series,
        "more": alert.more if fires else 0,
    }
    return json.dumps(row, separators=(",", ":"), allow_nan=False)


def text_alert(alert: Alert, *, fires: bool) -> str:
    """An alert for people; what the device wrote is cleaned."""
    state = f"fires ({alert.severity})" if fires else "is over"
    parts = [f"{alert.device} alert {alert.rule} {state}: {alert.summary or alert.when}"]
    for each in alert.series if fires else ():
        value = "no value" if each.value is None else f"{each.value:.6g} {each.series.unit}"
        parts.append(f"{words(each.series)} {value}")
    if fires and alert.more:
        parts.append(f"{alert.more} more")
    return "; ".join(map(clean, parts))


def _head(device: str, series: Series, span: Span) -> dict[str, object]:
    """Which series of whom, and when; `covered` are the seconds really watched."""
    start, end = span.wall
    return {
        "device": device,
        "metric": series.name,
        "attributes": dict(series.attributes),
        "unit": series.unit,
        "start": round(start, 6),
        "end": round(end, 6),
        "covered": round(span.covered, 6),
        "clock": span.quality,
        "kind": series.kind,
    }


def statistics(summary: Summary, covered: float) -> dict[str, object]:
    """What is known of the window; null for what cannot be known or is not finite.

    `rate` of a counter is its mean over the seconds watched, `peak` the highest between two polls.
    """
    if isinstance(summary, Gauge):
        return _gauge(summary)
    if isinstance(summary, Counter):
        return {
            "count": summary.count,
            "delta": _finite(summary.delta),
            "rate": _finite(mean_rate(summary, covered)),
            "peak": _finite(summary.rate) if summary.count else None,
            "resets": summary.resets,
        }
    if isinstance(summary, Top):
        return {"count": summary.seen, "top": dict(summary.counts), "other": summary.other}
    return _histogram(summary)


def _gauge(summary: Gauge) -> dict[str, object]:
    if not summary.count:
        return {"count": 0, "mean": None, "min": None, "max": None, "last": None}
    return {
        "count": summary.count,
        "mean": _finite(summary.total / summary.count),
        "min": _finite(summary.low),
        "max": _finite(summary.high),
        "last": _finite(summary.last),
    }


def _histogram(summary: Histogram) -> dict[str, object]:
    some = summary.count > 0
    return {
        "count": summary.count,
        "sum": _finite(summary.total) if some else None,
        "min": _finite(summary.low) if some else None,
        "max": _finite(summary.high) if some else None,
        **{name: summary.quantile(q) for name, q in QUANTILES.items()},
        "scale": summary.scale,
        "nonfinite": summary.nonfinite,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def text_lines(device: str, key: Key, content: Content, now: float) -> Iterator[str]:
    """One line a series for people, its age first: what the live view shows in its table."""
    board = Board()
    board.add(key, content)
    for row in board.rows(now, 0):
        yield f"{clean(device)} {age(row.age)} ago {clean(words(row.series))}: {_figures(row)}"


def _figures(row: Row) -> str:
    """What is known, named."""
    figures = {"now": row.now, "mean": row.mean, "min": row.low, "max": row.high}
    known = [f"{name} {row.shown(value)}" for name, value in figures.items() if value is not None]
    return ", ".join([*known, *row.shown_detail()]) or "no data"
