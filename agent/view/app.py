"""The terminal view: a thin Textual application over the scenes that the receiver makes.

    Devices --Enter--> Device --Enter--> Series         Esc goes back, ? tells the keys
                              --Enter--> Model --Enter--> Series

The terminal's own colours are used, nothing is animated, and what did not change is not written.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen

from agent.view.framed import Page, Viewing
from agent.view.ink import Ink, line
from agent.view.listbox import Listbox
from agent.view.receiver import Build, Receiver
from agent.view.screens import Devices
from agent.view.units import NONE

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


class Viewer(Viewing):
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
