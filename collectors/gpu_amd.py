"""AMD GPUs: what the kernel's driver amdgpu (and radeon, of which little) shows in `/sys/class/drm`.

By the kernel's documentation (gpu/amdgpu/thermal.rst, driver-misc.rst). An integrated GPU's memory is the
part that the firmware set aside for it; it uses the system's besides. A card that sleeps is not woken,
and one that is idle is left alone so that it can fall asleep (`collectors.drm`).
"""

from __future__ import annotations

from typing import NamedTuple

from collectors.api import Absence, Metric, Reading, Registration, Series
from collectors.drm import DRM, Card, Cards, Chip, Kind, sensors, temperatures
from collectors.host import Host
from collectors.numbers import Number, Numbers

VENDOR = "0x1002"

WHO = ("hw.id", "hw.name")
DEVICE = f"{DRM}/card*/device"
UTILIZATION = Metric(
    "hw.gpu.utilization",
    "1",
    "gauge",
    (*WHO, "hw.gpu.task"),
    f"{DEVICE}/gpu_busy_percent",
    "Share of the time in which the GPU worked (general).",
)
MEMORY_BUSY = Metric(
    "hw.gpu.memory.busy",
    "1",
    "gauge",
    WHO,
    f"{DEVICE}/mem_busy_percent",
    "Share of the time in which the GPU's memory was read or written.",
)
MEMORY_USAGE = Metric(
    "hw.gpu.memory.usage", "By", "gauge", WHO, f"{DEVICE}/mem_info_vram_used", "Memory in use."
)
MEMORY_LIMIT = Metric(
    "hw.gpu.memory.limit", "By", "gauge", WHO, f"{DEVICE}/mem_info_vram_total", "Size of the memory."
)
MEMORY_UTILIZATION = Metric(
    "hw.gpu.memory.utilization", "1", "gauge", WHO, f"{DEVICE}/mem_info_vram_*", "Share of the memory in use."
)
CLOCK = Metric(
    "hw.gpu.clock.frequency",
    "Hz",
    "gauge",
    (*WHO, "hw.gpu.clock"),
    f"{DEVICE}/hwmon/*/freq*_input, {DEVICE}/pp_dpm_sclk, pp_dpm_mclk",
    "Clock frequencies as they are (graphics, memory).",
)
TEMPERATURE = Metric(
    "hw.temperature",
    "Cel",
    "gauge",
    WHO,
    f"{DEVICE}/hwmon/*/temp*_input",
    "Temperature of the GPU, of its hottest point (junction), and of its memory.",
)
POWER = Metric(
    "hw.power", "W", "gauge", WHO, f"{DEVICE}/hwmon/*/power1_average, power1_input", "Power drawn."
)
POWER_LIMIT = Metric(
    "hw.power.limit", "W", "gauge", WHO, f"{DEVICE}/hwmon/*/power1_cap", "Power at which it throttles."
)
FAN = Metric("hw.fan.speed", "rpm", "gauge", WHO, f"{DEVICE}/hwmon/*/fan1_input", "Speed of its fan.")
ERRORS = Metric(
    "hw.errors", "{error}", "counter", (*WHO, "error.type"), f"{DEVICE}/pcie_replay_count", "PCIe replays."
)
METRICS = (
    UTILIZATION, MEMORY_USAGE, MEMORY_LIMIT, MEMORY_UTILIZATION, MEMORY_BUSY, TEMPERATURE, POWER, POWER_LIMIT,
    CLOCK, FAN, ERRORS,
)  # fmt: skip

PARTS = {"edge": "", "mem": "memory"}
"""See `drm.temperatures`."""
MOST_BYTES = float(1 << 48)
MOST_HERTZ = 1e11


class Used(NamedTuple):
    """The share of a memory in use, and what it is made of."""

    share: Series
    used: Series
    total: Series


def level(text: bytes) -> float:
    """The MHz of the level marked in a table of levels (`pp_dpm_sclk`): `1: 991Mhz *`.

    Raises:
        ValueError: no level is marked, or it has no frequency.
    """
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == b"*" and words[1].lower().endswith(b"mhz"):
            return float(words[1][:-3])
    raise ValueError("no level is marked")


def working(card: Card) -> Series:
    """The series of a card's own work."""
    return card.of(UTILIZATION, **{"hw.gpu.task": "general"})


