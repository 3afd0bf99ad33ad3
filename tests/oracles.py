"""What others say of this machine: psutil, vmstat, ip, df and the files themselves, read another way.

Each source answers with numbers by metric and attribute values, in our units; a test reads them
before and after ours, which must lie between the two, give or take a metric's noise. As a program it
does so for every collector, in a process that does nothing else, and prints what disagrees.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from collectors import catalog
from collectors.api import NoData, Reading, Series
from collectors.host import Host
from tests.collecting import opened

Key = tuple[str, ...]
Numbers = Iterator[tuple[Key, float]]
MIB = 1024 * 1024


def key(series: Series) -> Key:
    """A series as the sources name it: its metric and the values of its attributes."""
    return (series.name, *(value for _, value in series.attributes))


def said(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def text(path: str) -> str:
    """A file of the kernel."""
    return Path(path).read_text(encoding="ascii")


def processors() -> Numbers:
    """psutil and vmstat on CPUs and processes."""
    counted = psutil.cpu_stats()
    yield ("linux.context_switches",), counted.ctx_switches
    yield ("linux.interrupts",), counted.interrupts
    yield ("system.cpu.logical.count",), psutil.cpu_count()
    yield ("system.process.created",), int(said("vmstat", "-f").split()[0])
    for span, load in zip(("1m", "5m", "15m"), psutil.getloadavg(), strict=True):
        yield (f"system.cpu.load_average.{span}",), load
    running, blocked = said("vmstat").splitlines()[2].split()[:2]
    yield ("system.process.count", "running"), float(running)
    yield ("system.process.count", "blocked"), float(blocked)


def memory() -> Numbers:
    """psutil on memory and swap; `free` counts as used what is not available."""
    now: Any = psutil.virtual_memory()
    for state, value in (
        ("used", now.total - now.available),
        ("free", now.free),
        ("buffers", now.buffers),
        ("cached", now.cached),
    ):
        yield ("system.memory.usage", state), value
    yield ("system.memory.limit",), now.total
    yield ("system.memory.utilization", "used"), now.percent / 100
    yield ("system.memory.linux.available",), now.available
    yield ("system.memory.linux.shared",), now.shared
    fields = dict(line.split(":") for line in text("/proc/meminfo").splitlines())
    kilobytes = {name: int(value.split()[0]) * 1024 for name, value in fields.items()}
    yield ("system.memory.linux.slab.usage", "reclaimable"), kilobytes["SReclaimable"]
    yield ("system.memory.linux.slab.usage", "unreclaimable"), kilobytes["SUnreclaim"]
    yield ("linux.memory.dirty",), kilobytes["Dirty"]
    swap: Any = psutil.swap_memory()
    yield ("system.paging.usage", "used"), swap.used
    yield ("system.paging.usage", "free"), swap.free
    yield ("system.paging.utilization", "used"), swap.percent / 100


def paging() -> Numbers:
    """The kernel's own words by awk, and swapping by vmstat."""
    counted = dict(line.split() for line in said("awk", "{print}", "/proc/vmstat").splitlines())
    yield ("system.paging.faults", "major"), int(counted["pgmajfault"])
    yield ("system.paging.faults", "minor"), int(counted["pgfault"]) - int(counted["pgmajfault"])
    yield ("linux.memory.oom_kills",), int(counted["oom_kill"])
    for line in said("vmstat", "-s").splitlines():
        count, _, what = line.strip().partition(" ")
        if what in ("pages swapped in", "pages swapped out"):
            yield ("system.paging.operations", what.rpartition(" ")[2]), int(count)


def network() -> Numbers:
    """`ip -s link` on every interface."""
    for link in json.loads(said("ip", "-s", "-s", "-j", "link")):
        yield ("hw.network.up", link["ifname"]), float(link["operstate"] == "UP")
        yield ("linux.network.carrier.changes", link["ifname"]), link["stats64"]["tx"]["carrier_changes"]
        for direction, short in (("receive", "rx"), ("transmit", "tx")):
            stats = link["stats64"][short]
            for metric, name in (
                ("system.network.io", "bytes"),
                ("system.network.packet.count", "packets"),
                ("system.network.errors", "errors"),
                ("system.network.packet.dropped", "dropped"),
            ):
                yield (metric, link["ifname"], direction), stats[name]


def disks() -> Numbers:
    """psutil on disks."""
    for name, counted in psutil.disk_io_counters(perdisk=True).items():
        yield ("system.disk.io", name, "read"), counted.read_bytes
        yield ("system.disk.io", name, "write"), counted.write_bytes
        yield ("system.disk.operations", name, "read"), counted.read_count
        yield ("system.disk.operations", name, "write"), counted.write_count
        yield ("system.disk.operation_time", name, "read"), counted.read_time / 1000
        yield ("system.disk.operation_time", name, "write"), counted.write_time / 1000
        yield ("system.disk.io_time", name), counted.busy_time / 1000


