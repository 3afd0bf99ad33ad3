"""Page faults, swapping and kills for want of memory: `/proc/vmstat`.

A collector of its own, and a slow one: to write this file the kernel adds up every CPU's counters, and
it is by far the dearest of those polled.
"""

from __future__ import annotations

from collectors.api import Absence, Metric, Reading, Registration
from collectors.fields import Fields, Values
from collectors.host import Host

VMSTAT = "/proc/vmstat"
KEYS = (b"pgfault", b"pgmajfault", b"pswpin", b"pswpout", b"oom_kill")

FAULTS = Metric(
    "system.paging.faults",
    "{fault}",
    "counter",
    ("system.paging.fault.type",),
    VMSTAT,
    "Page faults: major ones waited for a disk.",
)
OPERATIONS = Metric(
    "system.paging.operations",
    "{operation}",
    "counter",
    ("system.paging.direction",),
    VMSTAT,
    "Pages swapped in and out.",
)
KILLS = Metric(
    "linux.memory.oom_kills", "{process}", "counter", (), VMSTAT, "Processes killed for want of memory."
)
SERIES = (
    *(FAULTS.of(**{"system.paging.fault.type": kind}) for kind in ("minor", "major")),
    *(OPERATIONS.of(**{"system.paging.direction": direction}) for direction in ("in", "out")),
    KILLS.of(),
)


def parse(text: bytes, fields: Fields | None = None) -> tuple[Values, tuple[Absence, ...]]:
    """The counts of `SERIES`, None with an absence where there is none (a kernel without swap).

    Args:
        text: `/proc/vmstat`.
        fields: the places remembered from the poll before.

    Raises:
        ValueError: it has none of the keys.
    """
    (faults, major, *rest), absences = (fields or Fields(VMSTAT, KEYS)).parse(text)
    minor = None if faults is None or major is None or major > faults else faults - major
    return [minor, major, *rest], absences


class Paging:
    """Keeps `/proc/vmstat` open."""

    __slots__ = ("_fields", "_vmstat")

    def __init__(self, host: Host) -> None:
        self._vmstat = host.open(host.proc / "vmstat")
        self._fields = Fields(VMSTAT, KEYS)

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        values, absences = parse(self._vmstat.read(), self._fields)
        return Reading(SERIES, values, absences)

    def close(self) -> None:
        """See `Collector.close`."""
        self._vmstat.close()


COLLECTOR = Registration(
    "paging",
    "Page faults, swapping, and processes killed for want of memory.",
    (FAULTS, OPERATIONS, KILLS),
    lambda host, *_: Paging(host),
)
