"""The pages of the terminal view: the devices, one device, one of its models, one of its series.

What is drawn is composed by `listing`, `page`, `joinedpage` and `seriespage`, which are pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from agent.view import joinedpage, listing, page, seriespage
from agent.view.clean import clean
from agent.view.framed import Page
from agent.view.ink import Ink, Line, line
from agent.view.listbox import Listbox, Stop
from agent.view.paint import Entry, across, titles
from agent.view.receiver import Choice
from agent.view.scene import Scene
from collectors.api import Series

UNTOLD = "nothing was told of this model in the last hour"
NO_CAPTURE = "no capture has samples of this series"


def series_of(key: Hashable) -> Series | None:
    """The series of a stop on the page of a device."""
    return key[0] if isinstance(key, tuple) and isinstance(key[0], Series) else None


def model_of(key: Hashable) -> str:
    """The model that a stop on the page of a device opens; "" where it opens a series."""
    return str(key[3]) if isinstance(key, tuple) and len(key) > 3 else ""


def capture_of(key: Hashable) -> str:
    """The capture in which a stop on the page of a device opens its series; "" for its windows."""
    return str(key[2]) if isinstance(key, tuple) and len(key) > 2 else ""


class Devices(Page):
    """Every device, the worst first."""

    def picture(self, scene: Scene, width: int) -> None:
        """The list."""
        devices, of = listing.shown(scene.devices, self.wanted), listing.table(width - 1)
        lines = [listing.drawn(each, of) for each in devices]
        states = [each.state.state for each in devices]
        self.headings = [n for n, state in enumerate(states) if n == 0 or states[n - 1] != state]
        stops = [(n, each.state.name) for n, each in enumerate(devices)]
        if not lines:
            text = "no device has this text in its name" if self.wanted and scene.devices else listing.EMPTY
            lines = [line(Ink(f"  {text}", "dim"))]
        self.put([listing.header(scene, width), listing.titles(of)], lines, stops)

    def open(self, key: Hashable) -> None:
        """The page of the device."""
        self.app.push_screen(Device(str(key)))

    def leave(self) -> None:
        """There is no page before this one."""


class Device(Page):
    """One device."""

    KEYS = "↑↓ move  Enter open  Esc back  / filter  [ ] heading  ? keys  q quit"

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device

    def choice(self) -> Choice:
        """The device alone."""
        return self.device, None, ""

    def picture(self, scene: Scene, width: int) -> None:
        """Its head, and all its series under their headings."""
        chosen = scene.chosen
        if chosen is None or chosen.listed.state.name != self.device:
            self.put([line(Ink(clean(self.device), "title"))], [], [])
            return
        entries = page.body(chosen, scene.now, width - 2, self.wanted)
        self.entries([*page.head(chosen, width), titles(across(width - 2))], entries)

    def entries(self, head: Sequence[Line], entries: Sequence[Entry]) -> None:
        """Show these under their headings; those that open something are stops."""
        self.headings = [n for n, each in enumerate(entries) if each.line and each.line[0].text == "──"]
        # An alert and a row may open one series: each is a stop of its own.
        seen: Counter[Series] = Counter()
        stops: list[Stop] = []
        for n, each in enumerate(entries):
            if each.series is not None:
                seen[each.series] += 1
                stops.append((n, (each.series, seen[each.series], each.capture, each.model)))
        self.put(head, [each.line for each in entries], stops)

    def open(self, key: Hashable) -> None:
        """The page of the series, or of the model."""
        series, model = series_of(key), model_of(key)
        if model:
            self.app.push_screen(Model(self.device, model))
        elif series is not None:
            self.app.push_screen(Track(self.device, series, self.body, capture_of(key)))


class Model(Device):
    """One model of a device."""

    def __init__(self, device: str, model: str) -> None:
        super().__init__(device)
        self.model = model

    def choice(self) -> Choice:
        """The device, and its model."""
        return self.device, None, self.model

    def picture(self, scene: Scene, width: int) -> None:
        """All that is known of the model, and of what it runs on."""
        chosen = scene.chosen
        mine = chosen is not None and chosen.listed.state.name == self.device
        of = chosen.joined if chosen is not None and mine else None
        if chosen is None or of is None or of.name != self.model:
            self.put([line(Ink(clean(self.model), "title"))], [line(Ink(f"  {UNTOLD}", "dim"))], [])
            return
        firing = {each.series for alert in chosen.listed.alerts for each in alert.series}
        entries = joinedpage.body(of, chosen.rows, chosen.faults, scene.now, width - 2, self.wanted, firing)
        self.entries([*page.head(chosen, width)[:1], *joinedpage.head(of, width)], entries)


class Track(Page):
    """One series of a device."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "capture", show=False)]
    KEYS = "Esc back  [ ] series before, after  c capture  ? keys  q quit"

    def __init__(self, device: str, series: Series, among: Listbox, capture: str = "") -> None:
        """`capture` is the name of the one that is shown in the place of the windows, "" for none."""
        super().__init__()
        self.device, self.series, self.among, self.capture = device, series, among, capture

    def choice(self) -> Choice:
        """The device, and its series."""
        return self.device, self.series, ""

    def picture(self, scene: Scene, width: int) -> None:
        """Numbers, chart, table."""
        track, chosen = scene.track, scene.chosen
        state = page.head(chosen, width)[:1] if chosen and chosen.listed.state.name == self.device else []
        if track is None or track.row.series != self.series:
            self.put([*state, line(Ink(clean(self.series.name), "title"))], [], [])
            return
        height = self.size.height - len(state) - 1
        shot = next((each for each in track.captures if each.captured.id == self.capture), None)
        if shot is not None and shot.row is not None:
            self.put(state, seriespage.capture(shot, shot.row, scene.now, width, height), [])
        else:
            self.put(state, seriespage.page(track, width, height), [])

    def action_capture(self) -> None:
        """The newest capture with samples of the series, the one before, and at last the windows again."""
        track = self.receiver.scene.track if self.receiver.scene else None
        names = ["", *(each.captured.id for each in track.captures)] if track else [""]
        place = names.index(self.capture) if self.capture in names else 0
        self.capture = names[(place + 1) % len(names)]
        self.told = NO_CAPTURE if track is not None and not track.captures else ""
        self.redraw()

    def action_find(self) -> None:
        """There is nothing to filter."""

    def action_jump(self, by: int) -> None:
        """The series before or after, as the page of the device lists them."""
        place = None
        while self.among.cursor != place and series_of(self.among.cursor) in (self.series, None):
            place = self.among.cursor
            self.among.action_step(by)
        series = series_of(self.among.cursor)
        if series is not None and series != self.series:
            self.series, self.told = series, ""
            self.receiver.choose(*self.choice())
