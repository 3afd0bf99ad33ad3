"""The pages driven by Textual's own pilot, over a receiver that has the made-up scene."""

from __future__ import annotations

from textual.pilot import Pilot

from agent.view.app import Viewer
from agent.view.ink import plain
from agent.view.listbox import Listbox
from agent.view.screens import NO_CAPTURE, UNTOLD, Device, Devices, Model, Track
from tests.captures import NAME
from tests.pictures import scene
from tests.piloted import played, shown


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
