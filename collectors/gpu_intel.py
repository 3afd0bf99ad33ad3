"""Intel GPUs: what the kernel's drivers i915 and xe show in `/sys/class/drm`.

A GPU has one or more GTs, each a group of engines with a clock and a power gate of its own. How long a gate
was closed is counted (RC6), so that the share of the time in which the busiest GT's was open is the
utilization told here. It is an upper bound: a GT is awake for a while after its work. What the engines did in
earnest is only in `/proc/PID/fdinfo` of every process that holds the card (`drm-engine-*`), of which a daemon
without privileges may read its own alone, and a search through all of them costs more than all else here;
or in performance counters, which want CAP_PERFMON.

Memory is not in `/sys` either; that of watched processes is told by the collector `processes`. A card that
sleeps is not woken (xe would, for every read), and one that is idle is left alone so that it can fall asleep
(`collectors.drm`).
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, Reading, Registration, Series
from collectors.drm import DRM, POWER_CAP, THERMAL, Card, Cards, Kind, sensors, temperatures
from collectors.host import Host
from collectors.numbers import Number, Numbers, Sleeper, folders

VENDOR = "0x8086"
MOST_GTS = 8

WHO = ("hw.id", "hw.name")
CARD = f"{DRM}/card*"
UTILIZATION = Metric(
    "hw.gpu.utilization",
    "1",
    "gauge",
    (*WHO, "hw.gpu.task"),
    f"{CARD}/gt/gt*/rc6_residency_ms, {CARD}/device/tile*/gt*/gtidle/idle_residency_ms",
    "Share of the time since the poll before in which the busiest GT was not gated: an upper bound.",
)
CLOCK = Metric(
    "hw.gpu.clock.frequency",
    "Hz",
    "gauge",
    (*WHO, "hw.gpu.clock"),
    f"{CARD}/gt/gt*/rps_act_freq_mhz, {CARD}/gt_act_freq_mhz, {CARD}/device/tile*/gt*/freq0/act_freq",
    "Clock frequency as it is: of the first GT (graphics), and the others. 0 while it is gated.",
)
THROTTLED = Metric(
    "hw.gpu.throttled",
    "1",
    "gauge",
    (*WHO, "hw.gpu.throttle.reason"),
    f"{CARD}/gt/gt0/throttle_reason_*, {CARD}/device/tile0/gt0/freq0/throttle/reason_*",
    "1 while the first GT's clock is held down for this reason, else 0.",
)
TEMPERATURE = Metric(
    "hw.temperature",
    "Cel",
    "gauge",
    WHO,
    f"{CARD}/device/hwmon/*/temp*_input",
    "Temperature of the GPU, and of its memory; of cards only.",
)
POWER = Metric(
    "hw.power",
    "W",
    "gauge",
    WHO,
    f"{CARD}/device/hwmon/*/energy1_input",
    "Power drawn, averaged since the poll before; of cards only.",
)
POWER_LIMIT = Metric(
    "hw.power.limit", "W", "gauge", WHO, f"{CARD}/device/hwmon/*/power1_max", "Power at which it throttles."
)
ENERGY = Metric(
    "hw.energy",
    "J",
    "counter",
    WHO,
    f"{CARD}/device/hwmon/*/energy1_input",
    "Energy used since the driver was loaded; of cards only.",
)
FAN = Metric("hw.fan.speed", "rpm", "gauge", WHO, f"{CARD}/device/hwmon/*/fan1_input", "Speed of its fan.")
METRICS = (UTILIZATION, TEMPERATURE, POWER, POWER_LIMIT, ENERGY, CLOCK, THROTTLED, FAN)

HIGHEST = 1e11  # Hz
STRONGEST = 1e4  # W
LONGEST = 1e13  # ms
NOISE = 0.02  # of the time a GPU that does nothing is awake, by the count's grain and the reads themselves
LATER = "it is the change of a count since a poll before; there was none, or it went back"
PARTS = {"pkg": "", "vram": "memory"}
# What the drivers call pl1 is the power that it may draw for long; a hot voltage regulator has two names.
REASONS = {"pl1": POWER_CAP, "thermal": THERMAL, "vr_thermalert": "vr_thermal"}
# That anything holds the clock down, which the others say with the reason.
NO_REASON = frozenset(("status",))


class Gt(NamedTuple):
    """A group of engines: its number, and its files."""

    number: int
    clock: Path
    gated: Path
    reasons: tuple[tuple[str, Path], ...]


def gts(host: Host, card: Card) -> list[Gt]:
    """Those of a card, as its driver and its age show them."""
    found = []
    for tile in folders(host, card.device, r"tile(\d+)"):
        for gt in folders(host, tile, r"gt(\d+)"):
            clock, gated = gt / "freq0/act_freq", gt / "gtidle/idle_residency_ms"
            found.append(Gt(int(gt.name[2:]), clock, gated, reasons(gt / "freq0/throttle", "reason_")))
    for gt in folders(host, card.folder / "gt", r"gt(\d+)"):
        clock, gated = gt / "rps_act_freq_mhz", gt / "rc6_residency_ms"
        found.append(Gt(int(gt.name[2:]), clock, gated, reasons(gt, "throttle_reason_")))
    if not found:  # before Linux 6.0
        found = [Gt(0, card.folder / "gt_act_freq_mhz", card.folder / "power/rc6_residency_ms", ())]
    return found[:MOST_GTS]


def reasons(folder: Path, prefix: str) -> tuple[tuple[str, Path], ...]:
    """Why a clock may be held down: a name, and a file with 0 or 1."""
    found = ((each.name.removeprefix(prefix), each) for each in sorted(folder.glob(f"{prefix}*")))
    return tuple((REASONS.get(name, name), path) for name, path in found if name not in NO_REASON)[:32]


def numbers(host: Host, card: Card, said: list[Absence]) -> list[Number]:
    """What is told as it is read."""
    found = []
    for gt in gts(host, card):
        name = "graphics" if gt.number == 0 else f"gt{gt.number}"
        if gt.clock.exists():
            series = card.of(CLOCK, **{"hw.gpu.clock": name})
            found.append(Number(series, gt.clock, 1e6, 0.0, HIGHEST, card.sleeper))
        for reason, path in gt.reasons if gt.number == 0 else ():
            series = card.of(THROTTLED, **{"hw.gpu.throttle.reason": reason})
            found.append(Number(series, path, 1.0, 0.0, 1.0, card.sleeper))
    chip = card.chip()
    if chip is not None:
        found += sensors(
            card, chip, (*measured(card), *temperatures(host, card, chip, TEMPERATURE, PARTS, said))
        )
    return found


def measured(card: Card) -> list[Kind]:
    """What its sensors' chip may tell besides temperatures."""
    return [
        (card.of(ENERGY), "energy1_input", 1e-6, 0.0, 1e13),
        (card.of(POWER_LIMIT), "power1_max", 1e-6, 0.0, STRONGEST),
        (card.of(FAN), "fan1_input", 1.0, 0.0, 1e5),
    ]


