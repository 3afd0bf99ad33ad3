"""The live view's life: records in, keys in, the picture out; and the terminal given back as it was.

The fleet store lies in memory here and keeps an hour; nothing is acknowledged to a device by a view.
"""

from __future__ import annotations

import os
import shutil
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from typing import TextIO

from agent.ship.records import Key
from agent.stats.frame import Content
from agent.view.fleet import DeviceState, FleetStore
from agent.view.keys import keys
from agent.view.pace import Every
from agent.view.rows import HOUSEKEEPING, KEPT, Board, Row, words
from agent.view.subscriber import Subscriber
from agent.view.terminal import Screen, deepest, render

PERIOD = 0.5
SPARK = 60
ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"


class LiveView:
    """What the user looks at and where the cursor stands.

    Args:
        store: the fleet store that the subscriber fills.
        place: broker and fleet, for the header. pattern: a shell pattern of device names.
        colour: whether colours are wanted.
    """

    def __init__(self, store: FleetStore, place: str, pattern: str, *, colour: bool) -> None:
        self._store = store
        self._place = place
        self._pattern = pattern
        self._colour = colour
        self._board = Board()
        self._chosen: str | None = None
        self._focus = "devices"
        self._top = 0
        self._filter = ""
        self._typing = False
        self._notice = ""
        self._sweep = Every(HOUSEKEEPING)
        self._first: dict[str, dict[tuple[int, str], int]] = {}

    def applied(self, device: str, key: Key, content: Content) -> None:
        """A record is newly held."""
        self._first.setdefault(device, {}).setdefault(key[:2], key.first)
        if device == self._chosen:
            self._board.add(key, content)

    def notice(self, name: str, device: str, text: str) -> None:
        """Show this at the foot until something newer is to be said; the header tells of the link."""
        if device:
            self._notice = f"{device}: {name}: {text}"

    def press(self, key: str, now: float) -> bool:
        """Do what the key says; False when it says to end."""
        if self._typing:
            self._type(key)
        elif key == "q":
            return False
        elif key == "/":
            self._typing, self._filter = True, ""
        elif key in ("enter", "tab", "l"):
            self._focus = "series"
        elif key in ("escape", "h"):
            self._focus, self._filter = "devices", ""
        else:
            self._move(key, now)
        return True

    def _type(self, key: str) -> None:
        if key in ("enter", "escape"):
            self._typing = False
            self._filter = self._filter if key == "enter" else ""
        elif key == "erase":
            self._filter = self._filter[:-1]
        elif len(key) == 1 and len(self._filter) < 64:
            self._filter += key
        self._top = 0

    def _move(self, key: str, now: float) -> None:
        step = {"down": 1, "j": 1, "up": -1, "k": -1, "page down": 10, "page up": -10}.get(key, 0)
        step = {"home": -(10**6), "g": -(10**6), "end": 10**6, "G": 10**6}.get(key, step)
        if self._focus == "series":
            self._top = max(0, self._top + step)
            return
        names = [device.name for device in self._devices(now)]
        if step and names:
            here = names.index(self._chosen) if self._chosen in names else 0
            self._choose(names[max(0, min(len(names) - 1, here + step))], now)

    def _choose(self, device: str, now: float) -> None:
        """Show another device: its records of the last hour, then what comes."""
        if device == self._chosen:
            return
        self._chosen, self._top, self._board = device, 0, Board()
        for key, content in self._store.contents(device, now - KEPT):
            self._board.add(key, content)

    def _devices(self, now: float) -> list[DeviceState]:
        wanted = self._filter if self._focus == "devices" else ""
        return [
            device._replace(holes=self._holes(device.name, now)) if device.holes else device
            for device in self._store.devices(now)
            if fnmatchcase(device.name, self._pattern) and wanted in device.name
        ]

    def _holes(self, device: str, now: float) -> int:
        """Missing numbers, but for those before the first this view saw: they are elsewhere."""
        first = self._first.get(device, {})
        return sum(
            max(0, hole.last + 1 - max(hole.first, first.get(hole[:2], hole.last + 1)))
            for hole in self._store.holes(device, now)
        )

    def _rows(self, now: float) -> list[Row]:
        rows = self._board.rows(now, SPARK)
        if self._focus == "devices" or not self._filter:
            return rows
        return [row for row in rows if self._filter in words(row.series)]

    def screen(self, now: float, link: str) -> Screen:
        """The state to draw; the first device is chosen while none is, and old records go."""
        if self._sweep.due(now):
            self._store.retain(now - KEPT)
            self._board.expire(KEPT)
        devices = self._devices(now)
        if self._chosen is None and devices:
            self._choose(devices[0].name, now)
        return Screen(
            now, self._place, link, tuple(devices), self._chosen, tuple(self._rows(now)),
            self._focus, self._top, self._filter, self._typing, self._notice, self._colour,
        )  # fmt: skip

    def draw(self, now: float, link: str, width: int, height: int) -> list[str]:
        """The picture; scrolling further than it goes is forgotten."""
        screen = self.screen(now, link)
        self._top = min(self._top, deepest(screen, width, height))
        return render(screen, width, height)


class Canvas:
    """Writes only the lines that changed since the picture before."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before: list[str] = []
        self._size = (0, 0)

    def draw(self, picture: Callable[[int, int], Sequence[str]]) -> None:
        """Draw at the terminal's present size."""
        size = shutil.get_terminal_size((80, 24))
        if size != self._size:
            self._before, self._size = [], size
            self._out.write("\x1b[2J")
        lines = list(picture(size.columns, size.lines))
        for place, line in enumerate(lines):
            if place >= len(self._before) or self._before[place] != line:
                # Erased first: behind a full line the cursor stands on its last cell, and would erase it.
                self._out.write(f"\x1b[{place + 1};1H\x1b[K{line}\x1b[0m")
        self._out.flush()
        self._before = lines


@contextmanager
def alternate_screen(out: TextIO, keyboard: int | None) -> Iterator[None]:
    """The other screen without cursor and echo; whatever happens, the old one comes back."""
    before = termios.tcgetattr(keyboard) if keyboard is not None else None
    try:
        if keyboard is not None:
            tty.setcbreak(keyboard)
            now = termios.tcgetattr(keyboard)
            now[6][termios.VSUSP] = b"\x00"  # Ctrl-Z would leave the shell in the other screen
            termios.tcsetattr(keyboard, termios.TCSADRAIN, now)
        out.write(ENTER)
        yield
    finally:
        out.write(LEAVE)
        out.flush()
        if keyboard is not None and before is not None:
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def pressed(keyboard: int) -> list[str]:
    """The keys waiting at the keyboard; "q" when it is gone, for nobody looks any more."""
    data = os.read(keyboard, 256)
    return keys(data) if data else ["q"]


def watch(view: LiveView, subscriber: Subscriber, wall: Callable[[], float], out: TextIO) -> None:
    """Draw twice a second at most, and at once after a key, until `q` or an interrupt.

    Keys are read from standard input if that is a terminal.
    """
    keyboard = sys.stdin.fileno() if sys.stdin.isatty() else None
    canvas = Canvas(out)
    drawn = -1.0
    with alternate_screen(out, keyboard):
        while True:
            ready = subscriber.step(PERIOD, () if keyboard is None else (keyboard,))
            now = wall()
            if ready and not all(view.press(key, now) for key in pressed(ready[0])):
                return
            if ready or not 0 <= now - drawn < PERIOD:
                canvas.draw(partial(view.draw, now, subscriber.state))
                drawn = now
