"""The last boot: when it was, why it was, what crashed before it, and what the kernel has suffered since.

Why a machine was reset is told by whoever did it, where it tells at all:

- a watchdog, `bootstatus` in `/sys/class/watchdog/*` (flags of linux/watchdog.h; many drivers say 0 always);
- a Raspberry Pi's PM_RSTS register, which its boot loader leaves in the device tree. Linux reboots a Pi by
  its watchdog, so there a reboot and a reset by the watchdog look the same;
- a Jetson's power management controller, `reset_reason` of the driver tegra-pmc.

Crash records are those that the kernel kept over the reset (pstore; for root alone unless systemd-pstore
has put them by). Reboots are counted by whoever sees `linux.boot.time` change: nothing is kept here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from collectors.api import Absence, Metric, Reading, Registration, Series
from collectors.host import Host, counts, label, malformed, printable

UPTIME_FILE, STAT, TAINTED_FILE = "/proc/uptime", "/proc/stat", "/proc/sys/kernel/tainted"
WATCHDOGS = "/sys/class/watchdog"
BOOTLOADER = "firmware/devicetree/base/chosen/bootloader/rsts"
TEGRA = "bus/platform/drivers/tegra-pmc"
MOST = 16  # watchdogs, controllers

UPTIME = Metric("system.uptime", "s", "gauge", (), UPTIME_FILE, "Time since boot, that of suspends in it.")
BOOTED = Metric(
    "linux.boot.time",
    "s",
    "gauge",
    (),
    STAT,
    "When it booted, in seconds since 1970; another one is a reboot.",
)
REASON = Metric(
    "linux.boot.reason",
    "1",
    "gauge",
    ("linux.boot.source", "linux.boot.reason"),
    f"{WATCHDOGS}/*/bootstatus, the device tree, tegra-pmc",
    "1 for each reason that somebody names for the last boot.",
)
CRASHES = Metric(
    "linux.boot.crash_records",
    "{record}",
    "gauge",
    ("linux.boot.source",),
    "/sys/fs/pstore, /var/lib/systemd/pstore",
    "Records of a crashing kernel that were kept over a reset.",
)
TAINTED = Metric(
    "linux.kernel.tainted",
    "1",
    "gauge",
    ("linux.kernel.taint",),
    TAINTED_FILE,
    "1 once this befell the kernel since boot, else 0.",
)
# Bits of /proc/sys/kernel/tainted that tell of trouble; the others tell of modules.
TAINTS = {"machine_check": 4, "bad_page": 5, "oops": 7, "warning": 9, "soft_lockup": 14}
FLAGS = {
    0x01: "overheat", 0x02: "fan_failed", 0x04: "external_1", 0x08: "external_2", 0x10: "power_low",
    0x20: "watchdog", 0x40: "power_high",
}  # fmt: skip
# The even bits below 0x1000 hold the number of the partition to boot.
POWER_ON, WATCHDOG_RESET, SOFTWARE_RESET = 0x1000, 0x20, 0x200
UNNAMED = "nobody says why: no watchdog, boot loader or power controller names a reason"

Pairs = Iterator[tuple[Series, float]]


def number(path: Path, text: bytes) -> int:
    """The one number of a file.

    Raises:
        ValueError: it is none.
    """
    try:
        (value,) = counts(text.split())
    except ValueError:
        raise malformed(str(path), text) from None
    return value


def uptime(host: Host) -> Pairs:
    """Seconds since boot.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    path = host.proc / "uptime"
    text = host.read(path)
    try:
        seconds = float(text.split()[0])
    except (ValueError, IndexError):
        raise malformed(str(path), text) from None
    if not math.isfinite(seconds) or seconds < 0:
        raise malformed(str(path), text)
    yield UPTIME.of(), seconds


def booted(host: Host) -> Pairs:
    """When it booted.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    path = host.proc / "stat"
    found = re.search(rb"^btime (\S+)$", host.read(path), re.MULTILINE)
    if found is None:
        raise ValueError(f"{path} has no btime")
    yield BOOTED.of(), number(path, found[1])


def tainted(host: Host) -> Pairs:
    """What befell the kernel.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    path = host.proc / "sys/kernel/tainted"
    mask = number(path, host.read(path))
    for name, bit in TAINTS.items():
        yield TAINTED.of(**{"linux.kernel.taint": name}), mask >> bit & 1


