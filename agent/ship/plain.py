"""Plain JSON (RFC 8259): the retained status, and records for `mosquitto_sub` and rule engines.

`payload = "json"` is for reading, not for keeping: each text stands alone, nothing acknowledges it
but the broker, and no sink stores it. A record whose text would be too long becomes several, each
with some of its windows and `part` counting them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from agent.ship.budget import Account
from agent.ship.decimals import DIGITS, Decimals
from agent.ship.limits import STATUS, VERSION, fault, level_name, mapping, number, text, versioned, whole
from agent.ship.records import RAW, Key
from agent.stats.frame import Content, Event, Frame
from agent.stats.histogram import Histogram
from agent.stats.ticks import polled
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

STATES = ("online", "degraded", "resting", "offline")
TEXT = 64 * 1024
"""Bytes of one text of a record; a single longer window has a text of its own."""

POINTS = 1000
"""Samples in one object."""

MOST = 1e11
"""Bytes and seconds of a status; as a time, in the year 5138."""

NO_LABELS: Mapping[str, Any] = MappingProxyType({})
QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


def status_json(
    device: str,
    session: tuple[int, int],
    state: str,
    reasons: Sequence[str],
    at: float,
    labels: Mapping[str, Any] = NO_LABELS,
) -> bytes:
    """The status message: `state` is "online", "degraded" (with `reasons`), "resting" or "offline".

    `at` is the wall clock in seconds when it was written; a will is written before it is true.
    `labels` are `site`, `tags`, `budget`, `every` and `until`, each where the device has any.
    """
    fields = {"v": list(VERSION), "device": device, "state": state, "session": list(session)}
    return json_text({**fields, "reasons": list(reasons), "at": round(at, 3), **labels})


def parse_status(payload: bytes) -> dict[str, Any]:
    """The fields of a status message; all that is read of it are checked.

    Raises:
        WireError: it is none, or is beyond the limits.
    """
    fields = json_fields(payload, STATUS)
    level_name(fields.get("device"), "device")
    if text(fields.get("state"), "state") not in STATES:
        fault("range", f"state {fields['state']!r} is none of {STATES}")
    session_of(fields)
    for name in ("at", "until", "every"):
        if name in fields or (name != "every" and fields["state"] == "resting"):
            _amount(fields.get(name), name)
    if "budget" in fields:
        budget = mapping(fields["budget"], "budget")
        for name in Account._fields:
            _amount(budget.get(name), f"budget.{name}")
    return fields


def _amount(value: Any, what: str) -> None:
    """
    Raises:
        WireError: no number from 0 to `MOST`.
    """
    if not 0 <= number(value, what) <= MOST:
        fault("range", f"{what} must be from 0 to {MOST:g}")


def json_fields(payload: bytes, limit: int) -> dict[str, Any]:
    """The fields of a JSON object that carries our version.

    Raises:
        WireError: it is none, or is longer than `limit` bytes.
    """
    if len(payload) > limit:
        fault("too_large", f"{len(payload)} bytes, at most {limit} are allowed")
    try:
        found = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        fault("json", f"not JSON: {error}")
    return versioned(found)


def session_of(fields: dict[str, Any]) -> tuple[int, int]:
    """The field `session`: epoch, and number of the connection in it.

    Raises:
        WireError: it is none.
    """
    session = fields.get("session")
    if not isinstance(session, list) or len(session) != 2:
        fault("type", "session must be [epoch, connection number]")
    return whole(session[0], "session"), whole(session[1], "session")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def json_messages(
    device: str, key: Key, content: Content, digits: int | None = DIGITS, *, historical: bool = False
) -> Iterator[bytes]:
    """The texts of a record, each a JSON object of at most about 64 KB; `historical` says that it was not
    sent with its own flush.

    Raises:
        WireError: "range": a number is NaN or infinite, which JSON cannot say.
    """
    head = {"v": list(VERSION), "device": device, **key._asdict()}
    if historical:
        head["historical"] = True
    if key.stream == RAW:
        items = [("samples", one) for one in _samples(content.frames, digits)]
    else:
        items = [("windows", one) for frame in content.frames for one in _windows(frame, digits)]
    items += [("events", json_event(event)) for event in content.events]
    texts = [(where, json_text(item)) for where, item in items]
    parts = _portions([len(item) + 1 for _, item in texts])
    for count, (start, end) in enumerate(parts, 1):
        about = {**head, "part": [count, len(parts)], "dropped": content.dropped}
        mine = texts[start:end]
        lists = [
            b'"%s":[%s]' % (name.encode(), b",".join([item for where, item in mine if where == name]))
            for name in ("samples" if key.stream == RAW else "windows", "events")
        ]
        yield json_text(about)[:-1] + b"," + b",".join(lists) + b"}"


def _portions(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours that fit one text together, as (start, end); one empty portion for nothing."""
    starts, room = [0], TEXT
    for at, size in enumerate(sizes):
        if size > room and at > starts[-1]:
            starts.append(at)
            room = TEXT
        room -= size
    return list(zip(starts, [*starts[1:], len(sizes)], strict=True))


