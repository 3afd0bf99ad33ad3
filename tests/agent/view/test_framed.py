"""What all pages share, driven by Textual's own pilot: the filter, the mouse, what is drawn again."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot

from agent.view.app import Viewer
from agent.view.framed import Page
from agent.view.ink import plain
from agent.view.listbox import Listbox
from agent.view.scene import Scene
from agent.view.screens import Device, Devices, Track
from tests.pictures import scene
from tests.piloted import NAMES, played, shown


def test_a_filter_narrows_what_is_shown_until_escape() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("slash", *"camq")
        assert "has this text" in shown(app)
        await pilot.press("backspace", "enter")
        assert shown(app).count("\n") == 0
        assert "cam-2-77fe01" in shown(app)
        await pilot.press("escape")
        assert shown(app).count("\n") == 6

    played(play)


def test_keys_that_come_at_once_are_taken_in_their_order() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        for key in ("/", *"gate"):
            app.post_message(events.Key(NAMES.get(key, key), key))
        await pilot.pause()
        assert isinstance(app.screen, Devices)
        assert app.screen.wanted == "gate"
        await pilot.press("slash", "backspace", "enter", "enter", "enter")
        assert isinstance(app.screen, Track)

    played(play)


def test_a_terminal_too_small_says_so() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        assert isinstance(app.screen, Page)
        assert "too small" in plain(app.screen.query_one("#head", Listbox)._lines[0])

    played(play, (20, 4))


def picture(app: Viewer) -> tuple[int, int]:
    """The size of what the terminal is given."""
    lines = app.screen._compositor.render_strips()
    assert any(segment.text.strip() for strip in lines for segment in strip)
    return lines[0].cell_length, len(lines)


def test_only_changed_cells_are_drawn_again() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        body = app.screen.query_one("#body", Listbox)
        regions: list[int] = []
        body.refresh = lambda *found, **_: regions.extend(each.area for each in found)  # type: ignore[method-assign,assignment]
        now: Scene = scene()
        older = [each._replace(state=each.state._replace(age=8.0)) for each in now.devices]
        app.receiver.scene = now._replace(devices=tuple(older), chosen=None)
        app._told()
        await pilot.pause()
        assert 0 < sum(regions) <= 4 * 6

    played(play)


def test_the_mouse_moves_and_opens() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.click("#body", offset=(10, 2))
        assert app.screen.query_one("#body", Listbox).cursor == "cam-2-77fe01"
        await pilot.click("#body", offset=(10, 2))
        assert isinstance(app.screen, Device)

    played(play)


@pytest.mark.parametrize("size", [(80, 24), (50, 14), (200, 60), (30, 6)])
def test_every_page_is_drawn_at_every_size(size: tuple[int, int]) -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        for key in ("enter", "enter"):
            assert picture(app) == size
            await pilot.press(key)
        assert picture(app) == size

    played(play, size)
