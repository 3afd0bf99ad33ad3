"""The application driven by Textual's own pilot, over a receiver that has the made-up scene."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest
from textual import events
from textual.pilot import Pilot

from agent.view.app import NO_CAPTURE, UNTOLD, Device, Devices, Help, Model, Page, Track, Viewer
from agent.view.ink import plain
from agent.view.joined import joined
from agent.view.listbox import Listbox
from agent.view.observer import Observer
from agent.view.receiver import Receiver
from agent.view.scene import Scene
from agent.view.subscriber import Subscriber
from collectors.api import Series
from tests.captures import NAME
from tests.pictures import EVENTS, HEAT, board, scene, shots, track

NAMES = {"/": "slash"}
Play = Callable[[Pilot[str], Viewer], Awaitable[None]]


class Still(Receiver):
    """Receives nothing: the scene stands, and what is chosen is in it."""

    def start(self) -> None:
        """Begin with the whole scene."""
        self.scene = scene()._replace(chosen=None, track=None)
        self._told()

    def stop(self) -> None:
        """There is no thread to end."""

    def choose(self, device: str | None, series: Series | None = None, model: str = "") -> None:
        """The scene of this choice, at once."""
        self.chosen = (device, series)
        found = tuple(shot for shot in shots(series) if shot.held) if series else ()
        shown = track(series)._replace(captures=found) if series else None
        whole = scene().chosen
        assert whole is not None
        self.scene = scene()._replace(
            track=shown,
            chosen=whole._replace(captures=shots(HEAT), joined=joined(model, board().windows, EVENTS)),
        )
        self._told()


def nothing(_stack: ExitStack) -> tuple[Subscriber, Observer]:
    raise NotImplementedError


def played(play: Play, size: tuple[int, int] = (80, 24)) -> str | None:
    """Run the application of this size, and what was done with it; why it ended."""
    app = Viewer(nothing, time.monotonic)
    app.receiver = Still(nothing, time.monotonic, app._told)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await play(pilot, app)

    asyncio.run(run())
    return app.return_value


def shown(app: Viewer) -> str:
    """What the list shows, all of it."""
    return "\n".join(plain(each) for each in app.screen.query_one("#body", Listbox)._lines)


def test_keys_lead_from_the_fleet_to_a_series_and_back() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        assert isinstance(app.screen, Devices)
        assert "gate-7-ab12cd" in shown(app)
        await pilot.press("enter")
        assert isinstance(app.screen, Device)
        assert "── alerts" in shown(app)
        await pilot.press("enter")
        assert isinstance(app.screen, Track)
        assert "20m ago" in shown(app)
        await pilot.press("escape")
        assert isinstance(app.screen, Device)
        await pilot.press("escape", "escape")
        assert isinstance(app.screen, Devices)

    played(play)


def test_brackets_lead_to_the_next_heading_and_the_next_series() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("enter")
        body = app.screen.query_one("#body", Listbox)
        first = body.cursor
        await pilot.press("right_square_bracket", "right_square_bracket")
        later = body.cursor
        assert later != first
        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert body.cursor == first
        await pilot.press("enter")
        assert isinstance(app.screen, Track)
        await pilot.press("right_square_bracket")
        assert app.screen.series.name == "outrider.up"
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert app.screen.series.name == "hw.temperature"

    played(play)


def test_a_model_at_a_glance_opens_its_page_and_errors_their_series() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("enter")
        page = shown(app)
        assert "api resnet" in page
        assert "no memory for batch [*] of [*]" in page
        assert "such as: no memory\ufffd for batch 7 of [email]" in page
        await pilot.press("right_square_bracket", "right_square_bracket", "enter")
        assert isinstance(app.screen, Model)
        page = shown(app)
        assert "no memory for batch [*] of [*]" in page
        assert "  requests 200" in page
        assert "queue length" not in page
        await pilot.press("slash", *"503", "enter")
        assert "  requests 200" not in shown(app)
        await pilot.press("enter")
        assert isinstance(app.screen, Track)
        assert app.screen.series.name == "model.errors"
        await pilot.press("escape")
        assert isinstance(app.screen, Model)
        await pilot.press("escape", "escape", "right_square_bracket", "enter")
        assert isinstance(app.screen, Track)
        assert app.screen.series.name == "model.errors.template"
        assert "latest window: 51 seen" in shown(app)

    played(play)


def test_the_page_of_a_model_that_nobody_tells_of_says_so() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("enter")
        await app.push_screen(Model("gate-7-ab12cd", "none"))
        await pilot.pause()
        assert UNTOLD in shown(app)
        await pilot.press("escape")
        assert "── alerts" in shown(app)

    played(play)


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


def test_the_mouse_moves_and_opens() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.click("#body", offset=(10, 2))
        assert app.screen.query_one("#body", Listbox).cursor == "cam-2-77fe01"
        await pilot.click("#body", offset=(10, 2))
        assert isinstance(app.screen, Device)

    played(play)


def test_the_cursor_stays_with_its_device_when_others_come() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("j", "j")
        body = app.screen.query_one("#body", Listbox)
        assert body.cursor == "cam-2-77fe01"
        now = scene()
        app.receiver.scene = now._replace(devices=now.devices[:1])
        app._told()
        await pilot.pause()
        assert body.cursor == "cam-2-77fe01"
        app.receiver.scene = now
        app._told()
        await pilot.pause()
        assert body.cursor == "cam-2-77fe01"

    played(play)


def test_help_tells_the_keys_and_goes() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        told = "\n".join(plain(each) for each in app.screen.query_one(Listbox)._lines)
        assert "PgUp" in told or "Page Up" in told
        await pilot.press("escape")
        assert isinstance(app.screen, Devices)

    played(play)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_it_ends_when_it_is_told_to(key: str) -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press(key)
        assert not app.is_running or app._exit

    assert played(play) is None


def test_it_ends_when_nothing_is_received_any_more() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        app.receiver.fault = OSError("disk I/O error")
        app._told()
        await pilot.pause()

    assert played(play) == "OSError: disk I/O error"


@pytest.mark.parametrize("size", [(80, 24), (50, 14), (200, 60), (30, 6)])
def test_every_page_is_drawn_at_every_size(size: tuple[int, int]) -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        for key in ("enter", "enter"):
            assert picture(app) == size
            await pilot.press(key)
        assert picture(app) == size

    played(play, size)


def picture(app: Viewer) -> tuple[int, int]:
    """The size of what the terminal is given."""
    lines = app.screen._compositor.render_strips()
    assert any(segment.text.strip() for strip in lines for segment in strip)
    return lines[0].cell_length, len(lines)


def test_a_terminal_too_small_says_so() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        assert isinstance(app.screen, Page)
        assert "too small" in plain(app.screen.query_one("#head", Listbox)._lines[0])

    played(play, (20, 4))


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


def top_line(app: Viewer) -> str:
    return plain(app.screen.query_one("#body", Listbox)._lines[0])


def test_a_capture_opens_from_the_page_of_the_device_and_c_leads_through_them() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("enter")
        assert "── captures" in shown(app)
        body = app.screen.query_one("#body", Listbox)
        key = next(key for _, key in body._stops if isinstance(key, tuple) and key[2] == NAME)
        body.point_at(key)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Track)
        assert top_line(app).startswith(f"◆ {NAME}  too-hot the board will throttle  -120s +60s")
        assert "22:14:19      90°C" in shown(app)
        await pilot.press("c")
        assert top_line(app).startswith("◆ 20231114T220000Z-0001  command")
        await pilot.press("c")
        assert top_line(app).startswith("hw.temperature")
        assert "◆ capture (c)" in shown(app)
        await pilot.press("c")
        assert top_line(app).startswith(f"◆ {NAME}")
        await pilot.press("escape")
        assert isinstance(app.screen, Device)

    played(play, (120, 40))


def test_a_series_without_captures_has_its_windows_alone() -> None:
    async def play(pilot: Pilot[str], app: Viewer) -> None:
        await pilot.press("enter")
        await pilot.press("/", *"load", "enter")
        body = app.screen.query_one("#body", Listbox)
        body.point_at(next(key for _, key in body._stops))
        await pilot.press("enter")
        await pilot.pause()
        before, foot = shown(app), app.screen.query_one("#foot", Listbox)
        assert NO_CAPTURE not in plain(foot._lines[0])
        await pilot.press("c")
        assert plain(foot._lines[0]).startswith(NO_CAPTURE)
        assert shown(app) == before

    played(play, (120, 40))
