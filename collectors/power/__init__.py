"""Power: what sensors and rails measure, what the CPU counts, batteries and what charges them.

Everything is a file of `/sys`; which there are is looked for each minute. Sensors lie behind slow buses
and batteries behind slow controllers, so that a read takes milliseconds: seldom is enough.
"""

from __future__ import annotations

from collectors.api import Absence, NoData, Reading, Registration, Series
from collectors.host import Host
from collectors.hwmon import HWMON, chips
from collectors.numbers import Numbers
from collectors.power import rails, rapl, supplies

LOOK = 60.0
MOST_SAID = 32


class Power:
    """Keeps the files open."""

    __slots__ = (
        "_energies", "_host", "_look", "_numbers", "_parts", "_products", "_said", "_series", "_states"
    )  # fmt: skip

    def __init__(self, host: Host) -> None:
        self._host = host
        self._look = 0.0
        self._numbers = Numbers(host)
        self._products: tuple[rails.Product, ...] = ()
        self._states = supplies.States()
        self._energies = rapl.Energies(host)
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
        states, unsaid = self._states.read()
        energies, uncounted = self._energies.read(now)
        known = dict(zip(self._numbers.series, numbers, strict=True))
        products = [times(known.get(each.voltage), known.get(each.current)) for each in self._products]
        values: list[object] = [*numbers, *products, *states, *energies]
        return Reading(self._series, values, (*self._said, *missing, *unsaid, *uncounted))

    def close(self) -> None:
        """See `Collector.close`."""
        self._numbers.close()
        self._states.close()
        self._energies.close()

    def _arrange(self) -> None:
        said: list[Absence] = []
        numbers, products = rails.rails(self._host, chips(self._host, said), said)
        supplied = supplies.supplies(self._host, said)
        self._numbers.arrange([*numbers, *supplied.numbers])
        self._products = (*products, *supplied.products)
        self._states.arrange(self._host, supplied.states)
        self._energies.renew(said)
        self._said = tuple(said[:MOST_SAID])
        multiplied = tuple(each.power for each in self._products)
        parts = (self._numbers.series, multiplied, self._states.series, self._energies.series)
        if parts != self._parts:
            self._parts = parts
            self._series = tuple(series for part in parts for series in part)
        if not self._series and not said:
            places = f"{HWMON}, {supplies.SOURCE} and /sys/{rapl.POWERCAP}"
            raise NoData(f"no sensor of power, no battery, no RAPL: nothing in {places}")


def times(voltage: float | None, current: float | None) -> float | None:
    """Watts; None where one of them is unknown."""
    return None if voltage is None or current is None else voltage * current


COLLECTOR = Registration(
    "power",
    "Power, voltages and currents of sensors and rails; the CPU's energy; batteries.",
    (*rails.METRICS, rapl.ENERGY, *supplies.METRICS),
    lambda host, *_: Power(host),
)
