"""The application driven by Textual's own pilot: help, and its end."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from agent.view.app import Help, Viewer
from agent.view.ink import plain
from agent.view.listbox import Listbox
from agent.view.screens import Devices
from tests.piloted import played


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
