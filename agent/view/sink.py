"""The durable receiver: takes what devices send, keeps it in a file, answers, and says what it sees."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from agent.ship.records import Key
from agent.stats.frame import Content
from agent.view.clean import clean
from agent.view.fleet import FleetStore
from agent.view.subscriber import Subscriber
from collectors.tally import Tally

PERIOD = 1.0
RETENTION_PERIOD = 60.0


class Journal:
    """The lines that a sink or a view prints, one an occurrence, cleaned and flushed at once."""

    def __init__(self, out: TextIO, *, verbose: bool, verb: str = "sink") -> None:
        self._out = out
        self._verb = verb
        self._verbose = verbose

    def say(self, name: str, device: str, text: str) -> None:
        """A notice: what, of whom, and the rest of it."""
        self.line(f"{name} {device + ': ' if device else ''}{text}")

    def applied(self, device: str, key: Key, content: Content) -> None:
        """A record newly held; printed if verbose."""
        if self._verbose:
            series = len({series for frame in content.frames for series in frame.windows})
            self.line(f"held {device}: {key.stream} {key.first}-{key.last}, {series} series")

    def line(self, text: str) -> None:
        """Any line."""
        self._out.write(f"outrider {self._verb}: {clean(text, 1000)}\n")
        self._out.flush()


def serve(
    subscriber: Subscriber, store: FleetStore, wall: Callable[[], float], retain: float, journal: Journal
) -> None:
    """Receive until an interrupt; end records older than `retain` seconds (0: never) each minute.

    Raises:
        KeyboardInterrupt: Ctrl-C, or whatever signal the caller turned into it.
        sqlite3.DatabaseError: the store is broken.
    """
    swept = float("-inf")
    while True:
        subscriber.step(PERIOD)
        now = wall()
        if retain and not 0 <= now - swept < RETENTION_PERIOD:
            swept = now
            with suppress(sqlite3.OperationalError):  # busy or full: in a minute again
                ended = store.retain(now - retain)
                if ended:
                    journal.line(f"retention ended {ended} records older than {retain:.0f} s")


def summary(tally: Tally) -> str:
    """What the sink did, in one line."""
    counts: dict[str, float] = {}
    refused: dict[str, float] = {}
    for name, attributes, _, value in tally.snapshot():
        counts[name] = counts.get(name, 0) + value
        if name == "outrider.sink.refused":
            refused[dict(attributes)["reason"]] = value
    reasons = ", ".join(f"{reason} {n:.0f}" for reason, n in sorted(refused.items()))
    return (
        f"ended; {counts.get('outrider.sink.messages', 0):.0f} messages, "
        f"{counts.get('outrider.sink.records', 0):.0f} new records, "
        f"{counts.get('outrider.sink.refused', 0):.0f} refused{f' ({reasons})' if reasons else ''}"
    )
