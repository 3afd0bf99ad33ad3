"""The metrics of watched processes, and the series of one watch in the order of its values."""

from __future__ import annotations

from collectors.api import Metric, Series

STAT = "/proc/PID/stat"
KEY = ("process.watch",)

COUNT = Metric("process.count", "{process}", "gauge", KEY, "/proc", "Processes that the watch picks.")
CPU_TIME = Metric(
    "process.cpu.time",
    "s",
    "counter",
    (*KEY, "cpu.mode"),
    STAT,
    "CPU time of these processes, of ended ones up to the last poll before.",
)
UTILIZATION = Metric(
    "process.cpu.utilization", "1", "gauge", KEY, STAT, "Share of all CPUs' time since the poll before."
)
MEMORY = Metric(
    "process.memory.usage",
    "By",
    "gauge",
    KEY,
    STAT,
    "Resident memory; what the processes share counts for each.",
)
PSS = Metric(
    "process.memory.pss",
    "By",
    "gauge",
    KEY,
    "/proc/PID/smaps_rollup",
    "Memory, of what is shared its share; once a minute, if `pss` is set.",
)
THREADS = Metric("process.thread.count", "{thread}", "gauge", KEY, STAT, "Threads.")
DESCRIPTORS = Metric(
    "process.unix.file_descriptor.count", "{descriptor}", "gauge", KEY, "/proc/PID/fd", "Open files."
)
IO = Metric(
    "process.disk.io",
    "By",
    "counter",
    (*KEY, "disk.io.direction"),
    "/proc/PID/io",
    "Bytes read from and written to storage.",
)
FAULTS = Metric(
    "process.paging.faults",
    "{fault}",
    "counter",
    (*KEY, "system.paging.fault.type"),
    STAT,
    "Page faults that waited for a disk.",
)
UPTIME = Metric("process.uptime", "s", "gauge", KEY, STAT, "Time since the main (oldest) process began.")
RESTARTS = Metric(
    "process.restarts",
    "{restart}",
    "counter",
    KEY,
    STAT,
    "Times that the main process was another one, begun after the one before was last seen.",
)
GPU = Metric(
    "process.gpu.memory",
    "By",
    "gauge",
    (*KEY, "process.gpu.memory.location"),
    "/proc/PID/fdinfo; NVML, as `gpu_nvidia` was last told",
    "Memory held for GPUs: on the `device`, or the `system`'s own (which NVIDIA's driver does not tell).",
)
METRICS = (
    COUNT,
    CPU_TIME,
    UTILIZATION,
    MEMORY,
    PSS,
    THREADS,
    DESCRIPTORS,
    IO,
    FAULTS,
    UPTIME,
    RESTARTS,
    GPU,
)


def series(name: str, *, pss: bool, gpu: tuple[str, ...] = ()) -> tuple[Series, ...]:
    """The series of the watch `name`; `pss` where it is wanted, and `gpu` memory at these locations."""

    def of(metric: Metric, *values: str) -> tuple[Series, ...]:
        if len(metric.attributes) == 1:
            return (metric.of(**{KEY[0]: name}),)
        return tuple(metric.of(**{KEY[0]: name, metric.attributes[1]: value}) for value in values)

    return (
        *of(COUNT),
        *of(CPU_TIME, "user", "system"),
        *of(UTILIZATION),
        *of(MEMORY),
        *of(THREADS),
        *of(DESCRIPTORS),
        *of(IO, "read", "write"),
        *of(FAULTS, "major"),
        *of(UPTIME),
        *of(RESTARTS),
        *(of(PSS) if pss else ()),
        *of(GPU, *gpu),
    )
