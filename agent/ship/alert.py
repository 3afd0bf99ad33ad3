"""An alert that fires, as the retained JSON (RFC 8259) that says so; an empty payload: it is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.ship import limits
from agent.ship.limits import fault, level_name, listed, mapping, number, text, whole
from agent.ship.plain import json_fields, json_number, json_series, json_text, session_of
from collectors.api import Attributes, Kind, Series

WORST = 20
"""Series named in one alert; the rest is counted."""

FIRING = "firing"
KINDS: tuple[Kind, ...] = ("gauge", "counter", "histogram", "top")


class AlertSeries(NamedTuple):
    """A series that the rule is about: its last value in the series' unit (of a counter, its rate a
    second), None where there is none; `since` when it fires, in wall s."""

    series: Series
    value: float | None
    since: float


class Alert(NamedTuple):
    """A rule that fires on a device.

    `since` is when its first series began to fire, `at` when this was said, in wall s. `series` are the
    worst, at most `WORST`, worst first; `more` counts the others.
    """

    device: str
    rule: str
    severity: str
    summary: str
    runbook: str
    when: str
    since: float
    at: float
    series: tuple[AlertSeries, ...]
    more: int = 0


def alert_json(alert: Alert, session: tuple[int, int], limit: int = limits.ALERT) -> bytes:
    """The text of an alert in this session; series that would make it longer than `limit` bytes are counted.

    Raises:
        WireError: "range": a number is NaN or infinite.
    """
    texts = [json_text(_line(each)) for each in alert.series[:WORST]]
    head: dict[str, Any] = {"v": list(limits.VERSION), "device": alert.device, "session": list(session)}
    head |= {"rule": alert.rule, "state": FIRING, "severity": alert.severity, "summary": alert.summary}
    head |= {"runbook": alert.runbook, "when": alert.when}
    head |= {"since": round(alert.since, 3), "at": round(alert.at, 3)}
    every = alert.more + len(alert.series)
    while True:
        about = json_text({**head, "more": every - len(texts)})
        payload = about[:-1] + b',"series":[' + b",".join(texts) + b"]}"
        if len(payload) <= limit or not texts:
            return payload
        texts.pop()


def _line(each: AlertSeries) -> dict[str, Any]:
    return {**json_series(each.series), "value": json_number(each.value), "since": round(each.since, 3)}


def parse_alert(payload: bytes) -> Alert:
    """The alert of a payload that is not empty; every field is checked.

    Raises:
        WireError: it is none, or is beyond the limits.
    """
    fields = json_fields(payload, limits.ALERT)
    session_of(fields)
    if text(fields.get("state"), "state") != FIRING:
        fault("range", f"state {fields['state']!r} is not {FIRING!r}")
    return Alert(
        device=level_name(fields.get("device"), "device"),
        rule=level_name(fields.get("rule"), "rule"),
        severity=text(fields.get("severity"), "severity"),
        summary=text(fields.get("summary"), "summary"),
        runbook=text(fields.get("runbook"), "runbook"),
        when=text(fields.get("when"), "when"),
        since=number(fields.get("since"), "since"),
        at=number(fields.get("at"), "at"),
        series=tuple(_series_of(each) for each in listed(fields.get("series"), "series", WORST)),
        more=whole(fields.get("more"), "more"),
    )


def _series_of(value: Any) -> AlertSeries:
    fields = mapping(value, "series")
    kind = next((kind for kind in KINDS if kind == fields.get("kind")), None)
    if kind is None:
        fault("range", f"kind must be one of {KINDS}")
    name, unit = text(fields.get("metric"), "metric"), text(fields.get("unit"), "unit")
    series = Series(name, unit, kind, _attributes(mapping(fields.get("attributes"), "attributes")))
    found = fields.get("value")
    value = None if found is None else number(found, "value")
    return AlertSeries(series, value, number(fields.get("since"), "since"))


def _attributes(fields: Mapping[str, Any]) -> Attributes:
    if len(fields) > limits.ATTRIBUTES:
        fault("too_large", f"{len(fields)} attributes, at most {limits.ATTRIBUTES} are allowed")
    return tuple((text(key, "attribute"), text(value, "attribute")) for key, value in fields.items())
