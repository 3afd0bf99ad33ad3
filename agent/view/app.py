"""The terminal view: a thin Textual application over the scenes that the receiver makes.

    Devices --Enter--> Device --Enter--> Series         Esc goes back, ? tells the keys
                              --Enter--> Model --Enter--> Series

What is drawn is composed by `listing`, `page`, `joinedpage` and `seriespage`, which are pure. The terminal's
own colours are used, nothing is animated, and what did not change is not written.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from agent.view import joinedpage, listing, page, seriespage
from agent.view.clean import clean
from agent.view.ink import Ink, Line, fit, line, spread
from agent.view.listbox import Listbox, Stop
from agent.view.paint import Entry, across, titles
from agent.view.receiver import Build, Choice, Receiver
from agent.view.scene import Scene
from agent.view.units import NONE
from collectors.api import Series

HELP = (
    ("↑ ↓  j k", "move; Page Up and Down, Home and End too"),
    ("Enter", "open the device, the model or the series; or click it twice"),
    ("Esc", "back; ends a filter first"),
    ("/", "show only what has this text in its name"),
    ("c", "on a series: its captures of the flight recorder (◆)"),
    ("[  ]", "the heading, or the series, before and after"),
    ("q", "end"),
)
MARKS = (
    f"● online  ▲ degraded  ◐ stale  ○ offline  {NONE} never heard of",
    "◌ resting: left on purpose, to stay within its byte budget",
    "‼ ! alerts that fire   ◐ a row without news   · no data",
    "AGE is how old the newest window is: no value without it",
)
LEAST = (30, 6)
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


class Page(Screen[None]):
    """What all three have: a head, a list, a foot, and a filter that is typed over the foot."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Ahead of the focused widget: what is typed after it, or pasted with it, is the filter's already.
        Binding("slash", "find", show=False, priority=True),
        Binding("escape,h,left,backspace", "back", show=False),
        Binding("left_square_bracket", "jump(-1)", show=False),
        Binding("right_square_bracket", "jump(1)", show=False),
    ]
    DEFAULT_CSS = """
    Page { layout: vertical; }
    Page #head, Page #foot { height: 1; overflow-y: hidden; }
    Page #filter { display: none; height: 1; border: none; padding: 0 1; }
    """
    KEYS = "↑↓ move  Enter open  / filter  ? keys  q quit"

    def __init__(self) -> None:
        super().__init__()
        self.wanted = self.told = ""
        self.headings: list[int] = []

    def compose(self) -> ComposeResult:
        """Head, list, foot, filter."""
        head, foot = Listbox(id="head"), Listbox(id="foot")
        head.can_focus = foot.can_focus = False
        yield head
        yield Listbox(id="body")
        yield foot
        yield Input(id="filter", placeholder="filter", select_on_focus=False, compact=True)

    def on_mount(self) -> None:
        """Nothing blinks: each blink is bytes on the line."""
        self.query_one(Input).cursor_blink = False
        self.body.focus()

    def on_resize(self) -> None:
        """Drawn anew once the list has its new size."""
        self.call_after_refresh(self.redraw)

    @property
    def viewer(self) -> Viewer:
        """The application."""
        assert isinstance(self.app, Viewer)  # noqa: S101 - for the type checker
        return self.app

    @property
    def body(self) -> Listbox:
        """The list."""
        return self.query_one("#body", Listbox)

    def redraw(self) -> None:
        """Draw the latest scene."""
        scene, (width, height) = self.viewer.receiver.scene, self.size
        if not self.is_mounted or width <= 0:
            return
        if width < LEAST[0] or height < LEAST[1]:
            self.put([line("too small")], [], [])
            return
        if scene is None:
            self.put([line(Ink("outrider ", "title"), Ink("connecting", "dim"))], [], [])
        else:
            self.picture(scene, width)
        self._foot(scene, width)

    def picture(self, scene: Scene, width: int) -> None:
        """Compose the page and `put` it."""
        raise NotImplementedError

    def put(self, head: Sequence[Line], lines: Sequence[Line], stops: Sequence[Stop]) -> None:
        """Show head and list."""
        top = self.query_one("#head", Listbox)
        if top.styles.height is None or top.styles.height.value != len(head):
            top.styles.height = len(head)
        top.show([fit(each, self.size.width) for each in head])
        self.body.show(lines, stops)

    def _foot(self, scene: Scene | None, width: int) -> None:
        keys = line(Ink(self.KEYS, "dim"))
        told = self.told or (scene.notice if scene else "")
        left: Line = line(Ink(f"{clean(told)} ", "warn")) if told else ()
        if self.wanted:
            left = line(Ink(f"/{self.wanted} ", "accent"), Ink("Esc shows all again ", "dim"))
        self.query_one("#foot", Listbox).show([spread(left, keys, width) if left else fit(keys, width)])

    def action_find(self) -> None:
        """Type a filter."""
        box = self.query_one(Input)
        if box.display:
            box.insert_text_at_cursor("/")
            return
        box.value = ""
        box.display = True
        self.query_one("#foot").display = False
        self.set_focus(box)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Each letter counts at once."""
        self.wanted = event.value[:64]
        self.redraw()

    def on_input_submitted(self) -> None:
        """The filter stays, the keys move again."""
        self._typed()

    def _typed(self) -> None:
        self.query_one(Input).display = False
        self.query_one("#foot").display = True
        self.set_focus(self.body)
        self.redraw()

    def action_back(self) -> None:
        """End a filter, else go to the page before."""
        if self.query_one(Input).display or self.wanted:
            self.wanted = ""
            self._typed()
        elif self.app.screen is self:  # and not one that a key before this one opened
            self.leave()

    def leave(self) -> None:
        """Go to the page before."""
        self.app.pop_screen()

    def action_jump(self, by: int) -> None:
        """To the next heading, or the one before."""
        self.body.jump(self.headings, by)

    def on_listbox_opened(self, event: Listbox.Opened) -> None:
        """Open what the cursor stands for; once, though Enter were pressed twice."""
        if self.app.screen is self:
            self.open(event.key)

    def open(self, key: Hashable) -> None:
        """Open this; a page that opens nothing does nothing."""

    def on_screen_resume(self) -> None:
        """Back from another page: say again what is looked at."""
        self.viewer.receiver.choose(*self.choice())
        self.redraw()

    def choice(self) -> Choice:
        """The device, and the series or the model, that this page needs in the scene."""
        return None, None, ""


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
        track = self.viewer.receiver.scene.track if self.viewer.receiver.scene else None
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
            self.viewer.receiver.choose(*self.choice())


class Help(ModalScreen[None]):
    """The keys and the marks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter,q", "app.pop_screen", show=False)
    ]
    DEFAULT_CSS = """
    Help { align: center middle; }
    Help Listbox { width: 66; max-width: 100%; max-height: 100%; border: round ansi_cyan; padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        """One list."""
        yield Listbox(id="help")

    def on_mount(self) -> None:
        """Filled once it has its size."""
        lines = [line(Ink(f"{key:<10}", "title"), text) for key, text in HELP]
        lines += [(), *(line(Ink(text, "dim")) for text in MARKS)]
        box = self.query_one(Listbox)
        box.styles.height = len(lines) + 2
        self.call_after_refresh(box.show, lines)


class Viewer(App[str]):
    """The application; `run` returns why it had to end, None if the user ended it."""

    class Told(Message):
        """The receiver has something new."""

        def can_replace(self, message: Message) -> bool:
            """One of them says as much as many."""
            return isinstance(message, Viewer.Told)

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c", "quit", show=False, priority=False),
        Binding("question_mark", "help", show=False),
    ]

    def __init__(self, build: Build, monotonic: Callable[[], float]) -> None:
        super().__init__(ansi_color=True)
        self.animation_level = "none"
        self.receiver = Receiver(build, monotonic, self._told)

    def _told(self) -> None:
        self.post_message(self.Told())

    def on_mount(self) -> None:
        """The list first; whatever ends a program ends this one in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)
        self.push_screen(Devices())
        self.receiver.start()

    def on_viewer_told(self) -> None:
        """Draw; or end, if nothing is received any more."""
        fault = self.receiver.fault
        if fault is not None:
            self.exit(f"{type(fault).__name__}: {fault}")
        elif isinstance(self.screen, Page):
            self.screen.redraw()

    def on_unmount(self) -> None:
        """End the connection."""
        self.receiver.stop()

    def action_help(self) -> None:
        """The keys."""
        if not isinstance(self.screen, Help):
            self.push_screen(Help())