def numbers(host: Host, card: Card, said: list[Absence]) -> list[Number]:
    """What the driver shows of a card."""
    device = card.device
    kinds = (
        (working(card), "gpu_busy_percent", 0.01, 1.0),
        (card.of(MEMORY_BUSY), "mem_busy_percent", 0.01, 1.0),
        (card.of(MEMORY_USAGE), "mem_info_vram_used", 1.0, MOST_BYTES),
        (card.of(MEMORY_LIMIT), "mem_info_vram_total", 1.0, MOST_BYTES),
        (card.of(ERRORS, **{"error.type": "pcie_replay"}), "pcie_replay_count", 1.0, MOST_BYTES),
    )
    found = [
        Number(series, device / file, scale, 0.0, high, card.sleeper)
        for series, file, scale, high in kinds
        if (device / file).exists()
    ]
    chip = card.chip()
    if chip is not None:
        found += sensors(
            card, chip, (*measured(card, chip), *temperatures(host, card, chip, TEMPERATURE, PARTS, said))
        )
    clocks = {each.series for each in found}
    for name, file in (("graphics", "pp_dpm_sclk"), ("memory", "pp_dpm_mclk")):
        series = card.of(CLOCK, **{"hw.gpu.clock": name})
        if series not in clocks and (device / file).exists():
            found.append(Number(series, device / file, 1e6, 0.0, MOST_HERTZ, card.sleeper, level))
    return found


def measured(card: Card, chip: Chip) -> list[Kind]:
    """What its sensors' chip may tell besides temperatures."""
    power = "power1_average" if "power1_average" in chip.files else "power1_input"
    return [
        (card.of(POWER), power, 1e-6, 0.0, 1e4),
        (card.of(POWER_LIMIT), "power1_cap", 1e-6, 0.0, 1e4),
        (card.of(FAN), "fan1_input", 1.0, 0.0, 1e5),
        (card.of(CLOCK, **{"hw.gpu.clock": "graphics"}), "freq1_input", 1.0, 0.0, MOST_HERTZ),
        (card.of(CLOCK, **{"hw.gpu.clock": "memory"}), "freq2_input", 1.0, 0.0, MOST_HERTZ),
    ]


class GpuAmd:
    """Keeps the files open."""

    __slots__ = ("_cards", "_numbers", "_said", "_series", "_used")

    def __init__(self, host: Host) -> None:
        self._numbers = Numbers(host)
        self._cards = Cards(host, VENDOR, "AMD")
        self._used: list[Used] = []
        self._said: tuple[Absence, ...] = ()
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: there is no AMD GPU.
        """
        if self._cards.due(now):
            self._arrange(now)
        values, absences = self._numbers.read(self._cards.resting(now))
        known = dict(zip(self._numbers.series, values, strict=True))
        busy = {card: known.get(working(card)) for card in self._cards.found}
        self._cards.worked(busy, absences, now)
        for each in self._used:
            used, total = known[each.used], known[each.total]
            if used is not None and total is not None and used > total:
                absences += (Absence(each.share.name, f"{used:.0f} of {total:.0f} bytes cannot be in use"),)
            values.append(share(used, total))
        return Reading(self._series, values, (*self._said, *absences))

    def close(self) -> None:
        """See `Collector.close`."""
        self._numbers.close()

    def _arrange(self, now: float) -> None:
        looked = self._cards.look(now, numbers)
        self._said = looked.said
        before = self._numbers.series
        self._numbers.arrange(looked.numbers)
        if self._numbers.series is not before:
            metrics = (MEMORY_UTILIZATION, MEMORY_USAGE, MEMORY_LIMIT)
            used = dict.fromkeys(Used(*(card.of(metric) for metric in metrics)) for card in self._cards.found)
            there = set(self._numbers.series)
            self._used = [each for each in used if {each.used, each.total} <= there]
            self._series = (*self._numbers.series, *(each.share for each in self._used))


def share(used: float | None, total: float | None) -> float | None:
    """`used / total`; None where one of them is unknown, or where more is used than there is."""
    return used / total if used is not None and total and used <= total else None


COLLECTOR = Registration(
    "gpu_amd",
    "AMD GPUs: work, memory, heat, power, clocks, fan.",
    METRICS,
    lambda host, *_: GpuAmd(host),
)
