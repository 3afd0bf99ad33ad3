"""Traffic of network interfaces: `/proc/net/dev`."""

from __future__ import annotations

from itertools import chain

from collectors.api import Absence, Metric, Reading, Registration, Series
from collectors.host import Host, counts, label, malformed
from collectors.interfaces import skipped

DEV = "/proc/net/dev"
KEYS = ("network.interface.name", "network.io.direction")
IO = Metric("system.network.io", "By", "counter", KEYS, DEV, "Bytes received and transmitted.")
PACKETS = Metric("system.network.packet.count", "{packet}", "counter", KEYS, DEV, "Packets.")
ERRORS = Metric("system.network.errors", "{error}", "counter", KEYS, DEV, "Errors the driver counted.")
DROPPED = Metric(
    "system.network.packet.dropped", "{packet}", "counter", KEYS, DEV, "Packets dropped without an error."
)
METRICS = (IO, PACKETS, ERRORS, DROPPED)
HEADING = [[b"Inter-|"], [b"face"]]
UNKNOWN = (None,) * 8


def names(lines: list[bytes]) -> list[list[bytes]]:
    """The first word of each line, in a list that is empty where the line is."""
    return [line.split(None, 1)[:1] for line in lines]


def parse(line: bytes) -> tuple[int, ...]:
    """Bytes, packets, errors and drops, each received and then transmitted, of one interface's line.

    Raises:
        ValueError: it is malformed.
    """
    words = line.split()
    if len(words) < 13:
        raise malformed(DEV, line)
    try:
        received, packets, errors, drops, _, _, _, _, sent, out, failed, lost = counts(words[1:13])
    except ValueError:
        raise malformed(DEV, line) from None
    return received, sent, packets, out, errors, failed, drops, lost


def wanted(heads: list[list[bytes]]) -> list[tuple[int, str]]:
    """The places and names of the lines to report; the two of the heading are none."""
    found = [(place, head[0].split(b":")[0]) for place, head in enumerate(heads) if place > 1 and head]
    first: dict[str, int] = {}  # two names of odd bytes may read the same
    for place, name in found:
        if name and not skipped(name):
            first.setdefault(label(name), place)
    return [(place, name) for name, place in first.items()]


class Network:
    """Keeps `/proc/net/dev` open, and where each interface stands in it."""

    __slots__ = ("_dev", "_names", "_places", "_series")

    def __init__(self, host: Host) -> None:
        self._dev = host.open(host.net / "dev")
        self._names: list[list[bytes]] = []
        self._places: list[tuple[int, str]] = []
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        lines = self._dev.read().split(b"\n")
        heads = names(lines)
        if heads != self._names:
            self._arrange(heads)
        values: list[object] = []
        absences: tuple[Absence, ...] = ()
        for place, name in self._places:
            try:
                values += parse(lines[place])
            except ValueError as error:
                values += UNKNOWN
                absences += (Absence(name, str(error)),)
        return Reading(self._series, values, absences)

    def close(self) -> None:
        """See `Collector.close`."""
        self._dev.close()

    def _arrange(self, heads: list[list[bytes]]) -> None:
        if heads[:2] != HEADING:
            raise ValueError(f"{DEV}: does not begin with its heading")
        self._places = wanted(heads)
        self._names = heads
        self._series = tuple(chain.from_iterable(series(name) for _, name in self._places))


def series(name: str) -> tuple[Series, ...]:
    """The series of one interface, in the order of `parse`."""
    return tuple(
        metric.of(**dict(zip(KEYS, (name, direction), strict=True)))
        for metric in METRICS
        for direction in ("receive", "transmit")
    )


COLLECTOR = Registration(
    "network",
    "Bytes, packets, errors and drops of network interfaces.",
    METRICS,
    lambda host, *_: Network(host),
)