def json_text(value: Any) -> bytes:
    """JSON on one line, in ASCII.

    Raises:
        WireError: "range": a number is NaN or infinite.
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
    except ValueError as error:
        fault("range", f"not to be said in JSON: {error}")


def _windows(frame: Frame, digits: int | None) -> Iterator[dict[str, Any]]:
    span = frame.span
    times = {
        "start": round(span.start + span.offset, 3),
        "end": round(span.end + span.offset, 3),
        "covered": round(span.covered, 3),
        "quality": span.quality,
    }
    cut = None if digits is None else Decimals(digits)
    for series in sorted(frame.windows):
        summary = frame.windows[series]
        yield {
            **json_series(series),
            **times,
            **{k: json_number(v, cut) for k, v in _summary(summary, span.covered).items()},
        }


def _samples(frames: Iterable[Frame], digits: int | None) -> Iterator[dict[str, Any]]:
    """The polls of each series, a thousand an object: no windows, so that nobody adds them to any."""
    cut = None if digits is None else Decimals(digits)
    for series, polls in sorted(polled(frames).items()):
        points = [[round(at, 3), json_number(value, cut)] for at, value in polls]
        for start in range(0, len(points), POINTS):
            yield {**json_series(series), "samples": points[start : start + POINTS]}


def json_number(value: Any, decimals: Decimals | None = None) -> Any:
    """A number of few digits; whole numbers stay exact and lose their `.0`."""
    if not isinstance(value, float):
        return value
    if value.is_integer():
        return int(value) if abs(value) < 2**53 else value
    return value if decimals is None else decimals.value(decimals.rank(value))


def json_series(series: Series) -> dict[str, Any]:
    """Which series, as every text of ours names it."""
    name, unit, kind, attributes = series
    return {"metric": name, "attributes": dict(attributes), "unit": unit, "kind": kind}


def mean_rate(counter: Counter, covered: float) -> float | None:
    """The mean rate of a counter over the seconds that were watched, in 1/s; None where it is not known.

    A mean beyond the highest rate between two polls has grown since before the window: the series is
    read less often than windows close, and that rate is its mean.
    """
    if not counter.count or covered <= 0:
        return None
    return min(counter.delta / covered, counter.rate)


def _summary(summary: Summary, covered: float) -> dict[str, Any]:
    if isinstance(summary, Gauge):
        mean = summary.total / summary.count if summary.count else summary.low
        count, low, high, last = summary.count, summary.low, summary.high, summary.last
        return {"count": count, "mean": mean, "min": low, "max": high, "last": last}
    if isinstance(summary, Counter):
        rates = {"rate": mean_rate(summary, covered), "peak": summary.rate if summary.count else None}
        return {"count": summary.count, "delta": summary.delta, **rates, "resets": summary.resets}
    if isinstance(summary, Top):
        return {"count": summary.seen, "top": summary.counts, "other": summary.other}
    return _histogram(summary)


def _histogram(h: Histogram) -> dict[str, Any]:
    quantiles = {name: h.quantile(q) for name, q in QUANTILES}
    extent = {"min": h.low, "max": h.high} if h.count else {"min": None, "max": None}
    buckets = {"positive": sorted(h.positive.items()), "negative": sorted(h.negative.items())}
    counts = {"count": h.count, "sum": h.total, "nonfinite": h.nonfinite}
    return {**counts, **extent, **quantiles, "scale": h.scale, "zero": h.zero, **buckets}


def json_event(event: Event) -> dict[str, Any]:
    """An event as plain JSON says it; `at` is wall clock in s."""
    at = round(event.at + event.offset, 3)
    return {"at": at, "name": event.name, "attributes": dict(event.attributes), "text": event.text}
