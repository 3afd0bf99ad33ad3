"""Outrider about itself: CPU time, memory, descriptors, writes to disk, and all that it counted.

CPU time and wake-ups come from `getrusage`, exact to the microsecond where `/proc/self/stat` counts
in ticks of 10 ms. The proportional memory, for which the kernel walks all pages, is read every 60 s.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from typing import TypeVar

from collectors.api import Absence, Metric, Reading, Registration, Series
from collectors.fields import number
from collectors.host import Host, counts, malformed, printable
from collectors.tally import Count, Tally

STAT = "/proc/self/stat"
IO = "/proc/self/io"
ROLLUP = "/proc/self/smaps_rollup"
SELDOM = 60.0
Value = TypeVar("Value")

CPU_TIME = Metric("outrider.cpu.time", "s", "counter", ("cpu.mode",), "getrusage", "CPU time of the daemon.")
WAKE_UPS = Metric(
    "outrider.wakeups", "{wakeup}", "counter", (), "getrusage", "Times a thread of the daemon went to wait."
)
MEMORY = Metric(
    "outrider.memory.usage",
    "By",
    "gauge",
    ("outrider.memory.type",),
    f"{STAT}, {ROLLUP}",
    "Memory of the daemon: resident (rss), and its share of what others use too (pss; once a minute).",
)
THREADS = Metric("outrider.threads", "{thread}", "gauge", (), STAT, "Threads of the daemon.")
DESCRIPTORS = Metric("outrider.descriptors", "{descriptor}", "gauge", (), "/proc/self/fd", "Open files.")
WRITTEN = Metric(
    "outrider.disk.written", "By", "counter", (), IO, "Bytes the daemon caused to be written to storage."
)
FIXED = (
    *(CPU_TIME.of(**{"cpu.mode": mode}) for mode in ("user", "system")),
    WAKE_UPS.of(),
    THREADS.of(),
    *(MEMORY.of(**{"outrider.memory.type": kind}) for kind in ("rss", "pss")),
    DESCRIPTORS.of(),
    WRITTEN.of(),
)


def parse_stat(text: bytes) -> tuple[int, int]:
    """Threads and resident pages from `/proc/self/stat`; the name in it may hold anything.

    Raises:
        ValueError: it is malformed.
    """
    words = text.rpartition(b")")[2].split()
    try:
        threads, pages = counts((words[17], words[21]))
    except (IndexError, ValueError):
        raise malformed(STAT, text) from None
    return threads, pages


def resident(host: Host) -> tuple[int, int]:
    """Threads, and bytes of resident memory, of this process.

    Raises:
        OSError, ValueError: its account cannot be read.
    """
    threads, pages = parse_stat(host.read(host.own / "stat"))
    return threads, pages * host.page


def proportional(host: Host) -> int:
    """Its proportional share of memory in bytes: what others use too counts by half, a third, ...; the kernel
    walks all its pages. Raises as `resident`."""
    return 1024 * number(ROLLUP, host.read(host.own / "smaps_rollup"), b"Pss:")


def descriptors(host: Host) -> int:
    """Its open descriptors, less the one that lists them. Raises as `resident`."""
    return len(host.list(host.own / "fd")) - 1


def written(host: Host) -> int:
    """Bytes that it has made the kernel write to storage since it began, in pages. Raises as `resident`."""
    return number(IO, host.read(host.own / "io"), b"write_bytes:")


class Own:
    """Reads the process's own accounts.

    Args:
        host: whose `own` to read, our `/proc/self`.
        tally: published whole, after the fixed series.
        usage: `getrusage` of this process.
    """

    __slots__ = ("_absences", "_counted", "_host", "_seldom", "_series", "_tally", "_usage")

    def __init__(
        self, host: Host, tally: Tally, usage: Callable[[int], resource.struct_rusage] = resource.getrusage
    ) -> None:
        self._host = host
        self._tally = tally
        self._usage = usage
        self._seldom = 0.0
        self._counted = 0
        self._series: tuple[Series, ...] = FIXED
        self._absences: list[Absence] = []

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        self._absences = []
        usage = self._usage(resource.RUSAGE_SELF)
        threads, rss = self._try(THREADS, resident) or (None, None)
        pss = None
        if now >= self._seldom:
            self._seldom = now + SELDOM
            pss = self._try(MEMORY, proportional)
        tally = self._tally.snapshot()
        if len(tally) != self._counted:
            self._arrange(tally)
        values: list[object] = [usage.ru_utime, usage.ru_stime, usage.ru_nvcsw, threads, rss, pss]
        values += (self._try(DESCRIPTORS, descriptors), self._try(WRITTEN, written))
        values += [each.value for each in tally]
        return Reading(self._series, values, tuple(self._absences))

    def close(self) -> None:
        """See `Collector.close`: nothing is kept open."""

    def _try(self, metric: Metric, read: Callable[[Host], Value]) -> Value | None:
        """What `read` finds; where that fails, an absence and None: each account falls out alone."""
        try:
            return read(self._host)
        except (OSError, ValueError) as error:
            self._absences.append(Absence(metric.name, printable(str(error))))
            return None

    def _arrange(self, tally: list[Count]) -> None:
        self._counted = len(tally)
        self._series = FIXED + tuple(
            Series(each.name, self._tally.unit(each.name), each.kind, each.attributes) for each in tally
        )


COLLECTOR = Registration(
    "own",
    "Outrider about itself: CPU time, memory, descriptors, writes, and everything it counted.",
    (CPU_TIME, WAKE_UPS, THREADS, MEMORY, DESCRIPTORS, WRITTEN),
    lambda host, tally, _: Own(host, tally),
)
