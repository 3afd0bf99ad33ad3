"""Power, voltages and currents: of the sensors' chips, and of a Jetson's rails.

A Jetson measures its rails with INA3221 chips, which tell no power: it is voltage times current here. Of
their channels 1 to 3 are rails; `in4` to `in7` are the drops at the shunts, and `curr4` is a sum
(Documentation/hwmon/ina3221.rst). A rail called NC is not connected. Until JetPack 4 a driver of NVIDIA's
own, `ina3221x`, told all three (`rail_name_0`, `in_power0_input` in mW).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, Series
from collectors.host import Host
from collectors.hwmon import HWMON, Chip, title
from collectors.numbers import Number, at_most, folders, word

OLD = "bus/i2c/drivers/ina3221x"
MOST = 64
"""Of each metric."""

WHO = ("hw.id", "hw.name")
POWER = Metric(
    "hw.power",
    "W",
    "gauge",
    WHO,
    f"{HWMON}/*/power*_input, /sys/{OLD}, /sys/class/power_supply",
    "Power that flows in a rail, a device or a battery; told by its sensor, else voltage times current.",
)
VOLTAGE = Metric(
    "hw.voltage",
    "V",
    "gauge",
    WHO,
    f"{HWMON}/*/in*_input, /sys/{OLD}, /sys/class/power_supply",
    "Voltage of a rail or a battery.",
)
CURRENT = Metric(
    "hw.current",
    "A",
    "gauge",
    WHO,
    f"{HWMON}/*/curr*_input, /sys/{OLD}, /sys/class/power_supply",
    "Current in a rail or a battery.",
)
METRICS = (POWER, VOLTAGE, CURRENT)

RAILS = "ina3221"
CHANNELS = ("1", "2", "3")
NOT_CONNECTED = "NC"
# More cannot be, either way round.
MOST_W, MOST_V, MOST_A = 1e6, 1e4, 1e4


class Product(NamedTuple):
    """A power that no file tells: its series, and those of the voltage and the current."""

    power: Series
    voltage: Series
    current: Series


Found = tuple[list[Number], list[Product]]


def rails(host: Host, chips: list[Chip], said: list[Absence]) -> Found:
    """All that is measured. A battery's chip only repeats the battery, and is left out."""
    numbers: list[Number] = []
    products: list[Product] = []
    for chip in chips:
        if "/power_supply/" not in chip.device:
            found = of_ina3221(host, chip, said) if chip.name == RAILS else (of_chip(host, chip, said), [])
            numbers += found[0]
            products += found[1]
    numbers += old_rails(host, said)
    kept = [
        at_most(MOST, [each for each in numbers if each.series.name == one.name], said) for one in METRICS
    ]
    return [number for part in kept for number in part], products[:MOST]


def of_chip(host: Host, chip: Chip, said: list[Absence]) -> list[Number]:
    """What a chip tells, each on its own."""
    averages = [each for each in chip.channels("power", "_average") if f"{each}_input" not in chip.files]
    channels = [
        *((POWER, each, f"{each}_input", 1e-6, MOST_W) for each in chip.channels("power")),
        *((POWER, each, f"{each}_average", 1e-6, MOST_W) for each in averages),
        *((VOLTAGE, each, f"{each}_input", 1e-3, MOST_V) for each in chip.channels("in")),
        *((CURRENT, each, f"{each}_input", 1e-3, MOST_A) for each in chip.channels("curr")),
    ]
    found = []
    for metric, channel, file, scale, most in channels:
        name = title(host, chip, channel, said)
        if name != NOT_CONNECTED:
            who = {"hw.id": f"{chip.place}/{channel}", "hw.name": f"{chip.name} {name}"}
            series = metric.of(**who)
            found.append(Number(series, chip.folder / file, scale, -most, most, chip.sleeper))
    return found


def of_ina3221(host: Host, chip: Chip, said: list[Absence]) -> Found:
    """The rails of a chip that are connected."""
    numbers: list[Number] = []
    products = []
    for channel in CHANNELS:
        name = title(host, chip, f"in{channel}", said)
        if {f"in{channel}_input", f"curr{channel}_input"} <= chip.files and name != NOT_CONNECTED:
            who = {"hw.id": f"{chip.place}/{channel}", "hw.name": name}
            voltage, current = VOLTAGE.of(**who), CURRENT.of(**who)
            numbers += (
                Number(voltage, chip.folder / f"in{channel}_input", 1e-3, -MOST_V, MOST_V, chip.sleeper),
                Number(current, chip.folder / f"curr{channel}_input", 1e-3, -MOST_A, MOST_A, chip.sleeper),
            )
            products.append(Product(POWER.of(**who), voltage, current))
    return numbers, products


def old_rails(host: Host, said: list[Absence]) -> list[Number]:
    """The rails as NVIDIA's own driver tells them, all in thousandths."""
    found = []
    for chip in folders(host, host.sys / OLD, r"(\d+)-[0-9a-f]{4}"):
        for device in folders(host, chip, r"iio:device(\d+)"):
            for channel in ("0", "1", "2"):
                name = word(host, device / f"rail_name_{channel}", said)
                if name and name != NOT_CONNECTED:
                    found += old_rail(device, channel, {"hw.id": f"{chip.name}/{channel}", "hw.name": name})
    return found


def old_rail(device: Path, channel: str, who: dict[str, str]) -> list[Number]:
    """One of them."""
    kinds = ((POWER, "power", MOST_W), (VOLTAGE, "voltage", MOST_V), (CURRENT, "current", MOST_A))
    return [
        Number(metric.of(**who), device / f"in_{kind}{channel}_input", 1e-3, -most, most)
        for metric, kind, most in kinds
    ]
