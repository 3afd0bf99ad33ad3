"""The wear of the flash: what is written, counted and told, and the budget that it is held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agent.flash import Flash
from agent.judge.thrift import Thrift
from collectors.api import Attributes
from collectors.tally import Tally

DEVICE = "outrider.disk.device.written"
LEFT = "outrider.disk.budget.left"
MB = 1e6


class Turn(NamedTuple):
    """The budget begins, or ceases, to run short: an event."""

    name: str
    text: str
    attributes: Attributes


class Wear:
    """Counts for the writer. `thrift` says when to write; `open_flash` finds the counts, once the store is
    there."""

    def __init__(self, thrift: Thrift, open_flash: Callable[[], Flash], tally: Tally) -> None:
        self.thrift = thrift
        self._open = open_flash
        self._flash: Flash
        self._tally = tally
        for name in (DEVICE, LEFT):
            tally.describe(name, "By")

    @property
    def thrifty(self) -> bool:
        """Whether the budget runs short."""
        return self.thrift.thrifty

    def begin(self, saved: bytes, now: float, wall: float, owed: int) -> None:
        """Count from now on, and go on from what the store kept; its log holds what is `owed`. What it took
        to make or to resize the file is written once, and is none of a day's budget."""
        self._flash = self._open()
        self.thrift.restore(saved, wall)
        self.thrift.look(now, self._flash.counted()._replace(owed=owed))

    def look(self, now: float, owed: int) -> tuple[int, Turn | None]:
        """Bytes that were written or became owed since the look before, and what that changed."""
        before = self.thrifty
        grown = self.thrift.look(now, self._flash.counted()._replace(owed=owed))
        if grown.device is not None:
            self._tally.add(DEVICE, grown.device)
        self._tally.set(LEFT, self.thrift.left)
        return grown.charge, self._turn() if self.thrifty != before else None

    def _turn(self) -> Turn:
        thrift = self.thrift
        name, pace, done = (
            (
                "flash.thrifty",
                "faster than",
                "windows share commits, an hour late at most, and get coarser if that is not enough",
            )
            if thrift.thrifty
            else ("flash.eased", "within", "each window is committed as it ends again")
        )
        spent, budget = f"{thrift.spent / MB:.1f} MB", f"{thrift.a_day / MB:g} MB"
        told = f"store.write_budget ({budget} a day; {spent} in the last 24 hours)"
        text = f"the disk is written {pace} {told}: {done}"
        numbers = (("spent", thrift.spent), ("device", thrift.device), ("budget", round(thrift.a_day)))
        return Turn(name, text, tuple((key, str(value)) for key, value in numbers))