def because(source: str, reason: str) -> tuple[Series, float]:
    """A reason that `source` names."""
    return REASON.of(**{"linux.boot.source": source, "linux.boot.reason": reason}), 1


def watchdog(folder: Path, text: bytes) -> Pairs:
    """The reasons that a watchdog names.

    Raises:
        ValueError: the text is no number.
    """
    status = number(folder / "bootstatus", text)
    yield from (because(folder.name, reason) for flag, reason in FLAGS.items() if status & flag)


def raspberry(path: Path, register: bytes) -> Pairs:
    """The reason in a Raspberry Pi's register, four bytes.

    Raises:
        ValueError: they are not four.
    """
    if len(register) != 4:
        raise malformed(str(path), register)
    value = int.from_bytes(register, "big")
    if value & POWER_ON:
        yield because("bootloader", "power_on")
    elif value & WATCHDOG_RESET:
        yield because("bootloader", "watchdog_or_reboot")
    elif value & SOFTWARE_RESET:
        yield because("bootloader", "software")


def tegra(path: Path, text: bytes) -> Pairs:
    """The reason that a Jetson's controller names, in lower case: `power_on_reset`, `aowdt`.

    Raises:
        ValueError: it is empty.
    """
    word = label(text.strip().lower())
    if not word:
        raise ValueError(f"{path}: empty")
    yield because("tegra-pmc", word)


Tell = Callable[[Path, bytes], Pairs]


def witnesses(host: Host) -> Iterator[tuple[Path, Path, Tell]]:
    """Who may know why it booted: whom to ask by which file, and how to understand the answer."""
    for folder in within(host, host.sys / "class/watchdog"):
        yield folder, folder / "bootstatus", watchdog
    register = host.sys / BOOTLOADER
    yield register, register, raspberry
    for folder in within(host, host.sys / TEGRA):
        yield folder, folder / "reset_reason", tegra


def within(host: Host, parent: Path) -> list[Path]:
    """The folders in `parent`, in order; none where it cannot be listed, as on most machines."""
    try:
        names = sorted(host.list(parent))
    except OSError:
        return []
    return [parent / name for name in names if (parent / name).is_dir()][:MOST]


class Boot:
    """Reads everything anew by each poll: little, and seldom."""

    __slots__ = ("_host", "_series")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`."""
        found: dict[Series, float | None] = {}
        absences: list[Absence] = []
        for metric, part in ((UPTIME, uptime), (BOOTED, booted), (TAINTED, tainted)):
            try:
                found.update(part(self._host))
            except (OSError, ValueError) as error:
                absences.append(Absence(metric.name, printable(str(error))))
        self._reasons(found, absences)
        self._crashes(found, absences)
        series = tuple(found)
        if series != self._series:
            self._series = series
        return Reading(self._series, list(found.values()), tuple(absences))

    def close(self) -> None:
        """See `Collector.close`."""

    def _reasons(self, found: dict[Series, float | None], absences: list[Absence]) -> None:
        before = len(found), len(absences)
        for whom, path, tell in witnesses(self._host):
            try:
                found.update(tell(whom, self._host.read(path)))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                absences.append(Absence(REASON.name, printable(str(error))))
        if before == (len(found), len(absences)):
            absences.append(Absence(REASON.name, UNNAMED))

    def _crashes(self, found: dict[Series, float | None], absences: list[Absence]) -> None:
        kept, put_by = self._host.sys / "fs/pstore", self._host.root / "var/lib/systemd/pstore"
        for source, path in (("pstore", kept), ("systemd-pstore", put_by)):
            try:
                records = len(self._host.list(path))
            except FileNotFoundError:
                continue
            except OSError as error:
                absences.append(Absence(CRASHES.name, printable(str(error))))
            else:
                found[CRASHES.of(**{"linux.boot.source": source})] = records


COLLECTOR = Registration(
    "boot",
    "The last boot: when, why, what crashed before it; what the kernel has suffered since.",
    (UPTIME, BOOTED, REASON, CRASHES, TAINTED),
    lambda host, *_: Boot(host),
)
