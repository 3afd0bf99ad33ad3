"""The terminal view over a made-up scene, driven by Textual's own pilot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from textual.pilot import Pilot

from agent.view.app import Viewer
from agent.view.ink import plain
from agent.view.joined import joined
from agent.view.listbox import Listbox
from agent.view.observer import Observer
from agent.view.receiver import Receiver
from agent.view.subscriber import Subscriber
from collectors.api import Series
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
