"""Waiting for what nothing tells: a condition, asked again and again until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 30.0
PAUSE = 0.05


def until(what: Callable[[], bool], why: Callable[[], object] = str, within: float = PATIENCE) -> None:
    """Return when it is so.

    Raises:
        AssertionError: it was not so within that many seconds; `why` says what was instead.
    """
    end = time.monotonic() + within
    while not what():
        assert time.monotonic() < end, f"not within {within:g} s: {why()}"
        time.sleep(PAUSE)
