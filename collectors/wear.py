"""Flash wear: what eMMC and NVMe disks say of the life that is left to them.

- eMMC 5.0 and newer: `life_time` and `pre_eol_info`, which the kernel reads at boot and gives to everybody.
  The life used is told in tenths, of two areas of the chip; the worse counts.
- NVMe: the controller's SMART log, for whoever has CAP_SYS_ADMIN and the device. The service has neither.
- SD cards tell nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from errno import EACCES, ENOENT, EPERM
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.aside import Lanes
from collectors.host import Host, malformed, printable
from collectors.numbers import folders, word
from collectors.smartlog import Health, parse, smart_log

EMMC, NVME = "/sys/block/mmcblk*/device/life_time", "the SMART log of /dev/nvme*"
MOST = 32  # disks
LANES: Lanes[bytes] = Lanes("the disk", 1.0, 4, monotonic)
NO_WEAR = "an SD card does not tell how worn it is"
REFUSED = (
    "its SMART log is for CAP_SYS_ADMIN, and the service goes without: as root, `nvme smart-log /dev/{}`"
)
# 0x0b: past the end. Of 0 and all else nothing is known.
TENTHS = range(1, 12)
STATES = ("ok", "degraded", "predicted_failure", "failed")

KEYS = ("hw.id", "hw.name")
ENDURANCE = Metric(
    "hw.physical_disk.endurance_utilization",
    "1",
    "gauge",
    (*KEYS, "hw.physical_disk.state"),
    f"{EMMC}; {NVME}",
    "Share of the disk's life that remains, as its maker reckons; of eMMC in tenths, the least it can be.",
)
STATUS = Metric(
    "hw.status",
    "1",
    "gauge",
    (*KEYS, "hw.state"),
    f"/sys/block/mmcblk*/device/pre_eol_info; {NVME}",
    "1 if the disk is in this state, else 0: `degraded` and then `predicted_failure` as its spare blocks run "
    "out, `failed` when it lets itself be read only.",
)
SPARE = Metric(
    "hw.physical_disk.spare_utilization",
    "1",
    "gauge",
    (*KEYS, "hw.physical_disk.state"),
    NVME,
    "Share of the spare blocks that remains.",
)
IO = Metric(
    "hw.physical_disk.io",
    "By",
    "counter",
    (*KEYS, "disk.io.direction"),
    NVME,
    "Bytes read and written in the disk's life.",
)
UNSAFE = Metric(
    "hw.physical_disk.unsafe_shutdowns",
    "{shutdown}",
    "counter",
    KEYS,
    NVME,
    "Times the power failed under it.",
)
ERRORS = Metric(
    "hw.errors", "{error}", "counter", (*KEYS, "error.type"), NVME, "Data that the disk could not give back."
)

Pairs = Iterator[tuple[Series, float]]


class Disk(NamedTuple):
    """A disk: what the kernel calls it, its id and its name, its type (SD, MMC or NVMe), its folder."""

    device: str
    id: str
    name: str
    type: str
    folder: Path

    def keys(self) -> dict[str, str]:
        """The attributes of all its series."""
        return {KEYS[0]: self.id, KEYS[1]: self.name}


def disks(host: Host) -> list[Disk]:
    """The eMMC chips, the SD cards and the NVMe controllers, in order.

    Raises:
        OSError: a folder may not be listed.
    """
    cards = [path / "device" for path in folders(host, host.sys / "block", r"mmcblk(\d+)")]
    every = [Disk(path.parent.name, *described(host, path, "cid", "name"), path) for path in cards]
    for path in folders(host, host.sys / "class/nvme", r"nvme(\d+)"):
        identity, name, _ = described(host, path, "serial", "model")
        every.append(Disk(path.name, identity, name, "NVMe", path))
    alike = Counter(disk.id for disk in every)
    return [disk._replace(id=f"{disk.id} {disk.device}") if alike[disk.id] > 1 else disk for disk in every]


def described(host: Host, folder: Path, identity: str, name: str) -> tuple[str, str, str]:
    """A disk's id, name and type; where a file is missing, what the kernel calls it."""
    device = folder.parent.name if folder.name == "device" else folder.name
    return (
        word(host, folder / identity) or device,
        word(host, folder / name) or device,
        word(host, folder / "type"),
    )


def lived(path: Path, text: bytes) -> float:
    """The share of an eMMC chip's life that remains, the least it can be.

    Raises:
        ValueError: it does not tell, or the text is malformed.
    """
    try:
        areas = [int(word, 16) for word in text.split()]
    except ValueError:
        raise malformed(str(path), text) from None
    if not areas or len(areas) > 2:
        raise malformed(str(path), text)
    known = [area for area in areas if area in TENTHS]
    if not known:
        raise ValueError(f"{path}: the chip does not tell")
    return max(0, 10 - max(known)) / 10