def working(card: Card) -> Series:
    """The series of a card's own work."""
    return card.of(UTILIZATION, **{"hw.gpu.task": "general"})


class Slope:
    """How fast a count grows, between two polls."""

    __slots__ = ("_at", "_last")

    def __init__(self) -> None:
        self._last: float | None = None
        self._at = 0.0

    def of(self, value: float | None, now: float) -> float | None:
        """A second's growth; None for the first value after none, and where it fell."""
        last, since = self._last, now - self._at
        self._last, self._at = value, now
        if value is None or last is None or since <= 0 or value < last:
            return None
        return (value - last) / since


class Gates:
    """The time that the GTs of all cards were gated, and of each card the busiest."""

    __slots__ = ("_cards", "_numbers", "_slopes", "series")

    def __init__(self, host: Host) -> None:
        self._numbers = Numbers(host)
        self._cards: list[Series] = []
        self._slopes: list[Slope] = []
        self.series: tuple[Series, ...] = ()

    def arrange(self, host: Host, cards: list[Card]) -> None:
        """Read those of these cards from now on."""
        found = []
        for card in cards:
            for gt in gts(host, card):
                if gt.gated.exists():
                    # Never told itself: the utilization is, that all of a card have in common.
                    series = card.of(UTILIZATION, f"gt{gt.number}", **{"hw.gpu.task": "general"})
                    number = Number(series, gt.gated, 1e-3, 0.0, LONGEST, card.sleeper)
                    found.append((working(card), number))
        before = self._numbers.series
        self._numbers.arrange(number for _, number in found)
        if self._numbers.series is not before:
            whose = {number.series: card for card, number in found}
            self._cards = [whose[each] for each in self._numbers.series]
            self._slopes = [Slope() for _ in self._cards]
            self.series = tuple(dict.fromkeys(self._cards))

    def read(self, now: float, resting: frozenset[Sleeper]) -> tuple[list[float | None], tuple[Absence, ...]]:
        """The share of the time that the busiest GT of each card was awake; None where that is not known."""
        gated, absences = self._numbers.read(resting)
        awake: dict[Series, float] = {}
        for card, slope, seconds in zip(self._cards, self._slopes, gated, strict=True):
            asleep = slope.of(seconds, now)
            if asleep is not None:
                awake[card] = max(awake.get(card, 0.0), 1.0 - min(asleep, 1.0))
            elif seconds is not None:
                absences += (Absence(UTILIZATION.name, LATER),)
        return [awake.get(each) for each in self.series], absences

    def close(self) -> None:
        """Give the descriptors back."""
        self._numbers.close()


