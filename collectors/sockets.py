"""Sockets and TCP connections: `/proc/net/sockstat`, `sockstat6`, `snmp` and `netstat`.

These are the kernel's own counts; `/proc/net/tcp`, a line a connection, is never read. Allocated, orphaned
and memory are of the whole machine, the rest of the host's own network namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.host import Host, Kept, counts, malformed, printable

Sections = Mapping[bytes, Mapping[bytes, bytes]]

FOLDER = "/proc/net"
SOCKSTAT, SOCKSTAT6 = f"{FOLDER}/sockstat", f"{FOLDER}/sockstat6"
SNMP, NETSTAT = f"{FOLDER}/snmp", f"{FOLDER}/netstat"
TRANSPORT = ("network.transport",)

CONNECTIONS = Metric(
    "system.network.connection.count",
    "{connection}",
    "gauge",
    (*TRANSPORT, "network.connection.state"),
    f"{SNMP}, {SOCKSTAT}",
    "TCP connections that are established (or wait for this side to close), and those in time_wait.",
)
SOCKETS = Metric(
    "linux.sockets.count",
    "{socket}",
    "gauge",
    (*TRANSPORT, "network.type"),
    f"{SOCKSTAT}, {SOCKSTAT6}",
    "Sockets that are bound or connected, of TCP the listening ones among them.",
)
USED = Metric(
    "linux.sockets.used", "{socket}", "gauge", (), SOCKSTAT, "Sockets of every kind, local ones too."
)
ALLOCATED = Metric(
    "linux.sockets.allocated", "{socket}", "gauge", TRANSPORT, SOCKSTAT, "TCP sockets in whatever state."
)
ORPHANED = Metric(
    "linux.sockets.orphaned",
    "{socket}",
    "gauge",
    TRANSPORT,
    SOCKSTAT,
    "TCP sockets that no process holds any more, and that the kernel still has to close.",
)
MEMORY = Metric("linux.sockets.memory", "By", "gauge", TRANSPORT, SOCKSTAT, "Memory of the sockets' buffers.")
SEGMENTS = Metric(
    "linux.network.tcp.segments",
    "{segment}",
    "counter",
    ("network.io.direction",),
    SNMP,
    "TCP segments received, and sent for the first time.",
)
RETRANSMITS = Metric(
    "linux.network.tcp.retransmits", "{segment}", "counter", (), SNMP, "TCP segments sent again."
)
OVERFLOWS = Metric(
    "linux.network.tcp.listen.overflows",
    "{connection}",
    "counter",
    (),
    NETSTAT,
    "Connections that found the queue of a listening socket full.",
)
DROPS = Metric(
    "linux.network.tcp.listen.drops",
    "{connection}",
    "counter",
    (),
    NETSTAT,
    "Connections that a listening socket dropped for whatever reason, a full queue among them.",
)
METRICS = (
    CONNECTIONS, SOCKETS, USED, ALLOCATED, ORPHANED, MEMORY, SEGMENTS, RETRANSMITS, OVERFLOWS, DROPS
)  # fmt: skip


class Wanted(NamedTuple):
    """A series, and where its number stands: the section, the key; in pages or not."""

    series: Series
    section: bytes
    key: bytes
    pages: bool = False


def tcp(metric: Metric) -> Series:
    """The series of TCP."""
    return metric.of(**{"network.transport": "tcp"})


def connections(state: str) -> Series:
    """The series of the TCP connections in `state`."""
    return CONNECTIONS.of(**{"network.transport": "tcp", "network.connection.state": state})


def sockets(version: str, suffix: str) -> tuple[Wanted, ...]:
    """What is in use of each transport over one version of IP."""
    keys = ("network.transport", "network.type")
    return tuple(
        Wanted(
            SOCKETS.of(**dict(zip(keys, (name, version), strict=True))),
            f"{name.upper()}{suffix}:".encode(),
            b"inuse",
        )
        for name in ("tcp", "udp", "raw")
    )


def segments(direction: str, key: bytes) -> Wanted:
    """The segments of one direction."""
    return Wanted(SEGMENTS.of(**{"network.io.direction": direction}), b"Tcp:", key)


FILES: Mapping[str, tuple[Wanted, ...]] = {
    "sockstat": (
        Wanted(USED.of(), b"sockets:", b"used"),
        *sockets("ipv4", ""),
        Wanted(tcp(ALLOCATED), b"TCP:", b"alloc"),
        Wanted(tcp(ORPHANED), b"TCP:", b"orphan"),
        Wanted(connections("time_wait"), b"TCP:", b"tw"),
        Wanted(tcp(MEMORY), b"TCP:", b"mem", pages=True),
        Wanted(MEMORY.of(**{"network.transport": "udp"}), b"UDP:", b"mem", pages=True),
    ),
    "sockstat6": sockets("ipv6", "6"),
    "snmp": (
        Wanted(connections("established"), b"Tcp:", b"CurrEstab"),
        segments("receive", b"InSegs"),
        segments("transmit", b"OutSegs"),
        Wanted(RETRANSMITS.of(), b"Tcp:", b"RetransSegs"),
    ),
    "netstat": (
        Wanted(OVERFLOWS.of(), b"TcpExt:", b"ListenOverflows"),
        Wanted(DROPS.of(), b"TcpExt:", b"ListenDrops"),
    ),
}
"""What is read of each file; one that this kernel does not have (IPv6 is switched off) is left out."""


def paired(text: bytes) -> Sections:
    """The numbers of `sockstat` and `sockstat6`: lines of `TCP: key number key number`."""
    found: dict[bytes, Mapping[bytes, bytes]] = {}
    for line in filter(None, map(bytes.split, text.split(b"\n"))):
        found.setdefault(line[0], dict(zip(line[1::2], line[2::2], strict=False)))
    return found


def tabled(text: bytes) -> Sections:
    """The numbers of `snmp` and `netstat`: a line of keys, and one of numbers of the same name."""
    found: dict[bytes, Mapping[bytes, bytes]] = {}
    for keys, numbers in pairwise(map(bytes.split, text.split(b"\n"))):
        if keys and keys[:1] == numbers[:1] and len(keys) == len(numbers):
            found.setdefault(keys[0], dict(zip(keys[1:], numbers[1:], strict=True)))
    return found


FORMATS: Mapping[str, Callable[[bytes], Sections]] = {
    "sockstat": paired, "sockstat6": paired, "snmp": tabled, "netstat": tabled
}  # fmt: skip


def number(path: str, wanted: Wanted, sections: Sections) -> int:
    """The number as it stands in the file.

    Raises:
        ValueError: it is not there, or no count.
    """
    section = sections.get(wanted.section, {})
    word = section.get(wanted.key)
    name = f"{wanted.section.decode()} {wanted.key.decode()}"
    if word is None:
        raise ValueError(f"{path} has no {name}")
    try:
        return counts([word])[0]
    except ValueError:
        raise malformed(path, name.encode() + b" " + word) from None


class Sockets:
    """Keeps the files open that this kernel has."""

    __slots__ = ("_files", "_page", "_series")

    def __init__(self, host: Host) -> None:
        self._page = host.page
        paths = {name: host.net / name for name in FILES}
        self._files = {name: host.open(path) for name, path in paths.items() if path.exists()}
        if not self._files:
            raise NoData(f"no {FOLDER}/{{{','.join(FILES)}}}: a kernel without TCP/IP")
        self._series: tuple[Series, ...] = tuple(each.series for name in self._files for each in FILES[name])

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        values: list[object] = []
        absences: tuple[Absence, ...] = ()
        for name, file in self._files.items():
            found, missing = self._read(name, file)
            values += found
            absences += missing
        return Reading(self._series, values, absences)

    def close(self) -> None:
        """See `Collector.close`."""
        for file in self._files.values():
            file.close()

    def _read(self, name: str, file: Kept) -> tuple[list[int | None], tuple[Absence, ...]]:
        try:
            sections = FORMATS[name](file.read())
        except (OSError, ValueError) as error:
            return [None] * len(FILES[name]), (Absence(name, printable(str(error))),)
        values: list[int | None] = []
        absences: tuple[Absence, ...] = ()
        for wanted in FILES[name]:
            try:
                values.append(number(file.path, wanted, sections) * (self._page if wanted.pages else 1))
            except ValueError as error:
                values.append(None)
                absences += (Absence(wanted.series.name, printable(str(error))),)
        return values, absences


COLLECTOR = Registration(
    "sockets",
    "Sockets, TCP connections, retransmissions and refused connections, as the kernel counts them.",
    METRICS,
    lambda host, *_: Sockets(host),
)
