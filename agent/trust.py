"""How far the wall clock is to be trusted: what a window is marked with.

    unsynchronised  it is surely wrong, or a time service runs that has not set it yet
    synchronised    a time service has set it
    unknown         neither is known: no time service is seen, or it tells nobody

Surely wrong is a time before this version was made, one before the newest record that was made while a time
service kept the clock (a board that begins at the time of its last shutdown), and one that no version
lives to see. The kernel's word (adjtimex) goes first where the sandbox lets it through: of chrony and ntpd
there is no other. A kernel that nobody ever told stays unsynchronised for ever on a host without a time
service, so its denial counts only beside one; and beside a chrony that has told it how wrong the clock may
be, not even there, for without `rtcsync` it is never told more.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.stats.clocks import RIGHT, UNKNOWN, WRONG
from collectors.host import Host
from collectors.timesync import EARLIEST, LATEST, Kept, kernel, marked, services

SLACK = 1.0
"""Seconds by which the clock may be behind the newest record: it may have been set back a little since."""


class Trust:
    """Asks for each window. `floor` is when the newest record that is surely dated right ended, in wall s."""

    def __init__(self, host: Host, ask: Callable[[], Kept] | None) -> None:
        """`ask` gives the kernel's account, None where there is none to be had."""
        self._host = host
        self._ask = ask
        self.floor = 0.0

    @classmethod
    def of(cls, host: Host) -> Trust:
        """The clock of this host; a kernel is asked about its own alone."""
        return cls(host, None if host.other or host.root != Path("/") else kernel)

    def quality(self, wall: float) -> str:
        """What is known of a wall clock that shows `wall` s since 1970."""
        if wall < EARLIEST:
            return WRONG
        kept = self._kernel()
        if (kept is not None and kept.synchronized) or marked(self._host):
            return RIGHT
        if wall > LATEST or wall < self.floor - SLACK or self._unset(kept):
            return WRONG
        return UNKNOWN

    def _unset(self, kept: Kept | None) -> bool:
        """Whether a time service runs that has not set the clock. chrony and ntpd leave no mark in a file:
        of them the kernel alone can tell."""
        running = services(self._host)
        if "systemd-timesyncd" in running:
            return True
        return kept is not None and bool(running) and not ("chrony" in running and kept.bounded)

    def _kernel(self) -> Kept | None:
        """The kernel's account; None where it is not to be asked."""
        if self._ask is None:
            return None
        try:
            return self._ask()
        except OSError:
            # A sandbox is for life.
            self._ask = None
            return None
