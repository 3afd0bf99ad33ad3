"""Temperatures, fans and cooling devices: one file each.

A sensor may show twice, and is told once:

- of a thermal zone the kernel makes a chip of its own, whose device is the zone (older kernels: a chip
  without a device, called like the zone);
- `x86_pkg_temp` reads the register that the chip `coretemp` calls `Package id 0`.
"""

from __future__ import annotations

from pathlib import Path

from collectors.api import Absence, Metric
from collectors.host import Host
from collectors.hwmon import HWMON, Chip, identity
from collectors.numbers import Number, apart, at_most, folders, word

THERMAL = "/sys/class/thermal"
MOST = 128
"""Of each metric."""

WHO = ("hw.id", "hw.name")
TEMPERATURE = Metric(
    "hw.temperature",
    "Cel",
    "gauge",
    WHO,
    f"{THERMAL}/thermal_zone*/temp, {HWMON}/*/temp*_input",
    "Temperature by sensor. Those of GPUs are told by their own collectors.",
)
FAN = Metric("hw.fan.speed", "rpm", "gauge", WHO, f"{HWMON}/*/fan*_input", "Speed of a fan.")
COOLING = Metric(
    "linux.thermal.cooling",
    "1",
    "gauge",
    WHO,
    f"{THERMAL}/cooling_device*/cur_state",
    "Share of its levels at which a cooling device works: a fan, or clocks held down. 0 is not at all.",
)
METRICS = (TEMPERATURE, FAN, COOLING)

COLDEST, HOTTEST = -100.0, 300.0  # Cel; a Jetson's zone of a GPU that is off says -256
FASTEST = 200_000.0  # rpm
# It has no sensor: 20 Cel stand there.
NO_ZONES = frozenset(("INT3400 Thermal",))
# One for each CPU, of which the clocks tell more; a display's brightness; one that says -1 while it rests.
NO_COOLING = frozenset(("Processor", "LCD", "intel_powerclamp"))


def temperatures(host: Host, chips: list[Chip], said: list[Absence]) -> list[Number]:
    """Of the zones, and of the chips that are none."""
    zones = typed(host, "thermal_zone", said)
    types = {kind.replace("-", "_") for _, kind in zones}
    twins = NO_ZONES | {"x86_pkg_temp"} if any(each.name == "coretemp" for each in chips) else NO_ZONES
    zones = [each for each in zones if each[1] not in twins]
    found = [
        celsius(each, zone / "temp")
        for each, (zone, _) in zip(apart(kind for _, kind in zones), zones, strict=True)
    ]
    for chip in chips:
        if not is_zone(chip, types):
            found += inputs(host, chip, "temp", TEMPERATURE, said)
    return at_most(MOST, found, said)


def celsius(zone: str, path: Path) -> Number:
    """The temperature of a zone."""
    series = TEMPERATURE.of(**{"hw.id": zone, "hw.name": zone})
    return Number(series, path, 1e-3, COLDEST, HOTTEST)


def is_zone(chip: Chip, types: set[str]) -> bool:
    """Whether a chip only repeats a thermal zone; `types` are those of the zones, without hyphens."""
    if chip.device:
        return Path(chip.device).name.startswith("thermal_zone")
    return chip.name.replace("-", "_") in types


def fans(host: Host, chips: list[Chip], said: list[Absence]) -> list[Number]:
    """Of every chip."""
    found = [each for chip in chips for each in inputs(host, chip, "fan", FAN, said)]
    return at_most(MOST, found, said)


def inputs(host: Host, chip: Chip, kind: str, metric: Metric, said: list[Absence]) -> list[Number]:
    """A chip's channels of the kind `temp` or `fan`."""
    scale, low, high = (1e-3, COLDEST, HOTTEST) if kind == "temp" else (1.0, 0.0, FASTEST)
    return [
        Number(
            metric.of(**identity(host, chip, channel, said)),
            chip.folder / f"{channel}_input",
            scale,
            low,
            high,
            chip.sleeper,
        )
        for channel in chip.channels(kind)
    ]


def cooling(host: Host, said: list[Absence]) -> list[Number]:
    """What cools: by its type, and its level as a share of the highest."""
    devices = [each for each in typed(host, "cooling_device", said) if each[1] not in NO_COOLING]
    found = []
    for name, (device, _) in zip(apart(kind for _, kind in devices), devices, strict=True):
        highest = word(host, device / "max_state", said)
        if highest.isdecimal() and int(highest):
            series = COOLING.of(**{"hw.id": name, "hw.name": name})
            found.append(Number(series, device / "cur_state", 1 / int(highest), 0.0, 1.0))
    return at_most(MOST, found, said)


def typed(host: Host, kind: str, said: list[Absence]) -> list[tuple[Path, str]]:
    """The folders of a kind with their types; one without a type has no name that lasts, and is left out."""
    found = [
        (each, word(host, each / "type", said))
        for each in folders(host, host.sys / "class/thermal", rf"{kind}(\d+)")
    ]
    return [each for each in found if each[1]]