def mounts() -> Numbers:
    """`df` on room and inodes, `findmnt` on which file systems are read-only themselves."""
    for line in said("df", "-B1", "--output=used,avail,size,itotal,iused,target").splitlines()[1:]:
        used, avail, size, inodes, taken, point = line.split(None, 5)
        yield ("system.filesystem.usage", point, "used"), int(used)
        yield ("system.filesystem.usage", point, "free"), int(avail)
        yield ("system.filesystem.usage", point, "reserved"), int(size) - int(used) - int(avail)
        if int(used) + int(avail):
            yield ("system.filesystem.utilization", point), int(used) / (int(used) + int(avail))
        if inodes != "-" and int(inodes):
            yield ("linux.filesystem.inodes.utilization", point), int(taken) / int(inodes)
        options = said("findmnt", "-n", "-o", "FS-OPTIONS", point).splitlines()[-1].split(",")
        yield ("linux.filesystem.read_only", point), float("ro" in options)


def sockets() -> Numbers:
    """`ss -s`, `nstat`, and the pages of memory by awk."""
    lines = said("ss", "-s").splitlines()
    yield ("linux.sockets.used",), int(lines[0].split()[1])
    for line in lines:
        words = line.split()
        if words and words[0] in ("RAW", "UDP", "TCP"):
            yield ("linux.sockets.count", words[0].lower(), "ipv4"), int(words[2])
            yield ("linux.sockets.count", words[0].lower(), "ipv6"), int(words[3])
    tcp = dict(part.split() for part in lines[1].partition("(")[2].rstrip(")").split(", "))
    yield ("linux.sockets.orphaned", "tcp"), int(tcp["orphaned"])
    yield ("system.network.connection.count", "tcp", "time_wait"), int(tcp["timewait"])
    yield ("system.network.connection.count", "tcp", "established"), int(tcp["estab"])
    yield from _sockstat()
    counted = json.loads(said("nstat", "-aszj"))["kernel"]
    for metric, name in (
        (("linux.network.tcp.segments", "receive"), "TcpInSegs"),
        (("linux.network.tcp.segments", "transmit"), "TcpOutSegs"),
        (("linux.network.tcp.retransmits",), "TcpRetransSegs"),
        (("linux.network.tcp.listen.overflows",), "TcpExtListenOverflows"),
        (("linux.network.tcp.listen.drops",), "TcpExtListenDrops"),
    ):
        yield metric, counted[name]


def _sockstat() -> Numbers:
    """What `ss` leaves out: sockets allocated, and memory in pages of 4 KiB."""
    script = "/^(TCP|UDP):/ {for (i = 2; i < NF; i += 2) print tolower($1), $i, $(i + 1)}"
    for line in said("awk", script, "/proc/net/sockstat").splitlines():
        protocol, what, count = line.replace(":", "").split()
        if what == "alloc":
            yield ("linux.sockets.allocated", protocol), int(count)
        elif what == "mem":
            yield ("linux.sockets.memory", protocol), int(count) * 4096


def pressure() -> Numbers:
    """The kernel's totals in microseconds, by awk."""
    for resource in ("cpu", "memory", "io", "irq"):
        file = Path("/proc/pressure", resource)
        if file.exists():
            for line in said("awk", "-F[ =]", "{print $1, $NF}", str(file)).splitlines():
                kind, total = line.split()
                yield ("linux.pressure.time", resource, kind), int(total) / 1e6


def boot() -> Numbers:
    """psutil on the last boot, `sh` on what befell the kernel, `find` on crash records."""
    yield ("system.uptime",), time.time() - psutil.boot_time()
    yield ("linux.boot.time",), psutil.boot_time()
    for name, bit in (
        ("machine_check", 4),
        ("bad_page", 5),
        ("oops", 7),
        ("warning", 9),
        ("soft_lockup", 14),
    ):
        script = f"echo $(( $(cat /proc/sys/kernel/tainted) / {1 << bit} % 2 ))"
        yield ("linux.kernel.tainted", name), int(said("sh", "-c", script))
    for source, folder in (("pstore", "/sys/fs/pstore"), ("systemd-pstore", "/var/lib/systemd/pstore")):
        if Path(folder).exists():
            records = said("find", folder, "-mindepth", "1", "-maxdepth", "1").splitlines()
            yield ("linux.boot.crash_records", source), len(records)


