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
from agent.ship.records import Key
from agent.stats.capture import EVENT, KEY
from agent.stats.frame import Content, Event
from agent.stats.ticks import polled
from agent.view.clean import clean
from agent.view.rows import Board, Row, Window
from collectors.api import Series

MOST = 2**31
KEPT = 8
"""Captures of a device that a view keeps."""

TICKS, SPARK = 4096, 64
TICK = Key(0, "polls", 0, 0)
"""What the windows of a tick are kept under: they are of one record."""


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


class Shot(NamedTuple):
    """A capture of a device that is looked at: the series it is about, if that is among its own, and of the
    series that is looked at the row and its samples as windows of a tick, oldest first; none without one."""

    captured: Captured
    about: Series | None = None
    row: Row | None = None
    held: tuple[Window, ...] = ()


class Shots:
    """The newest captures of a device, with the samples of one series, or of none."""

    def __init__(self, only: Series | None = None) -> None:
        self._only = only
        self._held: dict[str, Shot] = {}

    def add(self, content: Content) -> None:
        """Take a record of `samples`."""
        found = of(content)
        if found is None:
            return
        told = next(event for event in content.events if captured(event) is not None)
        row, held = self._samples(content)
        self._held[found.id] = Shot(found, about(found, told, content), row, held)
        for shot in sorted(self._held.values(), key=lambda each: each.captured.at)[:-KEPT]:
            del self._held[shot.captured.id]

    def _samples(self, content: Content) -> tuple[Row | None, tuple[Window, ...]]:
        if self._only is None:
            return None, ()
        board = Board(self._only, TICKS)
        board.add(TICK, content._replace(events=()))
        rows = board.rows(board.newest or 0.0, SPARK)
        return (rows[0], board.held(self._only)) if rows else (None, ())

    @property
    def newest(self) -> tuple[Shot, ...]:
        """Those that are kept, the newest first."""
        return tuple(sorted(self._held.values(), key=lambda each: -each.captured.at))


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


def text_lines(device: str, content: Content) -> Iterator[str]:
    """A capture in words, one line."""
    found = of(content)
    told = f"capture {words(found)}" if found is not None else "samples that no capture tells of"
    yield f"{clean(device)} {told}"


def words(capture: Captured) -> str:
    """What a capture is of, how far it reaches and what it holds, safe to print."""
    why = " ".join(word for word in (capture.rule or capture.by, capture.text) if word)
    cut = f", {capture.cut} left out" if capture.cut else ""
    reach = f"-{capture.before:.0f}s +{capture.after:.0f}s"
    return clean(f"{capture.id}  {why}  {reach}, {capture.ticks} ticks of {capture.series} series{cut}", 300)


def _dumped(fields: dict[str, object]) -> str:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False)


def _number(text: str) -> float:
    """A number that a device wrote, within bounds; 0 for what is none."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return max(-MOST, min(MOST, value)) if math.isfinite(value) else 0.0
