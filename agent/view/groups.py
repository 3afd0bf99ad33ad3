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
from agent.view.models import WHOSE
from agent.view.rows import Row
from agent.view.units import columns, cut, tail
from collectors.api import Series

ORDER = (
    "model", "features", "cpu", "memory", "pressure", "gpu", "temperature", "power", "network", "disks",
    "filesystems", "processes", "containers", "system", "other", "outrider",
)  # fmt: skip
"""The headings, in the order in which people look for them."""

PREFIXES = {
    "model.": "model",
    "model.feature.": "features",
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
        """Both in at most `width` cells; where that is little, what is measured gives way, and then the
        beginning of whose it is: what tells two series apart comes last."""
        if not self.whose:
            return cut(self.what, width)
        room = max(min(8, width // 2), width - columns(self.whose) - 1)
        what = cut(self.what, room)
        return cut(f"{what} {tail(self.whose, width - columns(what) - 1)}", width)


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
    """The hardware's id stands beside its name only where the name does not tell two apart; which model it
    is, only where there are several."""
    short = Counter(title(row.series) for row in rows)
    only = len({_model(row.series) for row in rows} - {()}) == 1
    return [
        Labelled(row, _what(row.series), _whose(row.series, full=short[title(row.series)] > 1, only=only))
        for row in rows
    ]


def _what(series: Series) -> str:
    rest = heading(series.name)[1].replace("_", " ")
    return clean(" ".join(word for word in rest.split(".") if word not in _NOISE), 80)


def _model(series: Series) -> tuple[tuple[str, str], ...]:
    """Which model a series is of: whose log or page, name and version; nothing where it names none."""
    pairs = tuple(pair for pair in series.attributes if pair[0] in WHOSE)
    return pairs if any(key == "model.name" for key, _ in pairs) else ()


def _whose(series: Series, *, full: bool, only: bool = False) -> str:
    pairs = dict(series.attributes)
    named = not full and bool(pairs.get(NAME))
    told = dict(_model(series)) if only else {}
    return " ".join(
        clean(value, 80) for key, value in series.attributes if not (key == ID and named) and key not in told
    )
