"""One thread that runs the model, and the bounded queue before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")


class QueueFullError(Exception):
    """So many wait already that one more would wait in vain."""


class QueueTimeoutError(Exception):
    """It waited too long to be worth an answer."""


class Worker:
    """The thread.

    Args:
        places: how many may wait or run.
        patience: how long one may wait, s.
    """

    def __init__(self, places: int = 64, patience: float = 0.5) -> None:
        self._thread = ThreadPoolExecutor(1, "model")
        self._places, self._patience = places, patience
        self._inside = 0

    async def take(self, call: Callable[[], Answer], waited: Callable[[float], None]) -> Answer:
        """What the call answers, in its turn; `waited` is told before how many seconds that took.

        Raises:
            QueueFullError: no place left.
            QueueTimeoutError: it waited too long.
        """
        if self._inside >= self._places:
            raise QueueFullError(f"all {self._places} places in the queue are taken")
        self._inside += 1
        try:
            loop, entered = asyncio.get_running_loop(), time.perf_counter()
            return await loop.run_in_executor(self._thread, self._run, call, waited, entered)
        finally:
            self._inside -= 1

    def _run(self, call: Callable[[], Answer], waited: Callable[[float], None], entered: float) -> Answer:
        wait = time.perf_counter() - entered
        waited(wait)
        if wait > self._patience:
            raise QueueTimeoutError(f"still in the queue after {self._patience * 1000:.0f} ms")
        return call()
