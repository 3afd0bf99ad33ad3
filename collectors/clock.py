"""Time synchronisation: whether the wall clock is set, and how far off it may be.

The kernel's own word (adjtimex) is asked where the sandbox lets it through; else the mark that
systemd-timesyncd leaves is all there is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from collectors.api import Absence, Metric, Reading, Registration, Series
from collectors.host import Host, printable
from collectors.timesync import Kept, kernel, marked, services

KERNEL = "adjtimex"
SYNCHRONIZED = Metric(
    "linux.clock.synchronized",
    "1",
    "gauge",
    (),
    f"{KERNEL}; /run/systemd/timesync",
    "1 while a time service keeps the wall clock, else 0.",
)
OFFSET = Metric(
    "linux.clock.offset", "s", "gauge", (), KERNEL, "What of the last correction is still to be made."
)
MAX_ERROR = Metric(
    "linux.clock.max_error", "s", "gauge", (), KERNEL, "The most that the clock can be wrong by."
)
ESTIMATED = Metric(
    "linux.clock.estimated_error", "s", "gauge", (), KERNEL, "What the time service thinks it is wrong by."
)
FREQUENCY = Metric(
    "linux.clock.frequency.correction",
    "1",
    "gauge",
    (),
    KERNEL,
    "Seconds a second by which the crystal is corrected; it drifts as it grows hot or old.",
)
METRICS = (SYNCHRONIZED, OFFSET, MAX_ERROR, ESTIMATED, FREQUENCY)
SERIES: tuple[Series, ...] = tuple(metric.of() for metric in METRICS)

NEVER_SET = "no time service has set the clock"
NOT_ASKED = "of a host that this kernel is not of"
SANDBOX = "let it through with: outrider service allow clock"


def of_kernel(kept: Kept) -> Reading:
    """All the kernel knows. Of a clock that nobody sets it has no offset and no errors."""
    if kept.synchronized:
        row = (1, kept.offset, kept.max_error, kept.estimated_error, kept.frequency)
        return Reading(SERIES, row)
    return Reading(SERIES, (0, None, None, None, kept.frequency), (Absence(OFFSET.name, NEVER_SET),))


def of_service(host: Host, reason: str) -> Reading:
    """What the services leave behind; `reason`: why the kernel's word is not to be had."""
    absences = [Absence(OFFSET.name, reason)]
    value: int | None = int(marked(host))
    if not value and "systemd-timesyncd" not in (running := services(host)):
        value = None
        who = f"{', '.join(running)} does not say so in a file" if running else "no time service is seen"
        absences.append(Absence(SYNCHRONIZED.name, who))
    return Reading(SERIES, (value, None, None, None, None), tuple(absences))


class Clock:
    """Asks the kernel, once a refusal came the files alone.

    Args:
        host: whose clock; a kernel is asked only about its own.
        ask: the kernel's answer.
    """

    __slots__ = ("_ask", "_host", "_reason")

    def __init__(self, host: Host, ask: Callable[[], Kept] = kernel) -> None:
        self._host = host
        self._ask = ask
        self._reason = "" if host.other or host.root == Path("/") else NOT_ASKED

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        if not self._reason:
            try:
                return of_kernel(self._ask())
            except OSError as error:
                self._reason = printable(f"{error.strerror}; {SANDBOX}")
        return of_service(self._host, self._reason)

    def close(self) -> None:
        """See `Collector.close`."""


COLLECTOR = Registration(
    "clock",
    "Whether a time service keeps the wall clock, and how far off it may be.",
    METRICS,
    lambda host, *_: Clock(host),
)
