"""The metrics of a container or unit."""

from __future__ import annotations

from collectors.api import Metric

GROUP = ("container.name", "container.runtime.name")
CPU = "cpu.stat; version 1: cpuacct.stat"
THROTTLED = "cpu.stat"

CPU_TIME = Metric("container.cpu.time", "s", "counter", (*GROUP, "cpu.mode"), CPU, "CPU time.")
PERIODS = Metric(
    "container.cpu.periods",
    "{period}",
    "counter",
    GROUP,
    THROTTLED,
    "Periods of the CPU limit in which anything ran.",
)
THROTTLED_PERIODS = Metric(
    "container.cpu.throttled.periods",
    "{period}",
    "counter",
    GROUP,
    THROTTLED,
    "Of them, those in which the limit was reached.",
)
THROTTLED_TIME = Metric(
    "container.cpu.throttled.time",
    "s",
    "counter",
    GROUP,
    THROTTLED,
    "Time that its CPUs' queues stood still for the limit, added up over CPUs.",
)
MEMORY = Metric(
    "container.memory.usage",
    "By",
    "gauge",
    GROUP,
    "memory.current; version 1: memory.usage_in_bytes",
    "Memory, the page cache among it.",
)
WORKING_SET = Metric(
    "container.memory.working_set",
    "By",
    "gauge",
    GROUP,
    "memory.current, memory.stat",
    "Memory less the page cache that was not used lately: what counts against the limit in earnest.",
)
LIMIT = Metric(
    "container.memory.limit",
    "By",
    "gauge",
    GROUP,
    "memory.max; version 1: memory.limit_in_bytes",
    "The most memory it may use; only where there is a limit.",
)
OOM_KILLS = Metric(
    "container.memory.oom_kills",
    "{process}",
    "counter",
    GROUP,
    "memory.events; version 1: memory.oom_control",
    "Processes of it killed for want of memory.",
)
STALLED = Metric(
    "container.memory.pressure.time",
    "s",
    "counter",
    (*GROUP, "linux.pressure.type"),
    "memory.pressure",
    "Time in which some or all (full) of its tasks waited for memory; version 2 only.",
)
TASKS = Metric("container.thread.count", "{thread}", "gauge", GROUP, "pids.current", "Processes and threads.")
IO = Metric(
    "container.disk.io",
    "By",
    "counter",
    (*GROUP, "disk.io.direction"),
    "io.stat; version 1: blkio.throttle.io_service_bytes",
    "Bytes read from and written to disks.",
)
METRICS = (
    CPU_TIME,
    PERIODS,
    THROTTLED_PERIODS,
    THROTTLED_TIME,
    MEMORY,
    WORKING_SET,
    LIMIT,
    OOM_KILLS,
    STALLED,
    TASKS,
    IO,
)
