"""Which heading a series stands under, and what it is called there: pure.

A metric's name is split by its longest known beginning; what remains of it and the values of its
attributes are the label. `system.network.io{network.interface.name=eth0, network.io.direction=receive}`
stands under "network" as "io eth0 receive".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent.view.clean import clean
from agent.view.rows import Row
from agent.view.units import columns, cut
from collectors.api import Series

ORDER = (
    "model", "cpu", "memory", "pressure", "gpu", "temperature", "power", "network", "disks",
    "filesystems", "processes", "containers", "system", "other", "outrider",
)  # fmt: skip
"""The headings, in the order in which people look for them."""

PREFIXES = {
    "model.": "model",
    "gen_ai.": "model",
    "http.": "model",
    "system.cpu.": "cpu",
    "linux.cpu.": "cpu",
    "hw.cpu.": "cpu",
    "linux.interrupts": "cpu",
    "linux.context_switches": "cpu",
    "system.process.": "cpu",
    "system.memory.": "memory",
    "linux.memory.": "memory",
    "system.paging.": "memory",
    "hw.memory.": "memory",
    "linux.pressure.": "pressure",
    "hw.gpu.": "gpu",
    "hw.temperature": "temperature",
    "hw.fan.": "temperature",
    "linux.thermal.": "temperature",
    "hw.power": "power",
    "hw.energy": "power",
    "hw.voltage": "power",
    "hw.current": "power",
    "hw.battery.": "power",
    "system.network.": "network",
    "linux.network.": "network",
    "hw.network.": "network",
    "system.disk.": "disks",
    "linux.disk.": "disks",
    "hw.physical_disk.": "disks",
    "hw.logical_disk.": "disks",
    "system.filesystem.": "filesystems",
    "linux.filesystem.": "filesystems",
    "process.": "processes",
    "container.": "containers",
    "system.": "system",
    "linux.": "system",
    "hw.": "system",
    "outrider.": "outrider",
}
_LENGTHS = sorted({len(prefix) for prefix in PREFIXES}, reverse=True)
# The kernel's words in the middle of a name say nothing that the heading does not say.
_NOISE = frozenset(("linux", "unix"))
NAME, ID = "hw.name", "hw.id"


class Labelled(NamedTuple):
    """A row and its two words: what is measured, and of what."""

    row: Row
    what: str
    whose: str

    def label(self, width: int) -> str:
        """Both in at most `width` cells; where that is little, what is measured gives way."""
        if not self.whose:
            return cut(self.what, width)
        room = max(min(8, width // 2), width - columns(self.whose) - 1)
        return cut(f"{cut(self.what, room)} {self.whose}", width)


class Group(NamedTuple):
    """A heading and its rows."""

    name: str
    rows: tuple[Labelled, ...]


def heading(metric: str) -> tuple[str, str]:
    """The heading of a metric, and the rest of its name, which is never empty."""
    for length in _LENGTHS:
        name = PREFIXES.get(metric[:length])
        if name is not None:
            return name, metric[length:] or metric.rpartition(".")[2]
    return "other", metric


def grouped(rows: Iterable[Row]) -> list[Group]:
    """The rows under their headings, in the order they came."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(heading(row.series.name)[0], []).append(row)
    return [Group(name, tuple(_labelled(found[name]))) for name in ORDER if name in found]


def title(series: Series) -> str:
    """What a series is called under its heading."""
    return " ".join(part for part in (_what(series), _whose(series, full=False)) if part)


def _labelled(rows: Sequence[Row]) -> list[Labelled]:
    """The hardware's id stands beside its name only where the name does not tell two apart."""
    short = Counter(title(row.series) for row in rows)
    return [
        Labelled(row, _what(row.series), _whose(row.series, full=short[title(row.series)] > 1))
        for row in rows
    ]


def _what(series: Series) -> str:
    rest = heading(series.name)[1].replace("_", " ")
    return clean(" ".join(word for word in rest.split(".") if word not in _NOISE), 80)


def _whose(series: Series, *, full: bool) -> str:
    pairs = dict(series.attributes)
    named = not full and bool(pairs.get(NAME))
    return " ".join(clean(value, 80) for key, value in series.attributes if not (key == ID and named))
