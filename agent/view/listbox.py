"""A Textual widget of inked lines: scrolled, with a cursor that stops at some, redrawn where it changed.

Only lines that differ from the picture before are written to the terminal, and of those nothing behind the
last cell that does: over a slow line, an age that counts up costs part of a line, not a screen.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from agent.view.ink import STYLES, Line, changed

INK = {name: Style.parse(" ".join(words)) for name, words in STYLES.items()}
CHOSEN = INK["chosen"]
FAR = 10**6

Stop = tuple[int, Hashable]
"""A line where the cursor may stand, and what it stands for: that keeps the cursor when lines move."""


class Listbox(ScrollView, can_focus=True):
    """Shows what `show` was last told."""

    class Opened(Message):
        """Enter, or a click on the line of the cursor; `key` is what it stands for."""

        def __init__(self, key: Hashable) -> None:
            self.key = key
            super().__init__()

    DEFAULT_CSS = """
    Listbox {
        height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1;
        scrollbar-color: ansi_bright_black; scrollbar-background: ansi_default;
        scrollbar-color-hover: ansi_white; scrollbar-background-hover: ansi_default;
        scrollbar-color-active: ansi_white; scrollbar-background-active: ansi_default;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", show=False),
        Binding("k,up", "step(-1)", show=False),
        Binding("pagedown,space", "step(10)", show=False),
        Binding("pageup", "step(-10)", show=False),
        Binding("g,home", f"step({-FAR})", show=False),
        Binding("G,end", f"step({FAR})", show=False),
        Binding("enter,l,right", "open", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._stops: Sequence[Stop] = ()
        self._cursor: Hashable = None
        self._place = 0

    @property
    def cursor(self) -> Hashable:
        """What the cursor stands for; None where it stands nowhere."""
        return self._cursor

    def show(self, lines: Sequence[Line], stops: Sequence[Stop] = ()) -> None:
        """Show these lines instead. The cursor stays with what it stood for, else where it stood."""
        before, place = self._lines, self._line_of_cursor()
        self._lines, self._stops = lines, stops
        self._find_cursor()
        size = Size(self.size.width, len(lines))
        if size != self.virtual_size:
            self.virtual_size = size
        now = self._line_of_cursor()
        if place != now:
            self._follow()
        top, height = self.scroll_offset.y, self.size.height
        for y in range(top, top + height):
            old, new = (each[y] if y < len(each) else () for each in (before, lines))
            cells = (0, self.size.width) if y in (place, now) and place != now else changed(old, new)
            if cells is not None:
                self.refresh(Region(cells[0], y - top, cells[1] - cells[0], 1))

    def point_at(self, key: Hashable) -> None:
        """Put the cursor at what stands for this, once it is shown."""
        self._cursor = key
        self._find_cursor()
        self._follow()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line of the viewport, for Textual."""
        at = y + self.scroll_offset.y
        width = self.size.width
        pieces = self._lines[at] if at < len(self._lines) else ()
        # Styles in reverse would be hard to read; what they say, the marks say too.
        chosen = at == self._line_of_cursor() and self.has_focus
        segments = [Segment(piece.text, CHOSEN if chosen else INK[piece.style]) for piece in pieces]
        return Strip(segments).adjust_cell_length(width, CHOSEN if chosen else None)

    def action_step(self, by: int) -> None:
        """Move the cursor by so many stops; where there is none, scroll."""
        if not self._stops:
            self.scroll_to(y=self.scroll_offset.y + by, animate=False)
            return
        self._go(self._place + by)

    def action_open(self) -> None:
        """Say what the cursor stands for."""
        if self._cursor is not None:
            self.post_message(self.Opened(self._cursor))

    def jump(self, places: Sequence[int], by: int) -> None:
        """Move the cursor to the first stop behind the next of these lines, or the one before it."""
        here = self._line_of_cursor()
        starts = [next((n for n, (at, _) in enumerate(self._stops) if at >= line), None) for line in places]
        found = [n for n in starts if n is not None and (self._stops[n][0] - here) * by > 0]
        if found:
            self._go(min(found) if by > 0 else max(found))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, one where it stands opens."""
        at = event.y + self.scroll_offset.y
        place = next((n for n, (line, _) in enumerate(self._stops) if line == at), None)
        if place is None:
            return
        if place == self._place and self.has_focus:
            self.action_open()
        self._go(place)

    def _go(self, place: int) -> None:
        before = self._line_of_cursor()
        self._place = max(0, min(len(self._stops) - 1, place))
        self._cursor = self._stops[self._place][1]
        self._follow()
        self.refresh_line(before)
        self.refresh_line(self._line_of_cursor())

    def _find_cursor(self) -> None:
        keys = [key for _, key in self._stops]
        if self._cursor in keys:
            self._place = keys.index(self._cursor)
        else:
            self._place = max(0, min(self._place, len(keys) - 1))
            self._cursor = keys[self._place] if keys else None

    def _line_of_cursor(self) -> int:
        return self._stops[self._place][0] if self._place < len(self._stops) else -1

    def _follow(self) -> None:
        """Scroll so that the cursor is seen, with what stands above the first stop."""
        at, height, top = self._line_of_cursor(), self.size.height, self.scroll_offset.y
        first = 0 if self._place == 0 else at - 1
        if first < top:
            self.scroll_to(y=max(0, first), animate=False)
        elif at >= top + height:
            self.scroll_to(y=at - height + 1, animate=False)
