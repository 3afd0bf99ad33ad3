"""The end of a daemon whose sink is to have everything."""

from __future__ import annotations

import time

from agent.view.fleet import FleetStore
from tests.agreement import arrived
from tests.daemons import Daemon
from tests.waiting import until

LATE, PATIENCE = 5.0, 60.0
"""Seconds that what was sent before a stop may take to the sink, and that all takes from the next life."""


def ended(daemon: Daemon, fleet: FleetStore, device: str) -> None:
    """Stop the daemon. What a stop has no time to send, the next life sends.

    Raises:
        AssertionError: something is on its way after three lives.
    """
    for _ in range(3):
        assert daemon.stop() == 0
        end = time.monotonic() + LATE
        while time.monotonic() < end:
            if arrived(daemon.state, fleet, device):
                return
            time.sleep(0.1)
        daemon.start()
        until(lambda: arrived(daemon.state, fleet, device), daemon.child.tail, PATIENCE)
    raise AssertionError("what was given has not arrived")
