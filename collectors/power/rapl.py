"""Energy that the CPU counts of itself (RAPL): `/sys/class/powercap/intel-rapl:*`, of Intel and AMD.

A package holds its cores: do not add them up. The count begins again at `max_energy_range_uj`, after an hour
of full load. Since 2020 the kernel lets only root read it, as it tells too much of what others compute
(CVE-2020-8694).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, Series
from collectors.host import Host, Kept, printable
from collectors.numbers import Number, apart, folders, scaled, word

POWERCAP = "class/powercap"
SOURCE = f"/sys/{POWERCAP}/intel-rapl:*/energy_uj"
MOST = 32
"""Domains; a board of eight packages has so many."""

ENERGY = Metric(
    "hw.energy",
    "J",
    "counter",
    ("hw.id", "hw.name"),
    SOURCE,
    "Energy used by a CPU's package, its cores, its memory; a package holds its cores.",
)
LARGEST = 1e12  # J
STRONGEST = 5000.0
"""Watts. What grew faster was reset (in a suspend), it did not begin again at its end."""


class Domain(NamedTuple):
    """A part of the CPU: what it is called, its count, and the joules at which that begins again."""

    series: Series
    path: Path
    range: float


def domains(host: Host, said: list[Absence]) -> list[Domain]:
    """The packages, and in each its parts."""
    found: list[tuple[str, Path]] = []
    for package in folders(host, host.sys / POWERCAP, r"intel-rapl:(\d+)"):
        name = word(host, package / "name", said)
        parts = folders(host, host.sys / POWERCAP, rf"{package.name}:(\d+)")
        found += [(name, package), *((f"{name}/{word(host, part / 'name', said)}", part) for part in parts)]
    names = apart(name for name, _ in found)
    return [domain(host, name, folder, said) for name, (_, folder) in zip(names, found[:MOST], strict=False)]


def domain(host: Host, name: str, folder: Path, said: list[Absence]) -> Domain:
    """The domain in a folder; its range is 0 where the kernel does not say."""
    limit = word(host, folder / "max_energy_range_uj", said)
    series = ENERGY.of(**{"hw.id": f"rapl/{name}", "hw.name": name})
    return Domain(series, folder / "energy_uj", int(limit) / 1e6 if limit.isdecimal() else 0.0)


class Meter:
    """One domain's total, that never goes back."""

    __slots__ = ("_at", "_last", "_total")

    def __init__(self, energy: float, now: float) -> None:
        self._total = self._last = energy
        self._at = now

    def read(self, energy: float, now: float, limit: float) -> float:
        """The total when the count stands at `energy`, at `now`."""
        grown = energy - self._last
        if grown < 0.0:
            grown += limit
        if 0.0 <= grown <= STRONGEST * max(now - self._at, 1.0):
            self._total += grown
        self._last = energy
        self._at = now
        return self._total


class Energies:
    """Keeps the counts open."""

    __slots__ = ("_domains", "_files", "_host", "_meters", "series")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._domains: list[Domain] = []
        self._files: list[Kept] = []
        self._meters: dict[Series, Meter] = {}
        self.series: tuple[Series, ...] = ()

    def renew(self, said: list[Absence]) -> None:
        """Look for the domains. One that may not be read is told in `said`."""
        found = []
        for each in domains(self._host, said):
            try:
                self._host.read(each.path)
            except PermissionError:
                said.append(
                    Absence(ENERGY.name, printable(f"{each.path}: the kernel lets only root read it"))
                )
                continue
            except (OSError, ValueError):
                pass  # its reading will say why
            found.append(each)
        if found != self._domains:
            self.close()
            self._domains = found
            self._files = [self._host.open(each.path) for each in found]
            self.series = tuple(each.series for each in found)
            self._meters = {each: meter for each, meter in self._meters.items() if each in self.series}

    def read(self, now: float) -> tuple[list[float | None], tuple[Absence, ...]]:
        """Joules of each domain; None with an absence for one that cannot be read."""
        values: list[float | None] = []
        absences: tuple[Absence, ...] = ()
        for each, file in zip(self._domains, self._files, strict=True):
            try:
                energy = scaled(Number(each.series, each.path, 1e-6, 0.0, LARGEST), file.read())
            except (OSError, ValueError) as error:
                values.append(None)
                absences += (Absence(ENERGY.name, printable(str(error))),)
                continue
            meter = self._meters.setdefault(each.series, Meter(energy, now))
            values.append(meter.read(energy, now, each.range))
        return values, absences

    def close(self) -> None:
        """Give the descriptors back."""
        for file in self._files:
            file.close()
