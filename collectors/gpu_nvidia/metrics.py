"""What is told of an NVIDIA GPU."""

from __future__ import annotations

from typing import NamedTuple

from collectors.api import Metric, Series

WHO = ("hw.id", "hw.name")

STATUS = Metric(
    "hw.status",
    "1",
    "gauge",
    (*WHO, "hw.state"),
    "NVML",
    "1 if the GPU is in this state, else 0: `failed` when it is lost or wants a reset, else `ok`.",
)
UTILIZATION = Metric(
    "hw.gpu.utilization",
    "1",
    "gauge",
    (*WHO, "hw.gpu.task"),
    "NVML",
    "Share of the time in which the GPU worked (general), or its encoders or decoders did.",
)
MEMORY_UTILIZATION = Metric(
    "hw.gpu.memory.utilization",
    "1",
    "gauge",
    WHO,
    "NVML",
    "Share used of the memory that the driver does not keep for itself.",
)
MEMORY_USAGE = Metric("hw.gpu.memory.usage", "By", "gauge", WHO, "NVML", "Memory in use by programs.")
MEMORY_LIMIT = Metric("hw.gpu.memory.limit", "By", "gauge", WHO, "NVML", "Size of the memory.")
MEMORY_BUSY = Metric(
    "hw.gpu.memory.busy",
    "1",
    "gauge",
    WHO,
    "NVML",
    "Share of the time in which the GPU's memory was read or written.",
)
PROCESS_MEMORY = Metric(
    "hw.gpu.process.memory.usage",
    "By",
    "gauge",
    (*WHO, "process.pid", "process.executable.name"),
    "NVML, /proc/*/comm",
    "GPU memory of the 8 processes with the most; the rest together as `other`.",
)
TEMPERATURE = Metric(
    "hw.temperature", "Cel", "gauge", WHO, "NVML", "Temperature of the GPU, and of its memory where told."
)
POWER = Metric("hw.power", "W", "gauge", WHO, "NVML", "Power drawn by the whole board.")
POWER_LIMIT = Metric("hw.power.limit", "W", "gauge", WHO, "NVML", "Power at which the driver throttles.")
ENERGY = Metric("hw.energy", "J", "counter", WHO, "NVML", "Energy used since the driver was loaded.")
CLOCK = Metric(
    "hw.gpu.clock.frequency", "Hz", "gauge", (*WHO, "hw.gpu.clock"), "NVML", "Clock frequencies as they are."
)
THROTTLED = Metric(
    "hw.gpu.throttled",
    "1",
    "gauge",
    (*WHO, "hw.gpu.throttle.reason"),
    "NVML",
    "1 while the clocks are held down for this reason, else 0.",
)
PERFORMANCE_STATE = Metric(
    "hw.gpu.performance_state", "1", "gauge", WHO, "NVML", "From 0, the fastest, to 15, the slowest."
)
FAN = Metric("hw.fan.speed_ratio", "1", "gauge", WHO, "NVML", "Speed that the fan is told, of its highest.")
IO = Metric(
    "hw.gpu.io", "By", "counter", (*WHO, "network.io.direction"), "NVML", "Bytes over PCIe since boot."
)
PCIE = Metric(
    "hw.gpu.pcie.throughput",
    "By/s",
    "gauge",
    (*WHO, "network.io.direction"),
    "NVML",
    "PCIe traffic over 20 ms of each minute, where the GPU does not count its bytes (`hw.gpu.io`).",
)
ERRORS = Metric(
    "hw.errors",
    "{error}",
    "counter",
    (*WHO, "error.type"),
    "NVML",
    "ECC errors of the board's life, PCIe replays; XID errors and losses of the GPU that were seen.",
)
XIDS = Metric(
    "hw.gpu.xid", "{error}", "top", WHO, "NVML", "XID errors by their number, at the moment each happens."
)
METRICS = (
    STATUS, UTILIZATION, MEMORY_USAGE, MEMORY_LIMIT, MEMORY_UTILIZATION, MEMORY_BUSY, PROCESS_MEMORY,
    TEMPERATURE, POWER, POWER_LIMIT, ENERGY, CLOCK, THROTTLED, PERFORMANCE_STATE, FAN, IO, PCIE, ERRORS, XIDS,
)  # fmt: skip


class Who(NamedTuple):
    """Whose metrics they are: a GPU, a part of one, or a MIG instance."""

    id: str
    name: str

    def of(self, metric: Metric, **more: str) -> Series:
        """The series of `metric` for it; `more` are the attributes after its own two."""
        return metric.of(**{"hw.id": self.id, "hw.name": self.name}, **more)
