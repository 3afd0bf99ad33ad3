"""The files of a control group, in both versions, and what stands in them.

An `Account` is one file or two whose values belong together: each falls out alone. A group has those whose
`sign` is there: the controller is on for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from collectors.api import Metric
from collectors.containers import metrics
from collectors.fields import stalled
from collectors.host import Host, counts, malformed

# The kernel's names of block devices that only pass on what another carries, or carry it in memory.
PASSING = frozenset((b"loop", b"ramdisk", b"zram", b"md", b"mdp", b"device-mapper"))
UNLIMITED = 1 << 60  # version 1 has no word for it but 2^63 less a page


class Shape(NamedTuple):
    """What a parser must know of the host: clock ticks a second, and the majors of passing devices."""

    ticks: int
    passing: frozenset[bytes]


Parse = Callable[[list[bytes], Shape], tuple[float, ...]]


class Account(NamedTuple):
    """Files of one controller (version 1: its folder), the metrics they tell, and how.

    `sign` is the file whose presence says that the account is kept; `parse` takes the texts of the files,
    and answers a value for each of the metrics, which are named with their last attribute's value.
    """

    controller: str
    sign: str
    files: tuple[str, ...]
    metrics: tuple[tuple[Metric, str], ...]
    parse: Parse


def fields(source: str, text: bytes, *keys: bytes) -> list[int]:
    """The numbers of the lines `key number`, in the keys' order.

    Raises:
        ValueError: a key is missing, or its line is malformed.
    """
    found = dict(line.split(b" ", 1) for line in text.split(b"\n") if b" " in line)
    try:
        return counts([found[key] for key in keys])
    except KeyError as error:
        raise ValueError(f"{source}: no line {error.args[0].decode()}") from None
    except ValueError:
        raise malformed(source, text) from None


def one(source: str, text: bytes) -> int:
    """The one number of a file.

    Raises:
        ValueError: it is none.
    """
    try:
        return counts((text,))[0]
    except ValueError:
        raise malformed(source, text) from None


def limit(text: bytes) -> int | None:
    """Bytes of `memory.max` or `memory.limit_in_bytes`; None: there is no limit.

    Raises:
        ValueError: it is malformed.
    """
    if text.strip() == b"max":
        return None
    found = one("memory.max", text)
    return found if found < UNLIMITED else None


def traffic(source: str, text: bytes, passing: frozenset[bytes]) -> tuple[float, float]:
    """Bytes read and written on all disks: of `8:0 rbytes=1 wbytes=2 ...` and of `8:0 Read 1`, line by line.

    Raises:
        ValueError: it is malformed.
    """
    totals = {b"read": 0, b"write": 0, b"rbytes": 0, b"wbytes": 0}
    for line in text.split(b"\n"):
        device, _, rest = line.partition(b" ")
        if b":" not in device or device.partition(b":")[0] in passing:
            continue  # the sum of version 1, the last line, or a device that passes on
        words = rest.lower().replace(b"=", b" ").split()
        try:
            for key, count in zip(words[::2], counts(words[1::2]), strict=True):
                if key in totals:
                    totals[key] += count
        except ValueError:
            raise malformed(source, line) from None
    return totals[b"read"] + totals[b"rbytes"], totals[b"write"] + totals[b"wbytes"]


def passing(host: Host) -> frozenset[bytes]:
    """The majors of block devices that only pass on, from `/proc/devices`; none where it cannot be read."""
    try:
        text = host.read(host.proc / "devices")
    except (OSError, ValueError):
        return frozenset()
    lines = (line.split() for line in text.partition(b"Block devices:")[2].split(b"\n"))
    return frozenset(words[0] for words in lines if len(words) == 2 and words[1] in PASSING)


def _numbers(source: str, keys: tuple[bytes, ...], scales: Callable[[Shape], tuple[float, ...]]) -> Parse:
    """Fields of one file, each divided."""

    def parse(texts: list[bytes], shape: Shape) -> tuple[float, ...]:
        found = fields(source, texts[0], *keys)
        return tuple(each / scale for each, scale in zip(found, scales(shape), strict=True))

    return parse


def _unused(source: str, key: bytes) -> Parse:
    """The working set, of the usage and of the cache that `key` tells of."""

    def parse(texts: list[bytes], _: Shape) -> tuple[float, ...]:
        return (max(0, one(source, texts[0]) - fields("memory.stat", texts[1], key)[0]),)

    return parse


def _one(controller: str, file: str, metric: Metric) -> Account:
    """A file that holds one number."""
    return Account(controller, file, (file,), ((metric, ""),), lambda texts, _: (one(file, texts[0]),))


def _io(file: str) -> Account:
    return Account("blkio", file, (file,), IO, lambda texts, shape: traffic(file, texts[0], shape.passing))


def _stalled(controller: str, file: str) -> Account:
    types = tuple(name for _, name in STALLED)
    return Account(controller, file, (file,), STALLED, lambda texts, _: tuple(stalled(file, texts[0], types)))


TIMES = ((metrics.CPU_TIME, "user"), (metrics.CPU_TIME, "system"))
THROTTLED = ((metrics.PERIODS, ""), (metrics.THROTTLED_PERIODS, ""), (metrics.THROTTLED_TIME, ""))
WORKING_SET = ((metrics.WORKING_SET, ""),)
OOM_KILLS = ((metrics.OOM_KILLS, ""),)
STALLED = ((metrics.STALLED, "some"), (metrics.STALLED, "full"))
IO = ((metrics.IO, "read"), (metrics.IO, "write"))
TASKS = _one("pids", "pids.current", metrics.TASKS)


def _limited(unit: str, per_second: float) -> Account:
    keys = (b"nr_periods", b"nr_throttled", f"throttled_{unit}".encode())
    return Account(
        "cpu",
        "cpu.max" if unit == "usec" else "cpu.stat",
        ("cpu.stat",),
        THROTTLED,
        _numbers("cpu.stat", keys, lambda _: (1, 1, per_second)),
    )


def _times(controller: str, file: str, keys: tuple[bytes, bytes], scale: Callable[[Shape], float]) -> Account:
    return Account(controller, file, (file,), TIMES, _numbers(file, keys, lambda shape: (scale(shape),) * 2))


def _memory(current: str, cache: bytes, kills: str) -> tuple[Account, ...]:
    return (
        _one("memory", current, metrics.MEMORY),
        Account("memory", "memory.stat", (current, "memory.stat"), WORKING_SET, _unused(current, cache)),
        Account("memory", kills, (kills,), OOM_KILLS, _numbers(kills, (b"oom_kill",), lambda _: (1,))),
    )


# The first of two accounts that tell the same is taken.
ACCOUNTS: Mapping[int, tuple[Account, ...]] = {
    2: (
        _times("cpu", "cpu.stat", (b"user_usec", b"system_usec"), lambda _: 1e6),
        _limited("usec", 1e6),
        *_memory("memory.current", b"inactive_file", "memory.events"),
        _stalled("memory", "memory.pressure"),
        TASKS,
        _io("io.stat"),
    ),
    1: (
        _times("cpuacct", "cpuacct.stat", (b"user", b"system"), lambda shape: shape.ticks),
        _limited("time", 1e9),
        *_memory("memory.usage_in_bytes", b"total_inactive_file", "memory.oom_control"),
        TASKS,
        _io("blkio.throttle.io_service_bytes_recursive"),
        _io("blkio.throttle.io_service_bytes"),
    ),
}
LIMITS: Mapping[int, str] = {2: "memory.max", 1: "memory.limit_in_bytes"}
