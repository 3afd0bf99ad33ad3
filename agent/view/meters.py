"""The upper part of `outrider top`: the few things that everyone looks for first, as meters; pure.

    cpu    one bar for all, one for each core; where there are many, one letter each
    mem    used of all, and what is available
    net    each interface, both ways          dsk   each disk: read, written, busy
    fs     each mount                         gpu   each: busy, memory, heat, power
    °C     every temperature

What the device does not have takes no line. Each line ends in the age of the oldest number in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from agent.view.clean import clean
from agent.view.ink import Ink, Line, fit, line, span, spread
from agent.view.paint import bar, strain
from agent.view.rows import BARS, Row
from agent.view.units import age, cut, human, left, right

WORD = 5
MOST = 4
"""Lines of one kind; the rest is counted."""

CORE = 20
"""Cells of one core's bar, with its number and its value."""


class Readings:
    """Rows by metric, and one of them by an attribute's value."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.series.name, []).append(row)

    def of(self, metric: str) -> list[Row]:
        """The rows of a metric that hold a number."""
        return [row for row in self._rows.get(metric, []) if row.value is not None]

    def one(self, metric: str, *values: str) -> Row | None:
        """The row of a metric whose attributes have all these values."""
        for row in self.of(metric):
            if set(values) <= {value for _, value in row.series.attributes}:
                return row
        return None

    def names(self, metric: str, key: str) -> list[str]:
        """The values of an attribute among the rows of a metric, in their order."""
        found = (dict(row.series.attributes).get(key) for row in self.of(metric))
        return list(dict.fromkeys(name for name in found if name is not None))


def meters(rows: Iterable[Row], width: int) -> list[Line]:
    """All of them, each line at most `width` cells."""
    of = Readings(rows)
    makers: tuple[Callable[[Readings, int], list[Line]], ...] = (
        _cpu, _cores, _memory, _gpus, _temperatures, _networks, _disks, _mounts,
    )  # fmt: skip
    return [fit(each, width) for make in makers for each in make(of, width)]


def _meter(word: str, pieces: Sequence[Ink], rows: Iterable[Row | None], width: int) -> Line:
    """A line: its word, what it shows, and how old that is."""
    ages = [row.age for row in rows if row is not None]
    late = any(row.late for row in rows if row is not None)
    old = Ink(f" {right(age(max(ages)), 4)}" if ages else "", "warn" if late else "dim")
    return spread(line(Ink(left(word, WORD), "head"), *pieces), line(old), width)


def _some(lines: list[Line], name: str) -> list[Line]:
    """At most `MOST` of the lines; how many more there are is said."""
    if len(lines) <= MOST:
        return lines
    more = line(Ink(f"{'':{WORD}}and {len(lines) - MOST + 1} more {name} below", "dim"))
    return [*lines[: MOST - 1], more]


def _of(row: Row | None) -> str:
    return "" if row is None else row.shown(row.value)


def _share(row: Row, cells: int, style: str = "") -> list[Ink]:
    """A bar and its number."""
    value = row.value or 0.0
    return [*bar(value, cells, style or strain(value)), Ink(f" {right(row.shown(value), 6)}")]


def _bar_cells(width: int) -> int:
    return max(10, min(42, width // 4 - 2))


def _spark_cells(width: int) -> int:
    """What two rates beside a name and a share leave."""
    return max(0, min(40, (width - WORD - 61) // 2))


def _cpu(of: Readings, width: int) -> list[Line]:
    metric = "system.cpu.utilization"
    idle = of.one(metric, "idle")
    if idle is None or idle.value is None:
        return []
    busy = idle._replace(now=1.0 - idle.value)
    modes = [(mode, of.one(metric, mode)) for mode in ("user", "system", "iowait", "steal")]
    told = "  ".join(
        f"{mode} {_of(row)}"
        for mode, row in modes
        if row is not None and (mode in ("user", "system") or (row.value or 0.0) >= 0.001)
    )
    loads = [of.one(f"system.cpu.load_average.{name}") for name in ("1m", "5m", "15m")]
    load = " ".join(f"{row.value:.2f}" for row in loads if row is not None and row.value is not None)
    tail = (f"   load {load}" if load else "") + f"   {told}"
    pieces = [*_share(busy, _bar_cells(width)), Ink(tail, "dim")]
    return [_meter("cpu", pieces, [idle, *loads], width)]


def _cores(of: Readings, width: int) -> list[Line]:
    cores = of.of("system.cpu.logical.utilization")
    if len(cores) < 2:
        return []
    across = max(1, (width - WORD) // CORE)
    if len(cores) > across * MOST:
        return _strip(cores, width)
    across = min(across, len(cores))
    down = -(-len(cores) // across)
    cell = min(2 * CORE, (width - WORD) // across)
    lines = []
    for row in range(down):
        pieces = [Ink(" " * WORD)]
        for core in cores[row::down]:
            number = Ink(right(_number(core), 3) + " ", "dim")
            pieces += [number, *_share(core, cell - 13), Ink("  ")]
        lines.append(line(*pieces))
    return lines


def _strip(cores: Sequence[Row], width: int) -> list[Line]:
    """Many cores, one letter each, as tall as it is busy."""
    room = max(8, (width - WORD - 8) // 8 * 8)
    lines = []
    for first in range(0, len(cores), room):
        some = cores[first : first + room]
        letters = [Ink(_letter(core.value or 0.0), strain(core.value or 0.0)) for core in some]
        lines.append(
            line(Ink(" " * WORD), *letters, Ink(f" {_number(some[0])} to {_number(some[-1])}", "dim"))
        )
    return _some(lines, "cores")


def _letter(share: float) -> str:
    return BARS[min(len(BARS) - 1, max(0, int(share * len(BARS))))]


def _number(core: Row) -> str:
    return clean(core.series.attributes[0][1] if core.series.attributes else "", 6)


def _memory(of: Readings, width: int) -> list[Line]:
    lines = []
    share, used = of.one("system.memory.utilization", "used"), of.one("system.memory.usage", "used")
    if share is not None:
        limit, free = of.one("system.memory.limit"), of.one("system.memory.linux.available")
        told = f"   {_of(used)} of {_of(limit)}" if used and limit else ""
        told += f"   available {_of(free)}" if free else ""
        pieces = [*_share(share, _bar_cells(width)), Ink(told, "dim")]
        lines.append(_meter("mem", pieces, [share, used], width))
    swap, taken = of.one("system.paging.utilization", "used"), of.one("system.paging.usage", "used")
    if swap is not None:
        told = f"   {_of(taken)} of swap" if taken else "   of swap"
        lines.append(_meter("swap", [*_share(swap, _bar_cells(width)), Ink(told, "dim")], [swap], width))
    return lines


def _gpus(of: Readings, width: int) -> list[Line]:
    lines = []
    for number, key in enumerate(of.names("hw.gpu.utilization", "hw.id")):
        busy = of.one("hw.gpu.utilization", key)
        if busy is None:
            continue
        memory, heat = of.one("hw.gpu.memory.utilization", key), of.one("hw.temperature", key)
        power = of.one("hw.power", key)
        name = dict(busy.series.attributes).get("hw.name", key)
        told = "  ".join(
            f"{word}{_of(row)}"
            for word, row in (("mem ", memory), ("", heat), ("", power))
            if row is not None
        )
        pieces = [
            *_share(busy, _bar_cells(width), "accent"),
            Ink(f"   {told}   "),
            Ink(clean(name, 40), "dim"),
        ]
        lines.append(_meter(f"gpu{number}", pieces, [busy, memory, heat, power], width))
    return _some(lines, "GPUs")


def _temperatures(of: Readings, width: int) -> list[Line]:
    found = of.of("hw.temperature")
    if not found:
        return []
    pieces: list[Ink] = []
    for row in sorted(found, key=lambda each: -(each.value or 0.0)):
        pairs = dict(row.series.attributes)
        name = cut(clean(pairs.get("hw.name") or pairs.get("hw.id") or "", 24), 18)
        part = [Ink(f"{name} ", "dim"), Ink(f"{_of(row)}  ")]
        if span((*pieces, *part)) > width - WORD - 5:
            break
        pieces += part
    return [_meter("temp", pieces, found, width)]


def _flow(row: Row | None, sign: str, spark: int) -> list[Ink]:
    """A rate and its last seconds."""
    if row is None:
        return []
    return [
        Ink(f"{sign} ", "dim"),
        Ink(right(_of(row), 11) + " "),
        Ink(row.spark[len(row.spark) - spark :].rjust(spark) + "  ", "spark"),
    ]


def _networks(of: Readings, width: int) -> list[Line]:
    lines = []
    spark = _spark_cells(width)
    for name in of.names("system.network.io", "network.interface.name"):
        ways = [of.one("system.network.io", name, way) for way in ("receive", "transmit")]
        pieces = [Ink(left(clean(name, 20), 10))]
        pieces += [*_flow(ways[0], "↓", spark), *_flow(ways[1], "↑", spark)]
        lost = [
            (word, row)
            for word, metric in (("errors", "errors"), ("drops", "packet.dropped"))
            for row in of.of(f"system.network.{metric}")
            if row.value and name in {value for _, value in row.series.attributes}
        ]
        pieces += [Ink(f"{word} {_of(row)} ", "warn") for word, row in lost]
        lines.append(_meter("net", pieces, ways, width))
    return _some(lines, "interfaces")


def _disks(of: Readings, width: int) -> list[Line]:
    lines = []
    spark = _spark_cells(width)
    for name in of.names("system.disk.io", "system.device"):
        ways = [of.one("system.disk.io", name, way) for way in ("read", "write")]
        busy = of.one("system.disk.io_time", name)
        pieces = [Ink(left(clean(name, 20), 10)), *_flow(ways[0], "r", spark), *_flow(ways[1], "w", spark)]
        if busy is not None:
            pieces.append(Ink(f"busy {_of(busy)}", "dim"))
        lines.append(_meter("disk", pieces, [*ways, busy], width))
    return _some(lines, "disks")


def _mounts(of: Readings, width: int) -> list[Line]:
    lines = []
    metric = "system.filesystem.utilization"
    for row in sorted(of.of(metric), key=lambda each: -(each.value or 0.0)):
        where = dict(row.series.attributes).get("system.filesystem.mountpoint", "")
        free = of.one("system.filesystem.usage", where, "free")
        inodes = of.one("linux.filesystem.inodes.utilization", where)
        told = f"   {human(free.value, 'By')} free" if free else ""
        told += f"   inodes {_of(inodes)}" if inodes else ""
        pieces = [*_share(row, _bar_cells(width)), Ink(told, "dim"), Ink(f"   {clean(where, 60)}")]
        lines.append(_meter("fs", pieces, [row], width))
    return _some(lines, "file systems")
