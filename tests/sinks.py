"""The real sink as a process, to be killed, stopped and started again on its store."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from agent.service.child import Child
from agent.view.fleet import FleetStore
from agent.view.settle import HOLE_AFTER
from tests.waiting import until

PROGRAM = """
import sys
from agent.view import settle
settle.HOLE_AFTER = float(sys.argv.pop(1))
from agent.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Sink:
    """`outrider sink` on a store of its own, or on one that it shares.

    Args:
        directory: its output lies there, and its store, `fleet.db`, unless `store` says where.
        url: the broker.
        arguments: more words for `sink`, such as ["--group", "g"].
        hole_after: seconds after which it asks for what it misses, where a minute is too long to wait.
    """

    def __init__(
        self,
        directory: Path,
        url: str,
        arguments: Sequence[str] = (),
        store: Path | None = None,
        hole_after: float = HOLE_AFTER,
    ) -> None:
        self.store = store or directory / "fleet.db"
        self.log = directory / "sink.log"
        self._command = [sys.executable, "-c", PROGRAM, str(hole_after)]
        self._command += ["sink", "--broker", url, "--store", str(self.store), *arguments]
        self.child = Child("sink", self._command, self.log)

    def start(self, before: Sequence[str] = ()) -> Sink:
        """Start it, again too; `before` is a command that it is run by, such as strace."""
        self.child = Child("sink", [*before, *self._command], self.log)
        self.child.start()
        return self

    def subscribed(self) -> Sink:
        """Return when deliveries come.

        Raises:
            AssertionError: it does not subscribe; its last lines are in the message.
        """
        word = f"pid {self.child.pid}"
        until(lambda: "subscribed " in self.said().partition(word)[2], self.said)
        return self

    def said(self) -> str:
        """All that it ever wrote."""
        return self.log.read_text()

    def fleet(self, name: str = "main") -> FleetStore:
        """Its store, beside it."""
        return FleetStore.open(self.store, name)

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        self.child.kill()

    def close(self) -> None:
        """End it if it runs."""
        if self.child.started:
            self.child.stop()