def clock() -> Numbers:
    """Perl on adjtimex(2), by the numbers that the call has on 64 bits."""
    script = (
        "my $room = pack('x256'); syscall($ARGV[0], $room) >= 0 or die $!;"
        "print join ' ', unpack('x8 q4 l', $room)"
    )
    call = {"x86_64": "159", "aarch64": "171"}[os.uname().machine]
    offset, frequency, most, estimated, status = map(int, said("perl", "-e", script, call).split())
    yield ("linux.clock.synchronized",), float(not status & 64)
    yield ("linux.clock.frequency.correction",), frequency / 65536 / 1e6
    yield ("linux.clock.offset",), offset / (1e9 if status & 8192 else 1e6)
    yield ("linux.clock.max_error",), most / 1e6
    yield ("linux.clock.estimated_error",), estimated / 1e6


def ourselves() -> Numbers:
    """psutil on this very process."""
    process = psutil.Process()
    with process.oneshot():
        times, memory_used, written = process.cpu_times(), process.memory_full_info(), process.io_counters()
        yield ("outrider.cpu.time", "user"), times.user
        yield ("outrider.cpu.time", "system"), times.system
        yield ("outrider.wakeups",), process.num_ctx_switches().voluntary
        yield ("outrider.threads",), process.num_threads()
        yield ("outrider.descriptors",), process.num_fds()
        yield ("outrider.memory.usage", "rss"), memory_used.rss
        yield ("outrider.memory.usage", "pss"), memory_used.pss
        yield ("outrider.disk.written",), written.write_bytes


SOURCES: tuple[Callable[[], Numbers], ...] = (
    processors, memory, paging, network, sockets, pressure, disks, mounts, boot, clock, ourselves,
)  # fmt: skip

NOISE: dict[str, float] = {
    # /proc/loadavg has two digits, getloadavg all; the kernel makes it anew each 5 s.
    "system.cpu.load_average.1m": 0.01,
    "system.cpu.load_average.5m": 0.01,
    "system.cpu.load_average.15m": 0.01,
    "system.process.count": 8,
    "system.memory.usage": 96 * MIB,
    "system.memory.utilization": 0.02,
    "system.memory.linux.available": 96 * MIB,
    "system.memory.linux.shared": 32 * MIB,
    "system.memory.linux.slab.usage": 16 * MIB,
    "linux.memory.dirty": 64 * MIB,
    "system.disk.io_time": 0.01,
    "system.disk.operation_time": 0.01,
    "system.filesystem.usage": 64 * MIB,
    "system.filesystem.utilization": 0.001,
    "linux.filesystem.inodes.utilization": 0.001,
    # Other tests open and close them meanwhile.
    "linux.sockets.used": 40,
    "linux.sockets.count": 40,
    "linux.sockets.allocated": 40,
    "linux.sockets.orphaned": 10,
    "linux.sockets.memory": 4 * MIB,
    "system.network.connection.count": 40,
    "system.uptime": 1.5,  # psutil's boot time has whole seconds
    "linux.boot.time": 1,
    "linux.clock.offset": 0.001,
    "linux.clock.max_error": 0.01,
    "outrider.cpu.time": 0.02,  # clock ticks of 10 ms beside microseconds
    "outrider.memory.usage": 4 * MIB,
    "outrider.descriptors": 3,
    "outrider.threads": 1,
}
"""By how much a number may lie outside of what others said before and after, in its unit."""


def everything() -> dict[Key, float]:
    """What all sources say now."""
    return {name: float(value) for source in SOURCES for name, value in source()}


RATES = frozenset(("system.cpu.utilization", "system.cpu.logical.utilization"))
"""Shares of the time between two polls: compared elsewhere, over the same seconds."""


def numbers(reading: Reading) -> Numbers:
    """The values of a reading that are numbers."""
    for series, value in zip(reading.series, reading.values, strict=True):
        if isinstance(value, int | float):
            yield key(series), value


def compared() -> dict[str, Any]:
    """Every number of every collector that finds something here: how many, which are wrong, which alone."""
    wrong: list[str] = []
    alone: list[Key] = []
    count = 0
    for name in catalog.NAMES:
        with contextlib.suppress(NoData), contextlib.closing(opened(name, Host())) as collector:
            before = everything()
            reading = collector.collect(0.0)
            after = everything()
            for place, value in numbers(reading):
                if place[0] in RATES:
                    continue
                if place not in before or place not in after:
                    alone.append(place)
                    continue
                count += 1
                low, high = sorted((before[place], after[place]))
                noise = NOISE.get(place[0], 0.0)
                if not low - noise <= value <= high + noise:
                    wrong.append(f"{place}: {value}, others {low} to {high}, noise {noise}")
    return {"compared": count, "wrong": wrong, "alone": alone}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compared()))
