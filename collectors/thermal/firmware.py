"""What a Raspberry Pi's firmware says of its power supply and its heat: `get_throttled`.

The bits are those of `vcgencmd get_throttled` (Raspberry Pi documentation, "get_throttled"): 0 to 3 as it is
now, 16 to 19 as it was. "Was" is since boot; but a kernel that watches the firmware itself (the module
raspberrypi_hwmon, each 2 s) takes the marks away as it looks, and then it is since that.

The file comes with the Raspberry Pi's own kernels, some of which write a warning into their log when it is
first read ("deprecated, use hwmon sysfs instead"): the chip named there tells of the voltage alone.
Mainline kernels have the chip only.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

from collectors.api import Absence, Metric, Series
from collectors.host import Host, Kept, malformed, printable
from collectors.hwmon import Chip
from collectors.numbers import Number

DRIVER = "bus/platform/drivers/raspberrypi-firmware"
FILE = "get_throttled"
ALARM = "in0_lcrit_alarm"
CHIP = "rpi_volt"
LARGEST = 1 << 32

THROTTLED = Metric(
    "hw.throttled",
    "1",
    "gauge",
    ("hw.id", "hw.name", "hw.throttle.reason", "hw.throttle.period"),
    f"/sys/devices/platform/soc/soc:firmware/{FILE}, /sys/class/hwmon/*/{ALARM}",
    "1 if a Raspberry Pi's firmware holds it down for this reason `now`, or did (`past`), else 0.",
)
REASONS = ("under_voltage", "frequency_capped", "throttled", "soft_temperature_limit")
BITS = {"now": 0, "past": 16}


def series(reason: str, period: str) -> Series:
    """The series of one bit."""
    who = {"hw.id": "firmware", "hw.name": "Raspberry Pi"}
    return THROTTLED.of(**who, **{"hw.throttle.reason": reason, "hw.throttle.period": period})


SERIES = tuple(series(reason, period) for period, reason in product(BITS, REASONS))


def parse(text: bytes) -> list[int]:
    """0 or 1 for each of `SERIES`.

    Raises:
        ValueError: it is no hexadecimal number of 32 bits.
    """
    try:
        bits = int(text, 16)
    except ValueError:
        raise malformed(FILE, text) from None
    if not 0 <= bits < LARGEST:
        raise ValueError(f"{FILE}: {bits:#x} cannot be")
    return [bits >> (first + place) & 1 for first in BITS.values() for place in range(len(REASONS))]


def find(host: Host) -> Path | None:
    """The file, on a board that has it; its folder has a name of its own on each generation."""
    driver = host.sys / DRIVER
    try:
        found = [driver / name / FILE for name in sorted(host.list(driver))]
    except FileNotFoundError:
        return None
    return next((path for path in found if path.exists()), None)


def alarms(chips: list[Chip]) -> list[Number]:
    """The under-voltage that the chip tells of."""
    told = series("under_voltage", "now")
    return [
        Number(told, chip.folder / ALARM, 1.0, 0.0, 1.0)
        for chip in chips
        if chip.name == CHIP and ALARM in chip.files
    ]


class Flags:
    """Keeps the file open."""

    __slots__ = ("_file", "_path", "series")

    def __init__(self) -> None:
        self._file: Kept | None = None
        self._path: Path | None = None
        self.series: tuple[Series, ...] = ()

    def arrange(self, host: Host, path: Path | None) -> None:
        """Read this file from now on."""
        if path != self._path:
            self.close()
            self._path = path
            self._file = host.open(path) if path else None
            self.series = SERIES if path else ()

    def read(self) -> tuple[list[int] | list[None], tuple[Absence, ...]]:
        """A value for each of the series; None for all with an absence where the file cannot be read."""
        if self._file is None:
            return [], ()
        try:
            return parse(self._file.read()), ()
        except (OSError, ValueError) as error:
            return [None] * len(SERIES), (Absence(THROTTLED.name, printable(str(error))),)

    def close(self) -> None:
        """Give the descriptor back."""
        if self._file is not None:
            self._file.close()
