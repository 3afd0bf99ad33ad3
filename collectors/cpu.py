"""CPU time, load, processes: `/proc/stat` and `/proc/loadavg`.

A utilization is the share of the counted ticks since the poll before, so the modes of one poll add
up to 1. The kernel lets single counters go back (iowait and idle of a tickless CPU do): then the
shares of that row are unknown, not clamped, and the poll gives None for them with the reason. Time
of guests is inside `user` and `nice`, as the kernel counts it.
"""

from __future__ import annotations

from collectors.api import Absence, Metric, Reading, Registration, Series
from collectors.host import Host, counts, malformed

STAT = "/proc/stat"
LOADAVG = "/proc/loadavg"
MODES = ("user", "nice", "system", "idle", "iowait", "interrupt", "steal")

UTILIZATION = Metric(
    "system.cpu.utilization", "1", "gauge", ("cpu.mode",), STAT, "Share of all CPUs' time in this mode."
)
# A name of its own: whoever adds up `system.cpu.utilization` must not count a CPU twice.
LOGICAL_UTILIZATION = Metric(
    "system.cpu.logical.utilization",
    "1",
    "gauge",
    ("cpu.logical_number",),
    STAT,
    "Share of one logical CPU's time that was neither idle nor iowait.",
)
LOGICAL_COUNT = Metric("system.cpu.logical.count", "{cpu}", "gauge", (), STAT, "Logical CPUs online.")
LOADS = tuple(
    Metric(
        f"system.cpu.load_average.{span}",
        "{thread}",
        "gauge",
        (),
        LOADAVG,
        f"Threads running or waiting uninterruptibly, averaged by the kernel over {span}.",
    )
    for span in ("1m", "5m", "15m")
)
INTERRUPTS = Metric("linux.interrupts", "{interrupt}", "counter", (), STAT, "Interrupts served since boot.")
SWITCHES = Metric("linux.context_switches", "{switch}", "counter", (), STAT, "Context switches since boot.")
CREATED = Metric(
    "system.process.created", "{process}", "counter", (), STAT, "Processes and threads created since boot."
)
PROCESSES = Metric(
    "system.process.count",
    "{process}",
    "gauge",
    ("process.state",),
    STAT,
    "Threads that run or wait to run (running), or wait for input and output (blocked).",
)
FIXED = (
    *(UTILIZATION.of(**{"cpu.mode": mode}) for mode in MODES),
    INTERRUPTS.of(),
    SWITCHES.of(),
    CREATED.of(),
    *(PROCESSES.of(**{"process.state": state}) for state in ("running", "blocked")),
    *(load.of() for load in LOADS),
    LOGICAL_COUNT.of(),
)
TAIL = [b"intr", b"ctxt", b"btime", b"processes", b"procs_running", b"procs_blocked"]
TOTALS = "intr, ctxt, processes, procs_running, procs_blocked"
BACK = "a counter of /proc/stat went back"
STILL = "/proc/stat counted no time since the poll before"

Row = list[int]
Rows = list[Row | None]
Absences = tuple[Absence, ...]
# A row of 8 tick counters for each label (`cpu`, `cpu0`, ...), None where its line is malformed; then
# interrupts, context switches, processes created, running and blocked. A plain tuple: see `parse`.
Stat = tuple[list[bytes], Rows, Row | None, Absences]


def parse(text: bytes) -> Stat:
    """Read `/proc/stat`.

    Few and plain operations: at one tick a second the caches are cold, and each further built-in
    that is touched costs microseconds.

    Raises:
        ValueError: it does not begin with the row of all CPUs.
    """
    labels: list[bytes] = []
    rows: Rows = []
    names: list[bytes] = []
    numbers: list[bytes] = []
    try:
        for line in text.split(b"\n"):
            words = line.split(None, 9)
            if not words:
                break
            if words[0][:3] == b"cpu":
                labels.append(words[0])
                rows.append(_row(words))
            else:
                names.append(words[0])
                numbers.append(words[1])
        if labels[0] == b"cpu" and names[:6] == TAIL:
            return labels, rows, counts((numbers[0], numbers[1], *numbers[3:6])), ()
    except (IndexError, ValueError):
        pass  # look at each line alone
    return _line_by_line(text)


def _row(words: list[bytes]) -> Row:
    """The 8 counters of a CPU's line.

    Raises:
        ValueError: it is malformed.
    """
    row = counts(words[1:9])
    if len(row) != 8:
        raise ValueError("a CPU has 8 counters")
    return row


