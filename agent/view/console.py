"""A picture in a plain terminal, without Textual: drawn where it changed, and all given back at the end."""

from __future__ import annotations

import os
import select
import shutil
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from agent.view.keys import keys

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"


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
        for place, text in enumerate(lines):
            if place >= len(self._before) or self._before[place] != text:
                # Erased first: behind a full line the cursor stands on its last cell, and would erase it.
                self._out.write(f"\x1b[{place + 1};1H\x1b[K{text}\x1b[0m")
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


def pressed(keyboard: int | None, timeout: float) -> list[str]:
    """The keys that come within so many seconds; "q" when the keyboard is gone, for nobody looks any more."""
    ready = select.select(() if keyboard is None else (keyboard,), (), (), timeout)[0]
    if not ready or keyboard is None:
        return []
    data = os.read(keyboard, 256)
    return keys(data) if data else ["q"]


def standard_input() -> int | None:
    """The keyboard, if standard input is one."""
    return sys.stdin.fileno() if sys.stdin.isatty() else None
