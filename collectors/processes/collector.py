"""The collector: the watches, what finds the processes of each, and one reading of all."""

from __future__ import annotations

from itertools import chain

from collectors.api import Absence, NoData, Reading, Registration, Series
from collectors.host import Host, printable
from collectors.options import Process
from collectors.options import Processes as Options
from collectors.processes.accounts import Accounts, parse_cpus
from collectors.processes.metrics import METRICS, UTILIZATION
from collectors.processes.sources import Found, Search, Unit, of_file
from collectors.processes.watch import Watch

SEARCH = 30.0  # seconds between the searches while no process ends
MOST = 64  # watches
CPUS = "devices/system/cpu/online"


class Processes:
    """Sums over the processes of each watch.

    Raises:
        NoData: nothing is watched.
        ValueError: two watches of one name, a watch of nothing, or too many of them.
    """

    __slots__ = (
        "_absences",
        "_cpus",
        "_host",
        "_layout",
        "_look",
        "_polled",
        "_search",
        "_series",
        "_units",
        "_wanted",
        "_watches",
    )

    def __init__(self, host: Host, options: Options) -> None:
        self._wanted = checked(options.watch)
        self._host = host
        accounts = Accounts(host)
        self._watches = [
            Watch(printable(each.name), host, accounts, pss=options.pss) for each in self._wanted
        ]
        self._search = Search(host, {each.match for each in self._wanted if each.match})
        self._units = {each.unit: Unit(host, each.unit) for each in self._wanted if each.unit}
        self._look = self._polled = 0.0
        self._cpus: int | None = None
        self._absences: list[Absence] = []
        self._layout: list[tuple[Series, ...]] = []
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            OSError: `/proc` cannot be read.
        """
        if now >= self._look:
            self._look = now + SEARCH
            self._list(now)
        self._search.look()
        values: list[float | None] = []
        absences = [*self._absences]
        for wanted, watch in zip(self._wanted, self._watches, strict=True):
            row, why = watch.collect(now, self._found(wanted), self._cpus)
            values += row
            absences += why
        if any(watch.ended for watch in self._watches):
            self._look = 0.0
        self._polled = now
        return Reading(self._arranged(), values, tuple(absences))

    def close(self) -> None:
        """See `Collector.close`."""
        for unit in self._units.values():
            unit.close()

    def _list(self, now: float) -> None:
        self._search.renew(now)
        for unit in self._units.values():
            unit.renew()
        self._absences = []
        try:
            self._cpus = parse_cpus(self._host.read(self._host.sys / CPUS))
        except (OSError, ValueError) as error:
            self._cpus = None
            self._absences = [Absence(UTILIZATION.name, printable(str(error)))]

    def _found(self, wanted: Process) -> Found:
        """What any of a watch's ways finds."""
        ways = []
        if wanted.unit:
            ways.append(self._units[wanted.unit].pids())
        if wanted.pid_file:
            ways.append(of_file(self._host, wanted.pid_file))
        since = self._polled if ways else self._search.since
        if wanted.match:
            ways.append(self._search.matched(wanted.match))
        pids = sorted(set(chain.from_iterable(way.pids for way in ways)))
        whys = [way.why for way in ways if way.why and not (pids and way.sure)]
        return Found(pids, "; ".join(whys), all(way.sure for way in ways), since)

    def _arranged(self) -> tuple[Series, ...]:
        layout = [watch.series for watch in self._watches]
        if layout != self._layout:
            self._layout = layout
            self._series = tuple(chain.from_iterable(layout))
        return self._series


def checked(watch: tuple[Process, ...]) -> tuple[Process, ...]:
    """The watches, if they can be told apart and each names something.

    Raises:
        NoData: there are none.
        ValueError: says which watch is wrong.
    """
    if not watch:
        raise NoData("no process is watched: collectors.processes.watch is empty")
    if len(watch) > MOST:
        raise ValueError(f"{len(watch)} watches of processes, more than {MOST}")
    names = [printable(each.name) for each in watch]
    for each, name in zip(watch, names, strict=True):
        if not name or names.count(name) > 1:
            raise ValueError(f"a watch of processes needs a name of its own, not {name!r}")
        if not (each.match or each.unit or each.pid_file):
            raise ValueError(f"the watch {name!r} names neither match nor unit nor pid_file")
    return watch


COLLECTOR = Registration(
    "processes",
    "Processes by name, systemd unit or pid file, those of one watch summed.",
    METRICS,
    lambda host, _, options: Processes(host, options),
)