def _line_by_line(text: bytes) -> Stat:
    """The same where at least one line is malformed: slower, with a reason for each bad one."""
    labels: list[bytes] = []
    rows: Rows = []
    absences: list[Absence] = []
    totals: dict[bytes, int] = {}
    for line in filter(None, text.split(b"\n")):
        words = line.split(None, 9) or [b""]
        name = words[0]
        try:
            if name[:3] == b"cpu" and (name == b"cpu" or name[3:].isdigit()):
                labels.append(name)
                rows.append(None)
                rows[-1] = _row(words)
            else:
                totals[name] = counts(words[1:2])[0]
        except (IndexError, ValueError):
            absences.append(Absence(UTILIZATION.name, str(malformed(STAT, line))))
    if not labels or labels[0] != b"cpu":
        raise malformed(STAT, text)
    found = [totals.get(name) for name in TAIL]
    del found[2]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        absences.append(Absence(SWITCHES.name, f"{STAT}: not all of {TOTALS} are there"))
    return labels, rows, known if len(known) == len(found) else None, tuple(absences)


def parse_load(text: bytes) -> list[float]:
    """The three averages of `/proc/loadavg`.

    Raises:
        ValueError: it is malformed.
    """
    try:
        loads = [*map(float, text.split(None, 3)[:3])]
    except ValueError:
        raise malformed(LOADAVG, text) from None
    if len(loads) != 3 or min(loads) < 0 or not sum(loads) < 1e9:  # so not-a-number is refused too
        raise malformed(LOADAVG, text)
    return loads


def passed(before: Row | None, after: Row | None) -> Row | None:
    """The ticks counted in each of the 8 modes between two rows; None if that cannot be said."""
    if before is None or after is None:
        return None
    ticks = [b - a for a, b in zip(before, after)]  # noqa: B905 - both have 8, and strict costs
    return ticks if min(ticks) >= 0 and sum(ticks) > 0 else None


def by_mode(ticks: Row | None) -> list[float | None]:
    """The shares of `MODES` in a row's ticks."""
    if ticks is None:
        return [None] * len(MODES)
    user, nice, system, idle, iowait, hard, soft, steal = ticks
    total = sum(ticks)
    return [each / total for each in (user, nice, system, idle, iowait, hard + soft, steal)]


def busy(ticks: Row | None) -> float | None:
    """The share of a row's ticks that was neither idle nor iowait."""
    if ticks is None:
        return None
    total = sum(ticks)
    return (total - ticks[3] - ticks[4]) / total


class Cpu:
    """Keeps `/proc/stat` and `/proc/loadavg` open, and the rows of the poll before."""

    __slots__ = ("_labels", "_load", "_rows", "_series", "_stat")

    def __init__(self, host: Host) -> None:
        self._stat = host.open(host.proc / "stat")
        self._load = host.open(host.proc / "loadavg")
        self._labels: list[bytes] = []
        self._rows: Rows = []
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        labels, rows, totals, absences = parse(self._stat.read())
        if labels != self._labels:
            self._arrange(labels)
        ticks = [passed(a, b) for a, b in zip(self._rows, rows)]  # noqa: B905 - arranged alike
        if None in ticks:
            absences += _reasons(self._rows, rows, ticks)
        self._rows = rows
        values: list[object] = [*by_mode(ticks[0]), *(totals or (None,) * 5)]
        try:
            values += parse_load(self._load.read())
        except (OSError, ValueError) as error:
            values += (None,) * len(LOADS)
            absences += (Absence("system.cpu.load_average", str(error)),)
        values.append(len(labels) - 1)
        values += [busy(each) for each in ticks[1:]]
        return Reading(self._series, values, absences)

    def close(self) -> None:
        """See `Collector.close`."""
        self._stat.close()
        self._load.close()

    def _arrange(self, labels: list[bytes]) -> None:
        """A CPU came or went: a new layout; the rows of those that stayed are still good."""
        if len(set(labels)) != len(labels):
            raise ValueError(f"{STAT}: names a CPU twice")
        for each in labels[1:]:
            if not each[3:].isdigit():
                raise malformed(STAT, each)
        known = dict(zip(self._labels, self._rows, strict=True))
        self._rows = [known.get(each) for each in labels]
        self._labels = labels
        self._series = FIXED + tuple(
            LOGICAL_UTILIZATION.of(**{"cpu.logical_number": each[3:].decode()}) for each in labels[1:]
        )


def _reasons(before: Rows, after: Rows, ticks: Rows) -> Absences:
    """Why shares are missing although both rows are there; the first poll needs no reason."""
    found = set()
    for a, b, between in zip(before, after, ticks, strict=True):
        if between is None and a is not None and b is not None:
            found.add(STILL if a == b else BACK)
    return tuple(Absence(UTILIZATION.name, each) for each in sorted(found))


COLLECTOR = Registration(
    "cpu",
    "CPU time by mode and by logical CPU, load, interrupts, context switches, processes.",
    (
        UTILIZATION,
        LOGICAL_UTILIZATION,
        LOGICAL_COUNT,
        *LOADS,
        INTERRUPTS,
        SWITCHES,
        CREATED,
        PROCESSES,
    ),
    lambda host, *_: Cpu(host),
)
