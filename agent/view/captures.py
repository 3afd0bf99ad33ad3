"""Captures of the flight recorder as a reader sees them: what each is of, and its samples; pure.

A record of the stream `samples` holds one capture: frames of one tick each, and the event that tells of it.
They lie in time where windows do, and are never added to any.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import NamedTuple

from agent.ship.plain import json_series
from agent.stats.capture import EVENT, KEY
from agent.stats.frame import Content, Event
from agent.stats.ticks import polled
from collectors.api import Series

MOST = 2**31


class Captured(NamedTuple):
    """A capture: its name, when its trigger was (wall s), what that was ("alert.fired", "command") by which
    rule, the metric and attributes that it was about, and its text. It reaches `before` s back and `after` s
    on, in `ticks` of `series`; `cut` ticks are left out. `joined` counts further triggers in it."""

    id: str
    at: float
    by: str
    rule: str
    metric: str
    text: str
    before: float
    after: float
    ticks: int
    series: int
    cut: int
    joined: int


def captured(event: Event) -> Captured | None:
    """The capture that an event tells of; None if it is no such event. What it lacks is "" or 0."""
    if event.name != EVENT:
        return None
    told = {key.removeprefix(KEY): text for key, text in event.attributes if key.startswith(KEY)}
    name, by, rule, metric = (told.get(key, "") for key in ("id", "by", "rule", "metric"))
    before, after = (_number(told.get(key, "")) for key in ("before", "after"))
    counts = [int(_number(told.get(key, ""))) for key in ("ticks", "series", "cut", "joined")]
    return Captured(name, event.wall, by, rule, metric, event.text, before, after, *counts)


def of(content: Content) -> Captured | None:
    """The capture that a record of `samples` holds; None where nothing tells of it."""
    return next((found for event in content.events if (found := captured(event)) is not None), None)


def about(capture: Captured, event: Event, among: Content) -> Series | None:
    """The series that a capture's trigger was about, of those in its record."""
    told = {pair for pair in event.attributes if not pair[0].startswith(KEY)}
    series = (one for frame in among.frames for one in frame.windows)
    return next((one for one in series if one.name == capture.metric and set(one.attributes) == told), None)


def summary(capture: Captured) -> dict[str, object]:
    """A capture as JSON has it."""
    fields = capture._asdict()
    return {"capture": fields.pop("id"), **fields}


def json_lines(device: str, content: Content) -> Iterator[str]:
    """A capture as JSON objects, one a line: first what it is, then one a series with all its samples."""
    capture = of(content)
    if capture is not None:
        yield _dumped({"device": device, **summary(capture)})
    name = capture.id if capture is not None else None
    for series, polls in polled(content.frames).items():
        samples = [[round(at, 3), value if math.isfinite(value) else None] for at, value in polls]
        yield _dumped({"device": device, "capture": name, **json_series(series), "samples": samples})


def _dumped(fields: dict[str, object]) -> str:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False)


def _number(text: str) -> float:
    """A number that a device wrote, within bounds; 0 for what is none."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return max(-MOST, min(MOST, value)) if math.isfinite(value) else 0.0
