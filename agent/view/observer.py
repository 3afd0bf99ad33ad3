"""What a view keeps of what comes, and the scenes it makes of it; for one thread.

The fleet store lies in memory here and keeps an hour; nothing is acknowledged to a device by a view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from agent.logs.measures import SAMPLE
from agent.ship.records import RAW, Key
from agent.stats.clocks import told_by
from agent.stats.frame import Content, Event
from agent.view.captures import Shots
from agent.view.figures import Figures
from agent.view.fleet import STALE_AFTER, DeviceState, FleetStore
from agent.view.gaps import Circumstances, Loss, coarser, gaps
from agent.view.intake import Intake
from agent.view.joined import Joined, joined
from agent.view.models import models
from agent.view.pace import Every
from agent.view.rows import HOUSEKEEPING, KEPT, Board
from agent.view.scene import Chosen, Listed, Scene, Track
from agent.view.standing import standings
from agent.view.units import age, clock, tariff
from collectors.api import Series
from collectors.tally import Tally

SPARK = 64
TRACKED = 360
"""Windows kept of the series that is looked at."""

MOST_FIGURES = 10_000
LABELS = 16
SAMPLES = 200
"""Samples of models' records kept of the device that is looked at, the newest."""


class Observer:
    """Told of records and alerts; makes a scene of what is chosen.

    Args:
        store: the fleet store that the subscriber fills, by way of `intake`.
        place: broker and fleet, for the header. pattern: a shell pattern of device names.
        wall: seconds since 1970.
    """

    def __init__(
        self,
        store: FleetStore,
        place: str,
        pattern: str,
        wall: Callable[[], float],
    ) -> None:
        self.intake = Intake(store, None, Tally(), self.notice, self.applied)
        self._store = store
        self._place = place
        self._pattern = pattern
        self._wall = wall
        self._figures = Figures(MOST_FIGURES, STALE_AFTER)
        self._sweep = Every(HOUSEKEEPING)
        self._first: dict[str, dict[tuple[int, str], int]] = {}
        self._notice = ""
        self._device: str | None = None
        self._series: Series | None = None
        self._board = Board()
        self._track = Board()
        self._shots = Shots()
        self._model = ""
        self._joined: Joined | None = None
        self._samples: list[Event] = []

    def applied(self, device: str, key: Key, content: Content) -> None:
        """A record is newly held."""
        self._first.setdefault(device, {}).setdefault(key[:2], key.first)
        if key.stream != RAW:
            self._figures.take(device, content, self._wall())
        if device == self._device and any(map(told_by, content.events)):
            # What is held is dated anew.
            series, self._device = self._series, None
            self.choose(device, series, self._model)
        elif device == self._device:
            self._board.add(key, content)
            self._track.add(key, content)
            self._shoot(key, content)
            self._sample(key, content)
            self._join()

    def _shoot(self, key: Key, content: Content) -> None:
        if key.stream == RAW:
            self._shots.add(content)

    def _sample(self, key: Key, content: Content) -> None:
        if key.stream == RAW:
            self._samples += [event for event in content.events if event.name == SAMPLE]
            self._samples = sorted(self._samples, key=lambda event: event.wall)[-SAMPLES:]

    def _join(self) -> None:
        """The record of the model that is looked at, anew: adding up all of its windows is not done for each
        picture."""
        held, events = self._board.windows, self._board.events
        self._joined = joined(self._model, held, events, self._samples) if self._model else None

    def notice(self, name: str, device: str, text: str) -> None:
        """Keep this until something newer is to be said; the header tells of the link."""
        if device:
            self._notice = f"{device}: {name}: {text}"

    def choose(self, device: str | None, series: Series | None, model: str = "") -> None:
        """Look at another device, or series or model of it: at its records of the last hour, then at what
        comes."""
        fresh = device != self._device
        if not fresh and (series, model) == (self._series, self._model):
            return
        self._series, self._model = series, model
        self._track, self._shots = Board(series, TRACKED), Shots(series)
        if fresh:
            self._device, self._board, self._samples = device, Board(), []
        if device is None:
            self._joined = None
            return
        for key, content in self._store.contents(device, self._wall() - KEPT):
            if fresh:
                self._board.add(key, content)
                self._sample(key, content)
            if series is not None:
                self._track.add(key, content)
            self._shoot(key, content)
        self._join()

    def scene(self, link: str) -> Scene:
        """What is to be seen now; what is older than an hour goes."""
        now = self._wall()
        if self._sweep.due(now):
            self._store.retain(now - KEPT)
            self._board.expire(KEPT)
            self._track.expire(KEPT)
            self._join()
        devices = tuple(
            self._listed(self._counted(state, now), now)
            for state in self._store.devices(now)
            if fnmatchcase(state.name, self._pattern)
        )
        mine = next((each for each in devices if each.state.name == self._device), None)
        chosen = self._chosen(mine, now) if mine else None
        track = self._tracked(chosen, now) if chosen else None
        return Scene(now, self._place, link, devices, self._notice, chosen, track)

    def _listed(self, state: DeviceState, now: float) -> Listed:
        name = state.name
        fleet = self.intake.fleets.get(name, "")
        return Listed(state, fleet, self.intake.alerts.of(name), self._figures.of(name, now))

    def _counted(self, state: DeviceState, now: float) -> DeviceState:
        return state._replace(holes=self._holes(state.name, now)) if state.holes else state

    def _holes(self, device: str, now: float) -> int:
        """Missing numbers, but for those before the first this view saw: they are elsewhere."""
        first = self._first.get(device, {})
        return sum(
            max(0, hole.last + 1 - max(hole.first, first.get(hole[:2], hole.last + 1)))
            for hole in self._store.holes(device, now)
        )

    def _chosen(self, listed: Listed, now: float) -> Chosen:
        rows = tuple(self._board.rows(now, SPARK))
        events = self._board.events
        said = self._store.said(listed.state.name)
        return Chosen(
            listed,
            rows,
            standings(rows, events, now),
            events,
            _reasons(said),
            _labels(said),
            self._board.refused,
            self._shots.newest,
            models=models(self._board.windows, now),
            faults=self._board.faults,
            joined=self._joined,
        )

    def _tracked(self, chosen: Chosen, now: float) -> Track | None:
        row = next((row for row in chosen.rows if row.series == self._series), None)
        if row is None:
            return None
        name = chosen.listed.state.name
        held = self._track.held(row.series)
        known = Circumstances(
            chosen.listed.state.state,
            tuple(Loss(*each) for each in self._store.losses(name)),
            tuple(self._store.holes(name, now)),
            chosen.events,
            self._board.newest,
        )
        found = tuple(gaps(row.series, held, now, known))
        shots = tuple(shot for shot in chosen.captures if shot.held)
        return Track(row, held, found, tuple(coarser(held, chosen.events)), shots)