def reserve(path: Path, text: bytes) -> str:
    """The state of an eMMC chip by its reserve of blocks.

    Raises:
        ValueError: it does not tell, or the text is malformed.
    """
    try:
        return STATES[(1, 2, 3).index(int(text, 16))]
    except ValueError:
        raise malformed(str(path), text) from None


def emmc(host: Host, disk: Disk, said: list[Absence]) -> Pairs:
    """What an eMMC chip tells."""
    for metric, file, of in ((ENDURANCE, "life_time", remaining), (STATUS, "pre_eol_info", standing)):
        path = disk.folder / file
        try:
            yield from of(disk, path, host.read(path, 4096).strip())
        except FileNotFoundError:
            said.append(Absence(disk.device, f"no {path}: eMMC before 5.0, or Linux before 4.10"))
        except (OSError, ValueError) as error:
            said.append(Absence(f"{disk.device} {metric.name}", printable(str(error))))


def remaining(disk: Disk, path: Path, text: bytes) -> Pairs:
    """The life that remains."""
    yield ENDURANCE.of(**disk.keys(), **{"hw.physical_disk.state": "remaining"}), lived(path, text)


def standing(disk: Disk, path: Path, text: bytes) -> Pairs:
    """The state by the reserve."""
    yield from status(disk, reserve(path, text))


def status(disk: Disk, state: str) -> Pairs:
    """A series for each state, of which one is 1."""
    for each in STATES:
        yield STATUS.of(**disk.keys(), **{"hw.state": each}), int(each == state)


def state(warning: int) -> str:
    """The state by the bits of an NVMe disk's warning; too hot is no state of its own."""
    if warning & 0b1000:
        return "failed"
    if warning & 0b101:
        return "predicted_failure"
    return "degraded" if warning & 0b10000 else "ok"


def nvme(disk: Disk, health: Health) -> Pairs:
    """What an NVMe disk tells."""
    keys = disk.keys()
    left = {"hw.physical_disk.state": "remaining"}
    yield ENDURANCE.of(**keys, **left), max(0.0, 1 - health.used)
    yield from status(disk, state(health.warning))
    yield SPARE.of(**keys, **left), health.spare
    yield IO.of(**keys, **{"disk.io.direction": "read"}), health.read
    yield IO.of(**keys, **{"disk.io.direction": "write"}), health.written
    yield UNSAFE.of(**keys), health.unsafe_shutdowns
    yield ERRORS.of(**keys, **{"error.type": "media"}), health.media_errors


class Wear:
    """Looks for disks by each poll, as it is polled once an hour."""

    __slots__ = ("_host", "_series")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: there is no flash that could tell.
        """
        every = disks(self._host)
        if not every:
            raise NoData("neither /sys/block/mmcblk* nor /sys/class/nvme/*: no eMMC, SD card or NVMe disk")
        found: dict[Series, float] = {}
        said: list[Absence] = []
        for disk in every[:MOST]:
            for series, value in self._told(disk, said):
                found.setdefault(series, value)
        if len(every) > MOST:
            said.append(Absence(ENDURANCE.name, f"{len(every) - MOST} disks more than {MOST} are not read"))
        if tuple(found) != self._series:
            self._series = tuple(found)
        return Reading(self._series, list(found.values()), tuple(said))

    def close(self) -> None:
        """See `Collector.close`."""

    def _told(self, disk: Disk, said: list[Absence]) -> Pairs:
        if disk.type == "NVMe":
            return self._asked(disk, said)
        if disk.type == "SD":
            said.append(Absence(disk.device, NO_WEAR))
            return iter(())
        return emmc(self._host, disk, said)

    def _asked(self, disk: Disk, said: list[Absence]) -> Pairs:
        device = self._host.dev / disk.device
        try:
            yield from nvme(disk, parse(LANES(str(device), partial(smart_log, device))))
        except (OSError, ValueError) as error:
            refused = isinstance(error, OSError) and error.errno in (EACCES, EPERM, ENOENT)
            reason = REFUSED.format(disk.device) if refused else printable(str(error))
            said.append(Absence(disk.device, reason))


COLLECTOR = Registration(
    "wear",
    "Flash wear: the life that remains to eMMC and NVMe disks, and their state.",
    (ENDURANCE, STATUS, SPARE, IO, UNSAFE, ERRORS),
    lambda host, *_: Wear(host),
)
