"""The list alone, in an application of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from agent.view.ink import line
from agent.view.listbox import Listbox


class Bare(App[None]):
    """A list, and what it opened."""

    def __init__(self) -> None:
        super().__init__(ansi_color=True)
        self.opened: list[object] = []

    def compose(self) -> ComposeResult:
        yield Listbox(id="list")

    def on_listbox_opened(self, event: Listbox.Opened) -> None:
        self.opened.append(event.key)


LINES = [line(f"line {n}") for n in range(40)]
STOPS = [(n, n) for n in range(1, 40, 3)]


def at(box: Listbox) -> object:
    return box.cursor


def played(play: Callable[[Pilot[None], Listbox, Bare], Awaitable[None]]) -> None:
    async def run() -> None:
        app = Bare()
        async with app.run_test(size=(20, 10)) as pilot:
            box = app.query_one(Listbox)
            box.focus()
            box.show(LINES, STOPS)
            await pilot.pause()
            await play(pilot, box, app)

    asyncio.run(run())


def test_the_cursor_goes_from_stop_to_stop_and_is_always_seen() -> None:
    async def play(pilot: Pilot[None], box: Listbox, app: Bare) -> None:
        assert at(box) == 1
        await pilot.press("down", "down", "j", "j")
        assert at(box) == 13
        assert box.scroll_offset.y <= 13 < box.scroll_offset.y + 10
        await pilot.press("end")
        assert (at(box), box.scroll_offset.y) == (37, 28)
        await pilot.press("home")
        assert (at(box), box.scroll_offset.y) == (1, 0)

    played(play)


def test_enter_says_what_the_cursor_stands_for() -> None:
    async def play(pilot: Pilot[None], box: Listbox, app: Bare) -> None:
        await pilot.press("j", "enter")
        await pilot.pause()
        assert app.opened == [4]

    played(play)


def test_the_cursor_stays_with_what_it_stood_for_else_with_its_place() -> None:
    async def play(pilot: Pilot[None], box: Listbox, app: Bare) -> None:
        await pilot.press("j", "j")
        assert at(box) == 7
        box.show(LINES, [(at, key) for at, (_, key) in zip(range(0, 40, 2), STOPS[1:], strict=False)])
        assert at(box) == 7
        box.show(LINES, [(5, "other"), (6, "another")])
        assert at(box) == "another"
        box.show(LINES, [])
        assert at(box) is None
        await pilot.press("enter")
        await pilot.pause()
        assert app.opened == []

    played(play)


def test_without_stops_it_scrolls() -> None:
    async def play(pilot: Pilot[None], box: Listbox, app: Bare) -> None:
        box.show(LINES)
        await pilot.press("j", "pagedown")
        assert box.scroll_offset.y == 11

    played(play)


def test_headings_are_jumped_to() -> None:
    async def play(pilot: Pilot[None], box: Listbox, app: Bare) -> None:
        box.jump([0, 12, 24], 1)
        assert at(box) == 13
        box.jump([0, 12, 24], 1)
        assert at(box) == 25
        box.jump([0, 12, 24], 1)
        assert at(box) == 25
        box.jump([0, 12, 24], -1)
        assert at(box) == 13

    played(play)
