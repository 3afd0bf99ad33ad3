"""What all pages of the terminal view share: a head, a list, a foot, and a filter typed over the foot."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from agent.view.clean import clean
from agent.view.ink import Ink, Line, fit, line, spread
from agent.view.listbox import Listbox, Stop
from agent.view.receiver import Choice, Receiver
from agent.view.scene import Scene

LEAST = (30, 6)


class Viewing(App[str]):
    """An application whose pages draw what its receiver makes."""

    receiver: Receiver


class Page(Screen[None]):
    """One page; a subclass composes its picture."""

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
    def receiver(self) -> Receiver:
        """What makes the scenes that are drawn."""
        assert isinstance(self.app, Viewing)  # noqa: S101 - for the type checker
        return self.app.receiver

    @property
    def body(self) -> Listbox:
        """The list."""
        return self.query_one("#body", Listbox)

    def redraw(self) -> None:
        """Draw the latest scene."""
        scene, (width, height) = self.receiver.scene, self.size
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
        self.receiver.choose(*self.choice())
        self.redraw()

    def choice(self) -> Choice:
        """The device, and the series or the model, that this page needs in the scene."""
        return None, None, ""
