"""Graphics cards as the kernel lists them: `/sys/class/drm`.

What is read here (the numbers of vendor and device, the product's name, what folders hold) the kernel knows
by itself: it wakes no card (Syllo/nvtop#230). All else is read through `Number.device`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, NoData, Series
from collectors.host import Host, label
from collectors.numbers import ASLEEP, Number, Sleeper, folders, sleeper, word

DRM = "/sys/class/drm"
MOST = 16
"""Cards."""
MOST_SAID = 32
LOOK = 60.0
POWER_CAP = "power_cap"
THERMAL = "thermal"
"""Why a GPU's clocks are held down, as `hw.gpu.throttle.reason` has it whoever made it: it drew the power
that it may for long, or was hot. Other reasons are one maker's, and keep the driver's names."""
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

    def chip(self) -> Chip | None:
        """Its sensors' chip."""
        for place in sorted(self.device.glob("hwmon/hwmon[0-9]*")):
            return Chip(place, frozenset(os.listdir(place)))
        return None


class Chip(NamedTuple):
    """A card's sensors: their folder, and what is in it."""

    folder: Path
    files: frozenset[str]


Kind = tuple[Series, str, float, float, float]
"""A series, the file of the chip that tells it, its scale, and what is the least and the most that can be."""


def sensors(card: Card, chip: Chip, kinds: Iterable[Kind]) -> list[Number]:
    """Those of the kinds that the chip has."""
    return [
        Number(series, chip.folder / file, scale, low, high, card.sleeper)
        for series, file, scale, low, high in kinds
        if file in chip.files
    ]


def temperatures(
    host: Host, card: Card, chip: Chip, metric: Metric, parts: Mapping[str, str], said: list[Absence]
) -> list[Kind]:
    """What the chip has of temperatures; a label that cannot be read is told in `said`.

    `parts` has what the driver calls a sensor, and the part of the card that it is of (empty: the card
    itself). Any other keeps its name, and the first without one is the card's.
    """
    found = []
    for channel in ("temp1", "temp2", "temp3"):
        if f"{channel}_input" in chip.files:
            name = word(host, chip.folder / f"{channel}_label", said)
            part = parts.get(name, name) if name else "" if channel == "temp1" else channel
            found.append((card.of(metric, part), f"{channel}_input", 1e-3, -100.0, 300.0))
    return found


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


class Cards:
    """The cards of one vendor, looked for each minute, and the resting of those that do nothing.

    Args:
        host: whose cards.
        vendor: its number, as the kernel writes it.
        maker: its name, for the words where there is none.
    """

    __slots__ = ("_due", "_host", "_maker", "_rests", "_vendor", "found")

    def __init__(self, host: Host, vendor: str, maker: str) -> None:
        self.found: list[Card] = []
        self._host = host
        self._vendor = vendor
        self._maker = maker
        self._rests = Rests()
        self._due = 0.0

    def due(self, now: float) -> bool:
        """Whether it is time to `look`."""
        return now >= self._due

    def look(self, now: float, numbers: Callable[[Host, Card, list[Absence]], list[Number]]) -> Looked:
        """Find the cards anew, and what there is to read of them by `numbers`.

        Raises:
            NoData: there are none.
        """
        self._due = now + LOOK
        said: list[Absence] = []
        self.found = cards(self._host, self._vendor, said)
        if not self.found and not said:
            raise NoData(f"no {self._maker} GPU in {self._host.sys / 'class/drm'}")
        self._rests.keep(self.found)
        every = [number for card in self.found for number in numbers(self._host, card, said)]
        return Looked(every, tuple(said[:MOST_SAID]))

    def resting(self, now: float) -> frozenset[Sleeper]:
        """See `Rests`."""
        return self._rests.resting(now)

    def worked(self, shares: Mapping[Card, float | None], absences: Iterable[Absence], now: float) -> None:
        """The cards were read, or found asleep.

        Args:
            shares: of the time that each worked; None where that is not known.
            absences: what the reading (`Numbers.read`) lacked.
            now: the boot clock in seconds.
        """
        asleep = {each.what for each in absences if each.reason == ASLEEP}
        for card, share in shares.items():
            if share is not None:
                self._rests.worked(card, share, now)
            elif card.id in asleep:
                self._rests.slept(card, now)


class Looked(NamedTuple):
    """What there is to read of all cards, and what of them cannot be told."""

    numbers: list[Number]
    said: tuple[Absence, ...]
