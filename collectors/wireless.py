"""Wi-Fi: signal, noise, quality and discarded packets, from `/proc/net/wireless`.

The file is of the kernel's old wireless extensions. A kernel without them, or a driver of Wi-Fi 7 (since
Linux 6.3), tells by netlink (nl80211) alone, which the service's sandbox does not open: then each interface
has an absence that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.host import Host, counts, label, malformed, printable
from collectors.interfaces import interfaces

FILE = "/proc/net/wireless"
MOST = 16  # interfaces
HEADINGS = 2
REASONS = ("nwid", "crypt", "frag", "retry", "misc")
# cfg80211 gives a level in dBm a quality of 0 to 70, and 0 to 100 where the driver has another unit.
BEST_OF_DBM, BEST = 70, 100
NO_NOISE = -256  # the kernel's word for unknown
UNTOLD = f"not in {FILE}: its driver, or this kernel, tells by netlink alone, which is not read"

KEY = ("network.interface.name",)
SIGNAL = Metric("linux.wireless.signal", "dB[mW]", "gauge", KEY, FILE, "Strength of the received signal.")
NOISE = Metric("linux.wireless.noise", "dB[mW]", "gauge", KEY, FILE, "Noise, where the driver measures it.")
QUALITY = Metric(
    "linux.wireless.quality",
    "1",
    "gauge",
    KEY,
    FILE,
    "Quality of the link as the driver rates it, of the best.",
)
DISCARDED = Metric(
    "linux.wireless.discarded",
    "{packet}",
    "counter",
    (*KEY, "linux.wireless.reason"),
    FILE,
    "Packets discarded: of another network (nwid), not decrypted (crypt), not reassembled (frag), sent "
    "too often (retry), or else (misc).",
)
BEACONS = Metric(
    "linux.wireless.missed_beacons", "{beacon}", "counter", KEY, FILE, "Beacons of the access point missed."
)


class Radio(NamedTuple):
    """A line of the file. `signal` and `noise` are in dBm, None where the driver does not say so."""

    quality: float
    signal: int | None
    noise: int | None
    discarded: tuple[int, ...]
    beacons: int


def parse(line: bytes) -> Radio:
    """What the line of one interface says.

    Raises:
        ValueError: it is malformed, or says what cannot be.
    """
    words = line.split()
    try:
        link, level, noise = (int(word.rstrip(b".")) for word in words[2:5])
        *discarded, beacons = counts(words[5:11])
    except ValueError:
        raise malformed(FILE, line) from None
    dbm = level < 0
    quality = link / (BEST_OF_DBM if dbm else BEST)
    if len(discarded) != len(REASONS) or not 0 <= quality <= 1 or level < NO_NOISE:
        raise malformed(FILE, line)
    known = dbm and NO_NOISE < noise < 0
    return Radio(quality, level if dbm else None, noise if known else None, tuple(discarded), beacons)


def lines(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Each interface's printable name and line."""
    for line in text.split(b"\n")[HEADINGS:]:
        name, colon, _ = line.partition(b":")
        if colon:
            yield label(name.strip()), line


def told(name: str, radio: Radio) -> Iterator[tuple[Series, float]]:
    """The series of one interface and their values, without those that have none."""
    key = {KEY[0]: name}
    for metric, value in ((QUALITY, radio.quality), (SIGNAL, radio.signal), (NOISE, radio.noise)):
        if value is not None:
            yield metric.of(**key), value
    for reason, count in zip(REASONS, radio.discarded, strict=True):
        yield DISCARDED.of(**key, **{"linux.wireless.reason": reason}), count
    yield BEACONS.of(**key), radio.beacons


class Wireless:
    """Opens the file by each poll, as it costs the drivers more than the opening."""

    __slots__ = ("_host", "_series")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: there is no wireless interface.
        """
        try:
            found = dict(lines(self._host.read(self._host.net / "wireless")))
            broken = None
        except FileNotFoundError:
            found, broken = {}, None
        except (OSError, ValueError) as error:
            found, broken = {}, printable(str(error))
        names = [*dict.fromkeys([*found, *self._radios()])]
        if not names:
            raise NoData(f"no wireless interface in {FILE} and /sys/class/net/*/phy80211")
        reading = self._reading(names[:MOST], found, broken or UNTOLD)
        if len(names) <= MOST:
            return reading
        more = Absence(SIGNAL.name, f"{len(names) - MOST} interfaces more than {MOST} are not read")
        return reading._replace(absences=(*reading.absences, more))

    def close(self) -> None:
        """See `Collector.close`."""

    def _radios(self) -> list[str]:
        """The interfaces that belong to a radio."""
        return [name for name, path in interfaces(self._host).items() if (path / "phy80211").exists()]

    def _reading(self, names: list[str], found: dict[str, bytes], reason: str) -> Reading:
        pairs: list[tuple[Series, float]] = []
        absences: tuple[Absence, ...] = ()
        for name in names:
            if name not in found:
                absences += (Absence(name, reason),)
                continue
            try:
                pairs += told(name, parse(found[name]))
            except ValueError as error:
                absences += (Absence(name, str(error)),)
        series = tuple(each for each, _ in pairs)
        if series != self._series:
            self._series = series
        return Reading(self._series, [value for _, value in pairs], absences)


COLLECTOR = Registration(
    "wireless",
    "Wi-Fi: signal, noise, quality, discarded packets.",
    (QUALITY, SIGNAL, NOISE, DISCARDED, BEACONS),
    lambda host, *_: Wireless(host),
)