class GpuIntel:
    """Keeps the files open."""

    __slots__ = ("_cards", "_gates", "_host", "_numbers", "_parts", "_powers", "_said", "_series")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._numbers = Numbers(host)
        self._gates = Gates(host)
        self._cards = Cards(host, VENDOR, "Intel")
        self._powers: list[tuple[int, Slope]] = []
        self._said: tuple[Absence, ...] = ()
        self._parts: tuple[tuple[Series, ...], ...] = ()
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: there is no Intel GPU.
        """
        if self._cards.due(now):
            self._arrange(now)
        resting = self._cards.resting(now)
        values, absences = self._numbers.read(resting)
        awake, missing = self._gates.read(now, resting)
        known = dict(zip(self._gates.series, awake, strict=True))
        busy = {card: over_noise(known.get(working(card))) for card in self._cards.found}
        self._cards.worked(busy, absences, now)
        powers: list[float | None] = []
        for place, slope in self._powers:
            watts = slope.of(values[place], now)
            if watts is None and values[place] is not None:
                missing += (Absence(POWER.name, LATER),)
            elif watts is not None and watts > STRONGEST:
                missing += (Absence(POWER.name, f"{watts:.0f} W cannot be"),)
                watts = None
            powers.append(watts)
        # A card that sleeps is named by both, and a GT's sibling says the same.
        told = dict.fromkeys(chain(self._said, absences, missing))
        return Reading(self._series, [*values, *awake, *powers], tuple(told))

    def close(self) -> None:
        """See `Collector.close`."""
        self._numbers.close()
        self._gates.close()

    def _arrange(self, now: float) -> None:
        looked = self._cards.look(now, numbers)
        self._said = looked.said
        self._numbers.arrange(looked.numbers)
        self._gates.arrange(self._host, self._cards.found)
        parts = (self._numbers.series, self._gates.series)
        if parts != self._parts:
            self._parts = parts
            counted = [place for place, each in enumerate(parts[0]) if each.name == ENERGY.name]
            self._powers = [(place, Slope()) for place in counted]
            powers = (POWER.of(**dict(parts[0][place].attributes)) for place in counted)
            self._series = (*parts[0], *parts[1], *powers)


def over_noise(share: float | None) -> float | None:
    """A share of the time, 0 where it may be but the count's noise."""
    return 0.0 if share is not None and share <= NOISE else share


COLLECTOR = Registration(
    "gpu_intel",
    "Intel GPUs: work, heat, power, clocks, throttling.",
    METRICS,
    lambda host, *_: GpuIntel(host),
)
