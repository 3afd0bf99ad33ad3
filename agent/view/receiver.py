"""The thread that receives while another draws: neither ever waits for the other.

It owns the store and the connection. The drawing side tells it what is chosen, and takes the latest
scene whenever it likes; a word through a pipe makes a choice count at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Thread

from agent.view.observer import Observer
from agent.view.pace import Every
from agent.view.scene import Scene
from agent.view.subscriber import Subscriber
from collectors.api import Series

PERIOD = 0.5
"""Seconds between two scenes, and between two pictures, at least."""

PATIENCE = 1.0
"""Seconds that the end waits for the thread; connecting to a mute broker may take longer."""

Choice = tuple[str | None, Series | None, str]
Build = Callable[[ExitStack], tuple[Subscriber, Observer]]


class Receiver:
    """Receives from `start` to `stop`.

    Args:
        build: makes subscriber and observer, in the thread that uses them, and leaves what is to be
            closed on the stack.
        monotonic: seconds on a clock that only goes forward.
        told: called in the receiving thread when there is a new scene, or a fault; returns at once.

    `scene` is the latest, None before the first. `fault` is what ended the thread, None while it lives.
    """

    def __init__(self, build: Build, monotonic: Callable[[], float], told: Callable[[], object]) -> None:
        self._told = told
        self._build = build
        self._monotonic = monotonic
        self._choice: Choice = (None, None, "")
        self._ended = False
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._thread = Thread(target=self._run, name="receive", daemon=True)
        self.scene: Scene | None = None
        self.fault: Exception | None = None

    def start(self) -> None:
        """Connect and receive from now on."""
        self._thread.start()

    def choose(self, device: str | None, series: Series | None = None, model: str = "") -> None:
        """Look at this device, and this series or model of it; the next scene shows them."""
        self._choice = (device, series, model)
        self._wake()

    def stop(self) -> None:
        """End the connection; a thread that is still connecting ends by itself."""
        self._ended = True
        self._wake()
        self._thread.join(PATIENCE)
        if not self._thread.is_alive():
            os.close(self._read)
            os.close(self._write)

    def _wake(self) -> None:
        # A pipe that is full has words enough in it.
        with suppress(BlockingIOError):
            os.write(self._write, b"!")

    def _run(self) -> None:
        with ExitStack() as stack:
            try:
                self._receive(*self._build(stack))
            except Exception as fault:  # noqa: BLE001 - the drawing side says it, and ends
                self.fault = fault
                self._told()

    def _receive(self, subscriber: Subscriber, observer: Observer) -> None:
        due = Every(PERIOD)
        while not self._ended:
            woken = subscriber.step(PERIOD, (self._read,))
            if woken:
                os.read(self._read, 4096)
                observer.choose(*self._choice)
            if woken or due.due(self._monotonic()):
                self.scene = observer.scene(subscriber.state)
                self._told()