def _reasons(said: Mapping[str, object]) -> tuple[str, ...]:
    """Why a device says that it is degraded."""
    reasons = said.get("reasons")
    return tuple(str(each) for each in reasons[:LABELS]) if isinstance(reasons, list) else ()


def _labels(said: Mapping[str, object]) -> tuple[str, ...]:
    """Site, tags and budget of a status message, as words."""
    site, tags = said.get("site"), said.get("tags")
    found = [f"site {site}"] if isinstance(site, str) and site else []
    if isinstance(tags, dict):
        found += [f"{key}={value}" for key, value in list(tags.items())[:LABELS]]
    return (*found, *_budget(said))


def _budget(said: Mapping[str, object]) -> tuple[str, ...]:
    """What a device said of its budget, and by when it is heard again; short, for a line of 80."""
    budget, until = said.get("budget"), said.get("until")
    found = []
    if isinstance(budget, dict) and budget:
        spent, limit = tariff(budget["spent"]), tariff(budget["limit"])
        grain = f", {budget['grain']:.0f} windows as one" if budget["grain"] > 1 else ""
        found.append(f"budget: {spent} of {limit} in {age(budget['per'])}{grain}")
    if isinstance(until, (int, float)):
        found.append(f"back by {clock(until)}")
    return tuple(found)
