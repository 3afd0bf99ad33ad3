"""Frequencies of the CPUs: `/sys/devices/system/cpu/cpufreq/policy*`.

CPUs that share a clock are one policy, which is told once, under the first of them. What the kernel says is
what it set, or what the CPU measured, by driver; a Raspberry Pi's firmware may hold the clock lower than
that (raspberrypi/linux#2986; see `hw.throttled`).
"""

from __future__ import annotations

from pathlib import Path

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.host import Host
from collectors.numbers import Number, Numbers, at_most, folders, word

POLICIES = "devices/system/cpu/cpufreq"
SOURCE = f"/sys/{POLICIES}/policy*"
LOOK = 60.0
MOST = 64
"""Policies; on x86 each logical CPU is one."""
MOST_LIMITED = 16
"""With more policies their limits are not told: they are the same on nearly all."""

KEY = "cpu.logical_number"
FREQUENCY = Metric(
    "system.cpu.frequency",
    "Hz",
    "gauge",
    (KEY,),
    f"{SOURCE}/scaling_cur_freq",
    "Frequency of a logical CPU; of those that share a clock under the first.",
)
LIMIT = Metric(
    "linux.cpu.frequency.limit",
    "Hz",
    "gauge",
    (KEY, "linux.cpu.frequency.bound"),
    f"{SOURCE}/scaling_max_freq, scaling_min_freq",
    "Bounds (max, min) in which the kernel may set it now; where it is hot, max falls.",
)
LOWEST, HIGHEST = 1e3, 1e11  # Hz; 0 is said where nobody knows


def policies(host: Host, said: list[Absence]) -> list[Number]:
    """The frequency of each policy, and its bounds where there are few."""
    found: list[Number] = []
    limits: list[Number] = []
    for folder in folders(host, host.sys / POLICIES, r"policy(\d+)"):
        if not word(host, folder / "affected_cpus", said):
            continue  # all of its CPUs are off
        first = folder.name.removeprefix("policy")
        found.append(number(FREQUENCY.of(**{KEY: first}), folder / "scaling_cur_freq"))
        for bound in ("max", "min"):
            series = LIMIT.of(**{KEY: first, "linux.cpu.frequency.bound": bound})
            limits.append(number(series, folder / f"scaling_{bound}_freq"))
    return [*at_most(MOST, found, said), *(limits if len(found) <= MOST_LIMITED else ())]


def number(series: Series, path: Path) -> Number:
    """A frequency in a file of kHz."""
    return Number(series, path, 1e3, LOWEST, HIGHEST)


class Frequency:
    """Keeps the files open."""

    __slots__ = ("_host", "_look", "_numbers", "_said")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._look = 0.0
        self._numbers = Numbers(host)
        self._said: tuple[Absence, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: the kernel does not set the frequency.
        """
        if now >= self._look:
            self._look = now + LOOK
            said: list[Absence] = []
            self._numbers.arrange(policies(self._host, said))
            self._said = tuple(said[:MOST])
            if not self._numbers.series and not said:
                raise NoData(f"nothing in {self._host.sys / POLICIES}: the kernel does not set the frequency")
        values, absences = self._numbers.read()
        return Reading(self._numbers.series, values, (*self._said, *absences))

    def close(self) -> None:
        """See `Collector.close`."""
        self._numbers.close()


COLLECTOR = Registration(
    "frequency",
    "Frequencies of the CPUs, and the bounds in which they are set.",
    (FREQUENCY, LIMIT),
    lambda host, *_: Frequency(host),
)
