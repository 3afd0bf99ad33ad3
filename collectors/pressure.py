"""How long tasks waited for want of a resource: `/proc/pressure/*` (PSI), since Linux 4.20.

Only the totals are read: what the kernel's own averages say follows from them, and they lose nothing
between two polls.
"""

from __future__ import annotations

from errno import EOPNOTSUPP

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.fields import stalled
from collectors.host import Host, printable

# Of the whole machine `full` means nothing for CPUs (the kernel says 0), and `irq` (6.1) has nothing else.
TYPES = {"cpu": ("some",), "memory": ("some", "full"), "io": ("some", "full"), "irq": ("full",)}
FOLDER = "/proc/pressure"
OFF = "the kernel keeps no pressure information: it wants psi=1 on its command line, or CONFIG_PSI"

KEYS = ("linux.pressure.resource", "linux.pressure.type")
TIME = Metric(
    "linux.pressure.time",
    "s",
    "counter",
    KEYS,
    f"{FOLDER}/*",
    "Time in which some or all (full) tasks that had work to do waited for this resource.",
)


class Pressure:
    """Keeps the file of each resource open that this kernel accounts for."""

    __slots__ = ("_files", "_series")

    def __init__(self, host: Host) -> None:
        paths = {name: host.proc / "pressure" / name for name in TYPES}
        self._files = {name: host.open(path) for name, path in paths.items() if path.exists()}
        if not self._files:
            raise NoData(f"no {FOLDER}: {OFF}")
        self._series: tuple[Series, ...] = tuple(
            TIME.of(**dict(zip(KEYS, (name, each), strict=True)))
            for name in self._files
            for each in TYPES[name]
        )

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: the accounting is switched off.
        """
        values: list[object] = []
        absences: tuple[Absence, ...] = ()
        for name, file in self._files.items():
            try:
                values += stalled(file.path, file.read(), TYPES[name])
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and error.errno == EOPNOTSUPP:
                    raise NoData(OFF) from None
                values += (None,) * len(TYPES[name])
                absences += (Absence(name, printable(str(error))),)
        return Reading(self._series, values, absences)

    def close(self) -> None:
        """See `Collector.close`."""
        for file in self._files.values():
            file.close()


COLLECTOR = Registration(
    "pressure",
    "Time in which tasks waited for CPU, memory, input and output, or interrupts.",
    (TIME,),
    lambda host, *_: Pressure(host),
)
