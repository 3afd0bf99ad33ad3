"""Graphics cards as the kernel lists them: `/sys/class/drm`.

What is read here (the numbers of vendor and device, the product's name, what folders hold) the kernel knows
by itself: it wakes no card (Syllo/nvtop#230). All else is read through `Number.device`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, Series
from collectors.host import Host, label
from collectors.numbers import Sleeper, folders, sleeper, word

DRM = "/sys/class/drm"
MOST = 16
"""Cards."""
IDLE = 10.0
REST = 30.0
"""Seconds. A card that may sleep and did nothing for `IDLE` is left alone for `REST` at a time: each read
begins its wait (5 s of amdgpu, 10 s of i915) anew, and one each 5 s would keep it awake for ever."""


class Card(NamedTuple):
    """A card.

    Args:
        folder: `/sys/class/drm/card0`.
        device: the folder of its device.
        id: its address on the PCI bus.
        name: of the product; without one, the numbers of vendor and device.
        sleeper: the device, if it may sleep.
    """

    folder: Path
    device: Path
    id: str
    name: str
    sleeper: Sleeper | None

    def of(self, metric: Metric, part: str = "", **more: str) -> Series:
        """The series of `metric` for the card or a part of it; `more` are the attributes after its own."""
        who = {"hw.id": self.id, "hw.name": self.name}
        if part:
            who = {"hw.id": f"{self.id}/{part}", "hw.name": f"{self.name} {part}"}
        return metric.of(**who, **more)

    def sensors(self) -> tuple[Path, frozenset[str]] | None:
        """The folder of its sensors' chip, and what is in it."""
        for place in sorted(self.device.glob("hwmon/hwmon[0-9]*")):
            return place, frozenset(os.listdir(place))
        return None


def cards(host: Host, vendor: str, said: list[Absence]) -> list[Card]:
    """The cards of a vendor (`0x1002`); what cannot be read of any is told in `said`."""
    found = []
    for folder in folders(host, host.sys / "class/drm", r"card(\d+)")[:MOST]:
        device = folder / "device"
        if word(host, device / "vendor", said) == vendor:
            found.append(card(host, folder, device, vendor, said))
    return found


def card(host: Host, folder: Path, device: Path, vendor: str, said: list[Absence]) -> Card:
    """The card in a folder."""
    address = label(os.fsencode(Path(os.path.realpath(device)).name))
    product = word(host, device / "product_name", said)
    number = word(host, device / "device", said)
    name = product or f"{vendor[2:]}:{number[2:]}"
    gate = sleeper(host, device, address)
    return Card(folder, device, address, name, gate)


class Rests:
    """Which cards are left alone, and until when."""

    __slots__ = ("_busy", "_until")

    def __init__(self) -> None:
        self._busy: dict[Sleeper, float] = {}
        self._until: dict[Sleeper, float] = {}

    def resting(self, now: float) -> frozenset[Sleeper]:
        """Those that are not to be read now."""
        return frozenset(each for each, until in self._until.items() if now < until)

    def worked(self, card: Card, share: float, now: float) -> None:
        """A card was read, and worked for this share of the time."""
        if card.sleeper is None:
            return
        if share > 0.0 or now < self._busy.setdefault(card.sleeper, now) + IDLE:
            self._until.pop(card.sleeper, None)
        else:
            self._until[card.sleeper] = now + REST
        if share > 0.0:
            self._busy[card.sleeper] = now

    def slept(self, card: Card, now: float) -> None:
        """A card sleeps: who wakes it has something for it to do."""
        if card.sleeper is not None:
            self._busy[card.sleeper] = now
            self._until.pop(card.sleeper, None)

    def keep(self, cards: list[Card]) -> None:
        """Forget all but these."""
        there = {card.sleeper for card in cards}
        for known in (self._busy, self._until):
            for each in known.keys() - there:
                del known[each]
