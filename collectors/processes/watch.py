"""The sum over the processes of one watch.

Counters are sums of what each process added since it was last read, so that they never go back when one
ends; what it did after its last reading is lost, unless it is still there as a zombie. A process that
began since they were searched for counts whole; one that was there and is picked only now counts from
now on. A sum that lacks a process is no sum: it is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from errno import ENOENT, ESRCH

from collectors.api import Absence, Metric, Series
from collectors.host import Host, printable
from collectors.processes import metrics
from collectors.processes.accounts import Accounts, Stat
from collectors.processes.graphics import Graphics
from collectors.processes.sources import Found

MOST = 256  # processes of one watch
MINUTE = 60.0  # between the readings of proportional memory
ENDED = frozenset((ENOENT, ESRCH))
Row = list[float | None]


class Member:
    """One process: what it said when it was last read."""

    __slots__ = ("io", "pid", "stat")

    def __init__(self, pid: int, stat: Stat) -> None:
        self.pid = pid
        self.stat = stat
        self.io: tuple[int, int] | None = None


class Watch:
    """Reads and sums the processes that it is told of.

    Args:
        name: what is watched, as an attribute's value.
        host: whose processes.
        accounts: reads them.
        pss: read the proportional memory too.
    """

    __slots__ = (
        "_absences",
        "_accounts",
        "_cpu",
        "_faults",
        "_first",
        "_graphics",
        "_host",
        "_io",
        "_main",
        "_members",
        "_minute",
        "_name",
        "_polled",
        "_pss",
        "_recent",
        "_restarts",
        "_seen",
        "ended",
        "series",
    )

    def __init__(self, name: str, host: Host, accounts: Accounts, *, pss: bool) -> None:
        self.series: tuple[Series, ...] = metrics.series(name, pss=pss)
        self.ended = False
        self._name = name
        self._host = host
        self._accounts = accounts
        self._pss = pss
        self._graphics = Graphics(host)
        self._members: dict[int, Member] = {}
        self._cpu = [0, 0]
        self._recent = 0
        self._io = [0, 0]
        self._faults = 0
        self._restarts = 0
        self._main: tuple[int, int] | None = None
        self._seen = 0.0  # the main process
        self._first: float | None = None
        self._polled = 0.0
        self._minute = 0.0
        self._absences: list[Absence] = []

    def collect(self, now: float, found: Found, cpus: int | None) -> tuple[Row, list[Absence]]:
        """Values in the order of `series`, which is another tuple once a GPU is in use.

        `ended` says afterwards whether a process ended since the poll before: others may have begun.

        Args:
            now: the boot clock in seconds.
            found: the processes.
            cpus: how many the host has; None: nobody knows.
        """
        self._absences = [Absence(self._name, found.why)] if found.why else []
        since = 0.0 if self._first is None else max(found.since, self._first)
        whole = self._read(found.pids, since) and found.sure
        living = [each for each in self._members.values() if not each.stat.ended]
        io = self._read_io(living, since) if whole else False
        if whole and living:
            self._know(min((each.stat.start, each.pid) for each in living), now)
        row: Row = [len(living) if whole else None]
        row += (each / self._host.ticks if whole else None for each in self._cpu)
        row += self._gauges(living if whole else [], now, cpus)
        row += self._io if io else (None, None)
        row += (self._faults if whole else None, self._uptime(living if whole else [], now), self._restarts)
        if self._pss:
            row.append(self._proportional(living, now))
        row += self._on_gpus(living, now, whole=whole)
        self._polled = now
        self._first = now if self._first is None else self._first
        return row, self._absences

    def _read(self, pids: Sequence[int], since: float) -> bool:
        """Read every process; False if one could not be read, or there are too many."""
        before, self._members = self._members, {}
        self._recent = 0
        whole = True
        for pid in pids[:MOST]:
            try:
                stat = self._accounts.stat(pid)
            except OSError as error:
                if error.errno not in ENDED:
                    whole = self._say(metrics.COUNT, error)
                elif self._accounts.hidden and pid not in before:
                    whole = self._say(metrics.COUNT, OSError(self._accounts.hidden))
                continue
            except ValueError as error:
                whole = self._say(metrics.COUNT, error)
                continue
            known = before.get(pid)
            if known is None or known.stat.start != stat.start:
                known = Member(pid, stat)
                self._begin(stat, since)
            else:
                self._go_on(known.stat, stat)
                known.stat = stat
            self._members[pid] = known
        if len(pids) > MOST:
            whole = self._say(metrics.COUNT, ValueError(f"{len(pids)} processes, of which {MOST} are summed"))
        living = (pid for pid, each in before.items() if not each.stat.ended)
        self.ended = any(pid not in self._members or self._members[pid].stat.ended for pid in living)
        return whole

    def _begin(self, stat: Stat, since: float) -> None:
        began = stat.start / self._host.ticks
        if began >= since:
            self._add(stat.user, stat.system, stat.faults)
        if began >= self._polled:
            self._recent += stat.user + stat.system

    def _go_on(self, before: Stat, stat: Stat) -> None:
        user, system = max(0, stat.user - before.user), max(0, stat.system - before.system)
        self._add(user, system, max(0, stat.faults - before.faults))
        self._recent += user + system

    def _add(self, user: int, system: int, faults: int) -> None:
        self._cpu[0] += user
        self._cpu[1] += system
        self._faults += faults

    def _read_io(self, living: list[Member], since: float) -> bool:
        """Add what was read and written since; False if one process keeps it secret."""
        whole = True
        for each in living:
            try:
                now = self._accounts.io(each.pid)
            except OSError as error:
                if error.errno not in ENDED:
                    whole = self._say(metrics.IO, error)
                continue
            except ValueError as error:
                whole = self._say(metrics.IO, error)
                continue
            if each.io is None:
                each.io = (0, 0) if each.stat.start / self._host.ticks >= since else now
            for place in (0, 1):
                self._io[place] += max(0, now[place] - each.io[place])
            each.io = now
        return whole

    def _know(self, main: tuple[int, int], now: float) -> None:
        """The oldest process is the main one; another that began after it was last seen is a restart."""
        if self._main not in (None, main) and (main[0] + 1) / self._host.ticks >= self._seen:
            self._restarts += 1
        self._main = main
        self._seen = now

    def _gauges(self, living: list[Member], now: float, cpus: int | None) -> Row:
        """Utilization, memory, threads and descriptors; all absent where there is no process."""
        if not living:
            return [None] * 4
        memory = sum(each.stat.rss for each in living) * self._host.page
        threads = sum(each.stat.threads for each in living)
        return [
            self._utilization(now, cpus),
            memory,
            threads,
            self._sum(metrics.DESCRIPTORS, living, self._accounts.descriptors),
        ]

    def _utilization(self, now: float, cpus: int | None) -> float | None:
        if self._first is None:
            self._say(metrics.UTILIZATION, ValueError("there was no poll before"))
            return None
        elapsed = now - self._polled
        return self._recent / self._host.ticks / elapsed / cpus if elapsed > 0 and cpus else None

    def _uptime(self, living: list[Member], now: float) -> float | None:
        if not living:
            return None
        began = min(each.stat.start for each in living) / self._host.ticks
        if began > now + 1 / self._host.ticks:
            self._say(metrics.UPTIME, ValueError(f"begun at {began:g} s of a boot that is {now:g} s old"))
            return None
        return max(0.0, now - began)

    def _proportional(self, living: list[Member], now: float) -> float | None:
        if now < self._minute or not living:
            return None
        self._minute = now + MINUTE
        return self._sum(metrics.PSS, living, self._accounts.pss)

    def _sum(self, metric: Metric, living: list[Member], read: Callable[[int], int]) -> int | None:
        """What `read` says of all processes together; None with an absence if one keeps it secret."""
        total = 0
        whole = True
        for each in living:
            try:
                total += read(each.pid)
            except OSError as error:
                if error.errno not in ENDED:
                    whole = self._say(metric, error)
            except ValueError as error:
                whole = self._say(metric, error)
        return total if whole else None

    def _on_gpus(self, living: list[Member], now: float, *, whole: bool) -> Row:
        before = self._graphics.locations
        began = {each.pid: each.stat.start / self._host.ticks for each in living}
        values, whys = self._graphics.read(began, now)
        self._absences += (Absence(metrics.GPU.name, printable(f"{self._name}: {why}")) for why in whys)
        if self._graphics.locations != before:
            self.series = metrics.series(self._name, pss=self._pss, gpu=self._graphics.locations)
        return values if whole else [None] * len(values)

    def _say(self, metric: Metric, error: Exception) -> bool:
        """An absence, one for each metric; always False."""
        if not any(each.what == metric.name for each in self._absences):
            self._absences.append(Absence(metric.name, printable(f"{self._name}: {error}")))
        return False
