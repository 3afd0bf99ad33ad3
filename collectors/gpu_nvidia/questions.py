"""The questions to NVML: what each asks, what it fills, up to which value, and how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pynvml as nvml

from collectors.api import Metric, Series
from collectors.drm import POWER_CAP, THERMAL
from collectors.gpu_nvidia import metrics
from collectors.gpu_nvidia.metrics import Who

Handle = Any
Answer = Sequence[float]
Way = Callable[[Handle], Answer]

SOON = 0.0
OFTEN = 5.0
SELDOM = 10.0
RARELY = 60.0


class Fill(NamedTuple):
    """A metric that an answer fills, and the highest value that can be; `part` is of the GPU, and its own."""

    metric: Metric
    high: float
    more: tuple[tuple[str, str], ...] = ()
    part: str = ""

    def series(self, who: Who) -> Series:
        """The series of `who`."""
        if self.part:
            who = Who(f"{who.id}/{self.part}", f"{who.name} {self.part}")
        return who.of(self.metric, **dict(self.more))


class Ask(NamedTuple):
    """A question: ways to ask it, the first the newest, and what each fills, in the answer's order.

    `unless` is the metric of another question that makes this one needless where it is answered.
    """

    ways: tuple[Way, ...]
    fills: tuple[Fill, ...]
    every: float
    unless: Metric | None = None


def utilization(gpu: Handle) -> Answer:
    """General, and of the memory's controller."""
    found = nvml.nvmlDeviceGetUtilizationRates(gpu)
    return found.gpu / 100, found.memory / 100


def memory(gpu: Handle) -> Answer:
    """Used, size, and share used of what the driver leaves."""
    found = nvml.nvmlDeviceGetMemoryInfo(gpu, nvml.nvmlMemory_v2)
    return share(found.used, found.total, found.total - found.reserved)


def memory_before_510(gpu: Handle) -> Answer:
    """As `memory`; what the driver keeps is among what is used."""
    found = nvml.nvmlDeviceGetMemoryInfo(gpu)
    return share(found.used, found.total, found.total)


def share(used: int, total: int, reach: int) -> Answer:
    """`used`, `total` and their share.

    Raises:
        ValueError: more is used than there is.
    """
    if not 0 <= used <= total or not 0 < reach <= total:
        raise ValueError(f"{used} of {total} bytes cannot be")
    return used, total, min(used / reach, 1.0)


def temperature(gpu: Handle) -> Answer:
    """Degrees, unsigned: NVML knows none below zero."""
    return (nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU),)


def power(gpu: Handle) -> Answer:
    """Watts."""
    return (nvml.nvmlDeviceGetPowerUsage(gpu) / 1000,)


def power_limit(gpu: Handle) -> Answer:
    """Watts: the lowest of all limits in force."""
    return (nvml.nvmlDeviceGetEnforcedPowerLimit(gpu) / 1000,)


def energy(gpu: Handle) -> Answer:
    """Joules."""
    return (nvml.nvmlDeviceGetTotalEnergyConsumption(gpu) / 1000,)


def clocks(gpu: Handle) -> Answer:
    """Hertz: graphics, streaming multiprocessors, memory."""
    kinds = (nvml.NVML_CLOCK_GRAPHICS, nvml.NVML_CLOCK_SM, nvml.NVML_CLOCK_MEM)
    return [nvml.nvmlDeviceGetClockInfo(gpu, kind) * 1e6 for kind in kinds]


REASONS = (
    (POWER_CAP, nvml.nvmlClocksThrottleReasonSwPowerCap),
    ("hw_slowdown", nvml.nvmlClocksThrottleReasonHwSlowdown),
    ("sync_boost", nvml.nvmlClocksThrottleReasonSyncBoost),
    (THERMAL, nvml.nvmlClocksThrottleReasonSwThermalSlowdown),
    ("hw_thermal", nvml.nvmlClocksThrottleReasonHwThermalSlowdown),
    ("hw_power_brake", nvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown),
)
"""What holds the clocks down against somebody's wish; idleness and clocks set by hand do not."""
ALL_BITS = 1 << 32


def reasons(gpu: Handle) -> Answer:
    """1 for each of `REASONS` in force."""
    return bits(nvml.nvmlDeviceGetCurrentClocksEventReasons(gpu))


def reasons_before_535(gpu: Handle) -> Answer:
    """As `reasons`, by its earlier name."""
    return bits(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu))


def bits(mask: int) -> Answer:
    """1 for each of `REASONS` in the mask, else 0.

    Raises:
        ValueError: it is no mask.
    """
    if mask >= ALL_BITS:
        raise ValueError(f"the mask {mask:#x} cannot be")
    return [1 if mask & bit else 0 for _, bit in REASONS]


def encoder(gpu: Handle) -> Answer:
    """Share of the last sampling period."""
    return (nvml.nvmlDeviceGetEncoderUtilization(gpu)[0] / 100,)


def decoder(gpu: Handle) -> Answer:
    """Share of the last sampling period."""
    return (nvml.nvmlDeviceGetDecoderUtilization(gpu)[0] / 100,)


