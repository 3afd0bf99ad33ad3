"""Heat and what it does: temperatures, fans, cooling, throttling, and a Raspberry Pi's under-voltage.

Everything is a file of `/sys`; which there are is looked for each minute. Some sensors lie behind a slow
bus, so that a read takes milliseconds: seldom is enough, heat is slow.
"""

from __future__ import annotations

from collectors.api import Absence, NoData, Reading, Registration, Series
from collectors.host import Host
from collectors.hwmon import HWMON, chips
from collectors.numbers import Numbers
from collectors.thermal import firmware, sensors, throttling

LOOK = 60.0
MOST_SAID = 32


class Thermal:
    """Keeps the files open."""

    __slots__ = ("_flags", "_host", "_look", "_numbers", "_parts", "_said", "_series", "_throttles")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._look = 0.0
        self._numbers = Numbers(host)
        self._flags = firmware.Flags()
        self._throttles = throttling.Throttles(host)
        self._said: tuple[Absence, ...] = ()
        self._parts: tuple[tuple[Series, ...], ...] = ()
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: nothing of the kind is there.
        """
        if now >= self._look:
            self._look = now + LOOK
            self._arrange()
        numbers, missing = self._numbers.read()
        flags, unsaid = self._flags.read()
        totals, uncounted = self._throttles.read()
        values: list[object] = [*numbers, *flags, *totals]
        return Reading(self._series, values, (*self._said, *missing, *unsaid, *uncounted))

    def close(self) -> None:
        """See `Collector.close`."""
        self._numbers.close()
        self._flags.close()

    def _arrange(self) -> None:
        said: list[Absence] = []
        found = chips(self._host, said)
        flags = firmware.find(self._host)
        self._flags.arrange(self._host, flags)
        self._numbers.arrange(
            [
                *sensors.temperatures(self._host, found, said),
                *sensors.fans(self._host, found, said),
                *sensors.cooling(self._host, said),
                *(firmware.alarms(found) if flags is None else ()),
            ]
        )
        self._throttles.renew(said)
        self._said = tuple(said[:MOST_SAID])
        parts = (self._numbers.series, self._flags.series, self._throttles.series)
        if parts != self._parts:
            self._parts = parts
            self._series = tuple(series for part in parts for series in part)
        if not self._series and not said:
            raise NoData(f"no sensor of heat: nothing in {sensors.THERMAL} and {HWMON}")


COLLECTOR = Registration(
    "thermal",
    "Temperatures, fans, cooling, throttling; a Raspberry Pi's under-voltage.",
    (*sensors.METRICS, firmware.THROTTLED, *throttling.METRICS),
    lambda host, *_: Thermal(host),
)
