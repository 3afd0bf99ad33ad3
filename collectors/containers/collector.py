"""The collector: which groups there are, and one reading of all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from collectors.api import Absence, NoData, Reading, Registration, Series
from collectors.cgroups import trees, walk
from collectors.containers import naming
from collectors.containers.accounts import Shape, passing
from collectors.containers.group import Group, Kind
from collectors.containers.metrics import METRICS
from collectors.host import Host, label, printable
from collectors.options import Containers as Options

LOOK = 30.0  # seconds between the searches while none vanishes
MOST = 64  # groups


class Containers:
    """Reads every container, and the units asked for.

    Raises:
        NoData: this host has no control groups.
    """

    __slots__ = ("_absences", "_groups", "_host", "_kind", "_look", "_names", "_options", "_series")

    def __init__(self, host: Host, options: Options) -> None:
        self._host = host
        self._options = options
        self._kind = Kind(host, trees(host), Shape(host.ticks, passing(host)))
        self._names = naming.Names(host)
        self._groups: dict[str, Group] = {}
        self._series: tuple[Series, ...] = ()
        self._absences: tuple[Absence, ...] = ()
        self._look = 0.0

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: there is neither a container nor a unit that was asked for.
            OSError: the tree cannot be walked.
        """
        if now >= self._look:
            self._look = now + LOOK
            self._search()
        values: list[float | None] = []
        absences = [*self._absences]
        gone = []
        for path, group in self._groups.items():
            found = group.read()
            if found is None:
                gone.append(path)
                continue
            values += found[0]
            absences += found[1]
        if gone:
            self._drop(gone)
            self._look = 0.0
            self._series = tuple(chain.from_iterable(each.series for each in self._groups.values()))
        return Reading(self._series, values, tuple(absences))

    def close(self) -> None:
        """See `Collector.close`."""
        self._drop([*self._groups])

    def _search(self) -> None:
        """Learn which groups there are, their names, and what each has."""
        walked = walk(self._kind.trees.any, naming.container)
        found = [each for each in map(self._wanted, walked.paths) if each is not None]
        if not found:
            raise NoData("; ".join(("neither a container nor a unit that was asked for", *walked.faults)))
        named = told_apart(found, self._names.of(found))
        self._drop([path for path in self._groups if path not in named])
        before = self._groups
        self._groups = {path: self._group(before, path, *named[path]) for path in sorted(named)}
        series = tuple(chain.from_iterable(each.series for each in self._groups.values()))
        self._series = self._series if series == self._series else series
        self._absences = (*self._unnamed(found, len(named)), *self._lacks())
        self._absences += tuple(Absence("container.name", fault) for fault in walked.faults)

    def _wanted(self, path: str) -> naming.Group | None:
        return naming.container(path) or naming.service(path, self._options.units)

    def _group(self, before: dict[str, Group], path: str, name: str, runtime: str) -> Group:
        known = before.get(path)
        if known is not None and known.name == name:
            known.look()
            return known
        if known is not None:
            known.close()
        return Group(self._kind, path, name, runtime)

    def _drop(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._groups.pop(path).close()

    def _unnamed(self, found: list[naming.Group], named: int) -> list[Absence]:
        said = []
        if self._names.why:
            said.append(Absence("container.name", self._names.why))
        if len(found) > named:
            said.append(Absence("container.name", f"{len(found) - named} groups more than are reported"))
        return said

    def _lacks(self) -> list[Absence]:
        """What the groups cannot tell, as a controller is off for them."""
        lacking = Counter(chain.from_iterable(each.lacks() for each in self._groups.values()))
        return [
            Absence(
                metric.name,
                f"{count} of {len(self._groups)} groups have no account of it: a controller is off",
            )
            for metric, count in lacking.items()
        ]


def told_apart(found: Sequence[naming.Group], names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name and runtime by path, of at most `MOST` groups, those with names of their own first.

    Where two of one runtime have one name, the later is called by its path.
    """
    named: dict[str, tuple[str, str]] = {}
    taken: set[tuple[str, str]] = set()
    for group, name in sorted(zip(found, names, strict=True), key=_rank)[:MOST]:
        runtime = printable(group.runtime)
        path = label(os.fsencode(group.path))
        called = next((each for each in ((name, runtime), (path, runtime)) if each not in taken), None)
        if called is not None:
            taken.add(called)
            named[group.path] = called
    return named


def _rank(pair: tuple[naming.Group, str]) -> tuple[bool, str]:
    group, name = pair
    return group.numbered and group.name.startswith(name), group.path


COLLECTOR = Registration(
    "containers",
    "Containers and, where asked for, systemd units: CPU, throttling, memory, kills, disks.",
    METRICS,
    lambda host, _, options: Containers(host, options),
)
