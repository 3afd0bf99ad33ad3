"""Batteries and what they are charged by: `/sys/class/power_supply`
(Documentation/ABI/testing/sysfs-class-power).

Batteries of a mouse or a keyboard (`scope` Device) are not the host's: asking them goes by radio and may
take seconds. Of supplies only `online` is told: what a USB-C port says of voltage and current is what was
agreed upon, not measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, Series
from collectors.host import Host, Kept, printable
from collectors.numbers import Number, word
from collectors.power.rails import CURRENT, MOST_A, MOST_V, MOST_W, POWER, VOLTAGE, Product

CLASS = "class/power_supply"
SOURCE = f"/sys/{CLASS}"
MOST = 16
"""Supplies, batteries among them."""

WHO = ("hw.id", "hw.name")
CHARGE = Metric(
    "hw.battery.charge", "1", "gauge", WHO, f"{SOURCE}/*/capacity", "Share of the charge that is left."
)
ENERGY = Metric("hw.battery.energy", "J", "gauge", WHO, f"{SOURCE}/*/energy_now", "Energy that is left.")
LIMIT = Metric(
    "hw.battery.energy.limit",
    "J",
    "gauge",
    WHO,
    f"{SOURCE}/*/energy_full",
    "Energy of the battery when full.",
)
HEALTH = Metric(
    "hw.battery.health",
    "1",
    "gauge",
    WHO,
    f"{SOURCE}/*/energy_full, charge_full",
    "What the battery holds when full, as a share of what it was made for.",
)
CYCLES = Metric(
    "hw.battery.cycles",
    "{cycle}",
    "gauge",
    WHO,
    f"{SOURCE}/*/cycle_count",
    "Times it was charged, as it counts.",
)
STATUS = Metric(
    "hw.status",
    "1",
    "gauge",
    (*WHO, "hw.state"),
    f"{SOURCE}/*/status",
    "1 if the battery is in this state, else 0.",
)
ONLINE = Metric(
    "hw.power_supply.online",
    "1",
    "gauge",
    WHO,
    f"{SOURCE}/*/online",
    "1 while power comes in by this way, else 0.",
)
METRICS = (CHARGE, ENERGY, LIMIT, HEALTH, CYCLES, STATUS, ONLINE)

STATES = ("charging", "discharging", "not_charging", "full")
BATTERIES = ("Battery", "UPS")
JOULES = 3600e-6  # in a millionth of a watt hour
MOST_J = 1e12
HEALTHIEST = 2.0  # a new battery holds a little more than it says
MOST_CYCLES = 1e5


class State(NamedTuple):
    """A word, and the series that it is told by: one for each of `STATES`, or `online`'s own."""

    path: Path
    series: tuple[Series, ...]


class Found(NamedTuple):
    """What the supplies of a host tell."""

    numbers: list[Number]
    products: list[Product]
    states: list[State]


def supplies(host: Host, said: list[Absence]) -> Found:
    """All of them."""
    found = Found([], [], [])
    try:
        names = sorted(host.list(host.sys / CLASS))
    except FileNotFoundError:
        return found
    for name in names[:MOST]:
        folder = host.sys / CLASS / name
        kind = word(host, folder / "type", said)
        who = {"hw.id": printable(name), "hw.name": printable(name)}
        if kind not in BATTERIES:
            if (folder / "online").exists():
                found.states.append(State(folder / "online", (ONLINE.of(**who),)))
        elif word(host, folder / "scope") != "Device" and word(host, folder / "present") != "0":
            parts = [word(host, folder / each, said) for each in ("manufacturer", "model_name")]
            who["hw.name"] = " ".join(filter(None, parts)) or who["hw.name"]
            battery(host, folder, who, found, said)
    return found


def battery(host: Host, folder: Path, who: dict[str, str], found: Found, said: list[Absence]) -> None:
    """Add what a battery tells."""
    kinds = (
        (CHARGE, "capacity", 0.01, 0.0, 1.0),
        (ENERGY, "energy_now", JOULES, 0.0, MOST_J),
        (LIMIT, "energy_full", JOULES, 0.0, MOST_J),
        (VOLTAGE, "voltage_now", 1e-6, 0.0, MOST_V),
        (CURRENT, "current_now", 1e-6, -MOST_A, MOST_A),
        (POWER, "power_now", 1e-6, -MOST_W, MOST_W),
    )
    there = {file for _, file, *_ in kinds if (folder / file).exists()}
    for metric, file, scale, low, high in kinds:
        if file in there:
            found.numbers.append(Number(metric.of(**who), folder / file, scale, low, high))
    if "power_now" not in there and {"voltage_now", "current_now"} <= there:
        found.products.append(Product(POWER.of(**who), VOLTAGE.of(**who), CURRENT.of(**who)))
    for kind in ("energy", "charge"):
        design = word(host, folder / f"{kind}_full_design", said)
        if design.isdecimal() and int(design) and (folder / f"{kind}_full").exists():
            scale = 1 / int(design)
            found.numbers.append(Number(HEALTH.of(**who), folder / f"{kind}_full", scale, 0.0, HEALTHIEST))
    # 0 is what is said where nobody counts.
    if word(host, folder / "cycle_count", said) not in ("", "0"):
        found.numbers.append(Number(CYCLES.of(**who), folder / "cycle_count", 1.0, 0.0, MOST_CYCLES))
    if (folder / "status").exists():
        series = tuple(STATUS.of(**who, **{"hw.state": state}) for state in STATES)
        found.states.append(State(folder / "status", series))


def parse(state: State, text: bytes) -> list[int]:
    """0 or 1 for each series of the state.

    Raises:
        ValueError: the word is none that is known.
    """
    told = text.strip().decode("ascii", "replace").lower().replace(" ", "_")
    if len(state.series) == 1:
        if told not in ("0", "1", "2"):  # 2: on, and its voltage is settled
            raise ValueError(f"{state.path}: {told[:40]!a} is neither on nor off")
        return [int(told != "0")]
    if told not in STATES:
        raise ValueError(f"{state.path}: the state is {told[:40]!a}")
    return [int(told == each) for each in STATES]


class States:
    """Keeps the words' files open."""

    __slots__ = ("_files", "_states", "series")

    def __init__(self) -> None:
        self._states: list[State] = []
        self._files: list[Kept] = []
        self.series: tuple[Series, ...] = ()

    def arrange(self, host: Host, states: list[State]) -> None:
        """Read these from now on."""
        if states != self._states:
            self.close()
            self._states = states
            self._files = [host.open(each.path) for each in states]
            self.series = tuple(series for each in states for series in each.series)

    def read(self) -> tuple[list[int | None], tuple[Absence, ...]]:
        """The value of each series; None with an absence for a word that cannot be read."""
        values: list[int | None] = []
        absences: tuple[Absence, ...] = ()
        for state, file in zip(self._states, self._files, strict=True):
            try:
                values += parse(state, file.read())
            except (OSError, ValueError) as error:
                values += [None] * len(state.series)
                absences += (Absence(state.series[0].name, printable(str(error))),)
        return values, absences

    def close(self) -> None:
        """Give the descriptors back."""
        for file in self._files:
            file.close()
