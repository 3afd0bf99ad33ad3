"""Memory and swap space: `/proc/meminfo`.

`used` is what programs cannot get back without swapping (total less available), as the conventions
and `free` have it; it is counted beside `free`, `buffers` and `cached`, not as their complement.
`cached` holds the page cache and the reclaimable slabs. Swap is reported where there is some.
"""

from __future__ import annotations

from collectors.api import Absence, Metric, Reading, Registration
from collectors.fields import Fields, Values
from collectors.host import Host

MEMINFO = "/proc/meminfo"
KEYS = (
    b"MemTotal:",
    b"MemFree:",
    b"MemAvailable:",
    b"Buffers:",
    b"Cached:",
    b"SwapTotal:",
    b"SwapFree:",
    b"Dirty:",
    b"Shmem:",
    b"SReclaimable:",
    b"SUnreclaim:",
)

USAGE = Metric(
    "system.memory.usage",
    "By",
    "gauge",
    ("system.memory.state",),
    MEMINFO,
    "Memory used (not available without swapping), free, in buffers, in caches.",
)
UTILIZATION = Metric(
    "system.memory.utilization",
    "1",
    "gauge",
    ("system.memory.state",),
    MEMINFO,
    "Share of the memory in this state; reported for `used`.",
)
LIMIT = Metric("system.memory.limit", "By", "gauge", (), MEMINFO, "Memory that the kernel manages.")
AVAILABLE = Metric(
    "system.memory.linux.available",
    "By",
    "gauge",
    (),
    MEMINFO,
    "The kernel's estimate of what new programs can get without swapping.",
)
SHARED = Metric(
    "system.memory.linux.shared", "By", "gauge", (), MEMINFO, "Shared memory, mostly tmpfs; inside `cached`."
)
SLAB = Metric(
    "system.memory.linux.slab.usage",
    "By",
    "gauge",
    ("system.memory.linux.slab.state",),
    MEMINFO,
    "Memory in the kernel's own caches.",
)
DIRTY = Metric(
    "linux.memory.dirty", "By", "gauge", (), MEMINFO, "Memory that waits to be written to disk or flash."
)
PAGING_USAGE = Metric(
    "system.paging.usage", "By", "gauge", ("system.paging.state",), MEMINFO, "Swap space used and free."
)
PAGING_UTILIZATION = Metric(
    "system.paging.utilization",
    "1",
    "gauge",
    ("system.paging.state",),
    MEMINFO,
    "Share of the swap space in this state; reported for `used`.",
)
MEMORY = (
    LIMIT.of(),
    *(USAGE.of(**{"system.memory.state": state}) for state in ("used", "free", "buffers", "cached")),
    UTILIZATION.of(**{"system.memory.state": "used"}),
    AVAILABLE.of(),
    SHARED.of(),
    *(SLAB.of(**{"system.memory.linux.slab.state": state}) for state in ("reclaimable", "unreclaimable")),
    DIRTY.of(),
)
SWAP = (
    *MEMORY,
    *(PAGING_USAGE.of(**{"system.paging.state": state}) for state in ("used", "free")),
    PAGING_UTILIZATION.of(**{"system.paging.state": "used"}),
)


def parse(text: bytes, fields: Fields | None = None) -> tuple[Values, tuple[Absence, ...]]:
    """Bytes for each of `KEYS`, None with an absence where there is none.

    Args:
        text: `/proc/meminfo`.
        fields: the places remembered from the poll before.

    Raises:
        ValueError: it has none of the keys.
    """
    values, absences = (fields or Fields(MEMINFO, KEYS)).parse(text)
    return [None if each is None else each * 1024 for each in values], absences


def part(share: int | None, whole: int | None) -> float | None:
    """`share / whole`, None where one of them is unknown or there is no whole."""
    return None if share is None or not whole else share / whole


def less(a: int | None, b: int | None) -> int | None:
    """`a - b`; None where one is unknown, or where torn reading would make it negative."""
    return None if a is None or b is None or b > a else a - b


class Memory:
    """Keeps `/proc/meminfo` open."""

    __slots__ = ("_fields", "_meminfo")

    def __init__(self, host: Host) -> None:
        self._meminfo = host.open(host.proc / "meminfo")
        self._fields = Fields(MEMINFO, KEYS)

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        values, absences = parse(self._meminfo.read(), self._fields)
        total, free, available, buffers, cached, swap, swap_free, dirty, shared, kept, stuck = values
        used = less(total, available)
        caches = None if cached is None or kept is None else cached + kept
        row: list[object] = [
            total, used, free, buffers, caches, part(used, total), available, shared, kept, stuck, dirty
        ]  # fmt: skip
        if not swap:
            return Reading(MEMORY, row, absences)
        swapped = less(swap, swap_free)
        row += (swapped, swap_free, part(swapped, swap))
        return Reading(SWAP, row, absences)

    def close(self) -> None:
        """See `Collector.close`."""
        self._meminfo.close()


COLLECTOR = Registration(
    "memory",
    "Memory and swap space by state.",
    (USAGE, UTILIZATION, LIMIT, AVAILABLE, SHARED, SLAB, DIRTY, PAGING_USAGE, PAGING_UTILIZATION),
    lambda host, *_: Memory(host),
)
