"""How often and how long x86 CPUs held their clocks down for their heat:
`/sys/devices/system/cpu/cpu*/thermal_throttle`, counted by the kernel on the CPU's own alarms.

Every thread of a core shows the core's count, and every thread of a package the package's: each is taken
once. They are summed, and read once a minute: a machine may have hundreds.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, Series
from collectors.host import Host, printable
from collectors.numbers import Number, folders, scaled, word

CPU = "devices/system/cpu"
SOURCE = f"/sys/{CPU}/cpu*/thermal_throttle"
MOST = 1024
"""CPUs."""
LIKELY = float(1 << 48)

KEYS = ("linux.cpu.throttle.level",)
EVENTS = Metric(
    "linux.cpu.throttles",
    "{event}",
    "counter",
    KEYS,
    f"{SOURCE}/*_throttle_count",
    "Times that a core, or a whole package, was throttled for its heat; all summed, once a minute.",
)
TIME = Metric(
    "linux.cpu.throttled.time",
    "s",
    "counter",
    KEYS,
    f"{SOURCE}/*_throttle_total_time_ms",
    "Time that cores, or packages, were throttled for their heat; all summed, once a minute.",
)
METRICS = (EVENTS, TIME)


class Sum(NamedTuple):
    """A series, and what it sums: a file for each core or package, its number times `scale`."""

    series: Series
    files: dict[str, Path]
    scale: float


def sums(host: Host, said: list[Absence]) -> list[Sum]:
    """Those that this kernel counts. A CPU of which it cannot be told whose it is, is left out."""
    cores: dict[str, Path] = {}
    packages: dict[str, Path] = {}
    for cpu in folders(host, host.sys / CPU, r"cpu(\d+)")[:MOST]:
        if (cpu / "thermal_throttle").is_dir():
            package = word(host, cpu / "topology/physical_package_id", said)
            core = word(host, cpu / "topology/core_id", said)
            if package and core:
                packages.setdefault(package, cpu / "thermal_throttle")
                cores.setdefault(f"{package}/{core}", cpu / "thermal_throttle")
    found = []
    for metric, ending, scale in ((EVENTS, "count", 1.0), (TIME, "total_time_ms", 1e-3)):
        for level, folders_of in (("core", cores), ("package", packages)):
            name = f"{level}_throttle_{ending}"
            files = {one: folder / name for one, folder in folders_of.items() if (folder / name).exists()}
            if files:
                found.append(Sum(metric.of(**{KEYS[0]: level}), files, scale))
    return found


class Throttles:
    """The totals: what each count grew by is added, so that a CPU that comes and goes moves nothing."""

    __slots__ = ("_absences", "_host", "_last", "_missing", "_totals", "series")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._last: dict[tuple[Series, str], float] = {}
        self._totals: dict[Series, float] = {}
        self._missing: set[Series] = set()
        self._absences: tuple[Absence, ...] = ()
        self.series: tuple[Series, ...] = ()

    def renew(self, said: list[Absence]) -> None:
        """Look for the CPUs and read their counts."""
        found = sums(self._host, said)
        series = tuple(each.series for each in found)
        if series != self.series:
            self.series = series
        self._absences = ()
        self._missing = set()
        for each in found:
            for one, path in each.files.items():
                self._add(each, one, path)

    def read(self) -> tuple[list[float | None], tuple[Absence, ...]]:
        """The total of each series; None where a file of it could not be read."""
        totals = [None if each in self._missing else self._totals.get(each) for each in self.series]
        return totals, self._absences

    def _add(self, total: Sum, one: str, path: Path) -> None:
        number = Number(total.series, path, total.scale, 0.0, LIKELY)
        try:
            value = scaled(number, self._host.read(path))
        except (OSError, ValueError) as error:
            self._missing.add(total.series)
            self._absences += (Absence(total.series.name, printable(str(error))),)
            return
        # Two threads of a core may differ by a few; a count never begins anew while the kernel runs.
        grown = max(value - self._last.get((total.series, one), 0.0), 0.0)
        self._totals[total.series] = self._totals.get(total.series, 0.0) + grown
        self._last[total.series, one] = value
