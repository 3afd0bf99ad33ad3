"""What a flower truly was, told some seconds after the model was asked, as by an inspection."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path
from random import Random

from agent.demo.rotating import Lines

LATE = (1.0, 3.0)


class Inspector:
    """Knows the true species of what was asked, some seconds later.

    Args:
        path: the file of the labels.
        random: says how much later.
        late: seconds from an answer to its label, between these.
    """

    def __init__(self, path: Path, random: Random, late: tuple[float, float] = LATE) -> None:
        self._lines, self._random, self._late = Lines(path), random, late
        self._lock = threading.Lock()
        self._waiting: deque[tuple[float, str, str]] = deque()

    def sees(self, request_id: str, species: str) -> None:
        """A flower was answered; its label comes after those that are to come."""
        with self._lock:
            due = time.monotonic() + self._random.uniform(*self._late)
            self._waiting.append((due, request_id, species))

    def tells(self) -> None:
        """Write the labels that are due."""
        with self._lock:
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] <= now:
                _, request_id, species = self._waiting.popleft()
                self._lines.write({"request_id": request_id, "label": species})

    def close(self) -> None:
        """Tell nothing more."""
        self._lines.close()
