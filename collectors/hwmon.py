"""The sensors' chips of the kernel (`/sys/class/hwmon`): which there are, and what they call their channels.

By Documentation/hwmon/sysfs-interface. `hwmon3` is another chip after the next boot, so a chip is called
by its device: the address on the PCI bus, the name in the device tree (`coretemp.0`, `1-0040`).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence
from collectors.host import Host, label
from collectors.numbers import Sleeper, apart, folders, sleeper, word

HWMON = "/sys/class/hwmon"
MOST_CHIPS = 256
# Told by the collectors of the GPUs, who know which of them sleeps.
GPUS = frozenset(("amdgpu", "radeon", "i915", "xe"))
# Devices that are numbered as they are found; the one above them has a place of its own.
NUMBERED = re.compile(r"(?:nvme|hwmon|phy|ieee80211|net|wlan|eth|power_supply|mdio_bus)\d*")


class Chip(NamedTuple):
    """A chip.

    Args:
        folder: where its files are.
        name: of its kind, as the driver says.
        place: what tells it from all others, the same after a boot.
        device: the real path of what it is part of; empty where the kernel does not say.
        files: what is in the folder.
        sleeper: its device, if that may sleep.
    """

    folder: Path
    name: str
    place: str
    device: str
    files: frozenset[str]
    sleeper: Sleeper | None

    def channels(self, kind: str, ending: str = "_input") -> list[str]:
        """The channels of a kind (`temp`) that have a file of this ending: `temp1`, `temp2`, `temp10`."""
        found = [re.fullmatch(rf"{kind}(\d{{1,4}}){ending}", each) for each in self.files]
        return [f"{kind}{number}" for number in sorted(int(match[1]) for match in found if match)]


def chips(host: Host, said: list[Absence]) -> list[Chip]:
    """Every chip but those of GPUs; what cannot be read of them is told in `said`."""
    found = []
    for folder in folders(host, host.sys / "class/hwmon", r"hwmon(\d+)")[:MOST_CHIPS]:
        # Some old drivers (applesmc) keep the files with the device.
        place = folder if (folder / "name").exists() else folder / "device"
        name = word(host, place / "name", said)
        if name not in GPUS:
            found.append(chip(host, folder, place, name or "unknown"))
    places = apart(each.place for each in found)
    return [each._replace(place=place) for each, place in zip(found, places, strict=True)]


def chip(host: Host, folder: Path, files: Path, name: str) -> Chip:
    """The chip whose files are in `files`."""
    device = os.path.realpath(folder / "device") if (folder / "device").exists() else ""
    steady = steady_name(device)
    place = steady if not steady or steady.startswith(name) else f"{steady}/{name}"
    try:
        names = frozenset(host.list(files))
    except OSError:
        names = frozenset()  # gone, or a link to nowhere: it has no channels
    gate = sleeper(host, folder / "device", place) if device else None
    return Chip(files, name, place or name, device, names, gate)


def steady_name(device: str) -> str:
    """The name of the lowest device on a real path that has the same one after a boot."""
    names = [each for each in device.split("/") if each and not NUMBERED.fullmatch(each)]
    return label(os.fsencode(names[-1])) if names else ""


def title(host: Host, chip: Chip, channel: str, said: list[Absence]) -> str:
    """What people call a channel: its label, else what the driver calls it (`temp1`)."""
    return word(host, chip.folder / f"{channel}_label", said) or channel


def identity(host: Host, chip: Chip, channel: str, said: list[Absence]) -> dict[str, str]:
    """The attributes of a channel's series."""
    name = f"{chip.name} {title(host, chip, channel, said)}"
    return {"hw.id": f"{chip.place}/{channel}", "hw.name": name}