def performance_state(gpu: Handle) -> Answer:
    """0 to 15; 32 where it is not known."""
    return (nvml.nvmlDeviceGetPerformanceState(gpu),)


def fan(gpu: Handle) -> Answer:
    """Share of the highest speed."""
    return (nvml.nvmlDeviceGetFanSpeed(gpu) / 100,)


def memory_temperature(gpu: Handle) -> Answer:
    """Degrees."""
    return field_values(gpu, nvml.NVML_FI_DEV_MEMORY_TEMP)


def pcie_bytes(gpu: Handle) -> Answer:
    """Received and transmitted since the driver was loaded; from Hopper on."""
    return field_values(gpu, nvml.NVML_FI_DEV_PCIE_COUNT_RX_BYTES, nvml.NVML_FI_DEV_PCIE_COUNT_TX_BYTES)


KINDS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")


def field_values(gpu: Handle, *ids: int) -> Answer:
    """The fields' values, each of the type that it says.

    Raises:
        ValueError: one is of a type that nobody knows.
    """
    found = nvml.nvmlDeviceGetFieldValues(gpu, list(ids))
    values = []
    for each in found:
        if each.nvmlReturn != nvml.NVML_SUCCESS:
            raise nvml.NVMLError(each.nvmlReturn)
        if each.valueType >= len(KINDS):
            raise ValueError(f"the field {each.fieldId} has the type {each.valueType}")
        values.append(getattr(each.value, KINDS[each.valueType]))
    return values


def pcie_throughput(gpu: Handle) -> Answer:
    """Bytes a second; each of the two takes the driver 20 ms."""
    ways = (nvml.NVML_PCIE_UTIL_RX_BYTES, nvml.NVML_PCIE_UTIL_TX_BYTES)
    return [nvml.nvmlDeviceGetPcieThroughput(gpu, way) * 1e3 for way in ways]


def pcie_replays(gpu: Handle) -> Answer:
    """Transfers repeated."""
    return (nvml.nvmlDeviceGetPcieReplayCounter(gpu),)


def ecc(gpu: Handle) -> Answer:
    """Corrected and uncorrected, of the board's life."""
    kinds = (nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED)
    return [nvml.nvmlDeviceGetTotalEccErrors(gpu, kind, nvml.NVML_AGGREGATE_ECC) for kind in kinds]


def task(name: str) -> Fill:
    """A kind of utilization."""
    return Fill(metrics.UTILIZATION, 1.0, (("hw.gpu.task", name),))


def error(kind: str, high: float = 1e18) -> Fill:
    """A kind of error."""
    return Fill(metrics.ERRORS, high, (("error.type", kind),))


def directions(metric: Metric, high: float) -> tuple[Fill, Fill]:
    """Received, transmitted."""
    key = "network.io.direction"
    return Fill(metric, high, ((key, "receive"),)), Fill(metric, high, ((key, "transmit"),))


WATTS = 10_000.0
BYTES = float(1 << 50)
HERTZ = 2e10
MEMORY = Ask(
    (memory, memory_before_510),
    (
        Fill(metrics.MEMORY_USAGE, BYTES),
        Fill(metrics.MEMORY_LIMIT, BYTES),
        Fill(metrics.MEMORY_UTILIZATION, 1.0),
    ),
    OFTEN,
)
ASKS = (
    Ask((utilization,), (task("general"), Fill(metrics.MEMORY_BUSY, 1.0)), SOON),
    Ask((power,), (Fill(metrics.POWER, WATTS),), SOON),
    MEMORY,
    Ask((temperature,), (Fill(metrics.TEMPERATURE, 150.0),), OFTEN),
    Ask(
        (reasons, reasons_before_535),
        tuple(Fill(metrics.THROTTLED, 1.0, (("hw.gpu.throttle.reason", name),)) for name, _ in REASONS),
        OFTEN,
    ),
    Ask(
        (clocks,),
        tuple(Fill(metrics.CLOCK, HERTZ, (("hw.gpu.clock", name),)) for name in ("graphics", "sm", "memory")),
        SELDOM,
    ),
    Ask((energy,), (Fill(metrics.ENERGY, 1e15),), SELDOM),
    Ask((encoder,), (task("encoder"),), SELDOM),
    Ask((decoder,), (task("decoder"),), SELDOM),
    Ask((performance_state,), (Fill(metrics.PERFORMANCE_STATE, 15.0),), SELDOM),
    # It is of the fan's noise, and NVIDIA says that it may exceed 100 %.
    Ask((fan,), (Fill(metrics.FAN, 2.0),), SELDOM),
    Ask((memory_temperature,), (Fill(metrics.TEMPERATURE, 150.0, part="memory"),), SELDOM),
    Ask((pcie_bytes,), directions(metrics.IO, 1e19), SELDOM),
    Ask((pcie_throughput,), directions(metrics.PCIE, 1e12), RARELY, unless=metrics.IO),
    Ask((power_limit,), (Fill(metrics.POWER_LIMIT, WATTS),), RARELY),
    Ask((ecc,), (error("ecc_corrected"), error("ecc_uncorrected")), RARELY),
    Ask((pcie_replays,), (error("pcie_replay", 4e9),), RARELY),
)
