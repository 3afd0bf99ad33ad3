"""What a view shows at one moment: made by the thread that receives, drawn by the one that draws.

All of it is immutable, and bounded by what it is made of: devices, a board's series, windows and events.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from agent.ship.alert import Alert
from agent.stats.frame import Event
from agent.view.captures import Shot
from agent.view.faults import Fault
from agent.view.fleet import DeviceState
from agent.view.gaps import Gap
from agent.view.joined import Joined
from agent.view.models import Model
from agent.view.rows import Row, Window
from agent.view.standing import Standing

NOTHING: Mapping[str, float] = MappingProxyType({})


class Listed(NamedTuple):
    """A device in the list: its fleet ("" while unheard), the alerts that fire, and a few figures by name."""

    state: DeviceState
    fleet: str = ""
    alerts: tuple[Alert, ...] = ()
    figures: Mapping[str, float] = NOTHING


class Chosen(NamedTuple):
    """The device that is looked at. `reasons` are its own words on why it is degraded, `labels` its site
    and tags; `refused` counts the windows of series beyond the bound of a board; `captures` are those of
    the flight recorder, the newest first; `recording` says of one that is under way, "" if none is;
    `models` are its models at a glance, `faults` their errors by template, the most frequent first; `joined`
    is the model that is looked at."""

    listed: Listed
    rows: tuple[Row, ...] = ()
    standings: tuple[Standing, ...] = ()
    events: tuple[Event, ...] = ()
    reasons: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    refused: int = 0
    captures: tuple[Shot, ...] = ()
    recording: str = ""
    models: tuple[Model, ...] = ()
    faults: tuple[Fault, ...] = ()
    joined: Joined | None = None


class Track(NamedTuple):
    """The series that is looked at: its row, its windows (oldest first), why some are not there, and
    which stand for several, and why; the captures that have samples of it, the newest first."""

    row: Row
    held: tuple[Window, ...]
    gaps: tuple[Gap, ...] = ()
    coarse: tuple[Gap, ...] = ()
    captures: tuple[Shot, ...] = ()


class Scene(NamedTuple):
    """All of it, as it was at `now` (wall s). `link` is the subscriber's state, `place` broker and fleet."""

    now: float
    place: str
    link: str
    devices: tuple[Listed, ...] = ()
    notice: str = ""
    chosen: Chosen | None = None
    track: Track | None = None
