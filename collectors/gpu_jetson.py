"""The GPU inside a Jetson: what NVIDIA's driver nvgpu shows in `/sys`. What NVML tells of it, little and not
the same in each release, the collector `gpu_nvidia` tells.

What is there is looked for; no table of boards is kept (rbonghi/jetson_stats#885). It is a clock of the class
devfreq that belongs to a GPU of NVIDIA's by the device tree (`gpu`, `gv11b`, `ga10b`; a Mali is called `gpu`
too), or is called `gpu-gpc-*`, as on Thor. Its device's `load` is in thousandths.

Temperatures, rails and the fan are the board's: the collectors `thermal` and `power` tell them. The memory is
the system's: `system.memory.usage` tells of it. The clock of the memory's controller (EMC) is told where it
may be read: on Thor, and elsewhere by root.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from collectors.api import Absence, Metric, NoData, Reading, Registration
from collectors.host import Host, label
from collectors.numbers import Number, Numbers, Sleeper, sleeper, word

DEVFREQ = "class/devfreq"
LOOK = 60.0
MOST = 4
MOST_SAID = 32
MAKER = "nvidia,"
KINDS = frozenset(("gpu", "gm20b", "gp10b", "gv11b", "ga10b", "gb10b"))
THOR = "gpu-gpc-"
LOADS = ("devices/platform/gpu.0/load", "devices/gpu.0/load")
"""Links to the load that some releases have, whatever the GPU is called."""
EMC = (f"{DEVFREQ}/bwmgr/cur_freq", "kernel/debug/bpmp/debug/clk/emc/rate")

WHO = ("hw.id", "hw.name")
UTILIZATION = Metric(
    "hw.gpu.utilization",
    "1",
    "gauge",
    (*WHO, "hw.gpu.task"),
    f"/sys/{DEVFREQ}/*/device/load",
    "Share of the time in which the GPU worked (general).",
)
CLOCK = Metric(
    "hw.gpu.clock.frequency",
    "Hz",
    "gauge",
    (*WHO, "hw.gpu.clock"),
    ", ".join(f"/sys/{each}" for each in (f"{DEVFREQ}/*/cur_freq", *EMC)),
    "Clock frequencies as they are (graphics, memory).",
)
METRICS = (UTILIZATION, CLOCK)

HIGHEST = 1e11  # Hz
SHARED = Absence("hw.gpu.memory.usage", "the GPU has the system's memory: see system.memory.usage")


class Gpu(NamedTuple):
    """A GPU: the attributes of its series, its clock, its load (None: none is shown), and how it sleeps."""

    who: dict[str, str]
    clock: Path
    load: Path | None
    sleeper: Sleeper | None


def gpus(host: Host, said: list[Absence]) -> list[Gpu]:
    """Those that are there; what cannot be read of any is told in `said`."""
    try:
        names = sorted(host.list(host.sys / DEVFREQ))
    except FileNotFoundError:
        return []
    clocks = [host.sys / DEVFREQ / name for name in names]
    return [gpu(host, each, kind) for each in clocks if (kind := kind_of(host, each, said))][:MOST]


def kind_of(host: Host, folder: Path, said: list[Absence]) -> str:
    """What kind of NVIDIA's GPUs a clock is of; empty for every other clock."""
    if folder.name.startswith(THOR):
        return folder.name
    node = folder / "device/of_node"
    if word(host, node / "name", said) not in KINDS:
        return ""
    best = word(host, node / "compatible", said)  # of a list the first, which says it best
    return best.removeprefix(MAKER) if best.startswith(MAKER) else ""


def gpu(host: Host, folder: Path, kind: str) -> Gpu:
    """The GPU that this clock is of."""
    device = folder / "device"
    steady = Path(os.path.realpath(device)).name if device.exists() and kind != folder.name else folder.name
    who = {"hw.id": label(os.fsencode(steady)), "hw.name": kind}
    loads = (device / "load", *(host.sys / each for each in LOADS))
    load = next((each for each in loads if each.exists()), None)
    return Gpu(who, folder / "cur_freq", load, sleeper(host, device, who["hw.id"]))


def numbers(host: Host, found: list[Gpu]) -> list[Number]:
    """What is told of each, and the memory's clock under the first."""
    told = []
    for each in found:
        if each.load is not None:
            series = UTILIZATION.of(**each.who, **{"hw.gpu.task": "general"})
            told.append(Number(series, each.load, 1e-3, 0.0, 1.0, each.sleeper))
        series = CLOCK.of(**each.who, **{"hw.gpu.clock": "graphics"})
        told.append(Number(series, each.clock, 1.0, 0.0, HIGHEST, each.sleeper))
    emc = next((path for path in (host.sys / each for each in EMC) if os.access(path, os.R_OK)), None)
    if found and emc is not None:
        series = CLOCK.of(**found[0].who, **{"hw.gpu.clock": "memory"})
        told.append(Number(series, emc, 1.0, 0.0, HIGHEST))
    return told


class GpuJetson:
    """Keeps the files open."""

    __slots__ = ("_host", "_look", "_numbers", "_said")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._look = 0.0
        self._numbers = Numbers(host)
        self._said: tuple[Absence, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: this is no Jetson.
        """
        if now >= self._look:
            self._look = now + LOOK
            said: list[Absence] = []
            found = gpus(self._host, said)
            if not found and not said:
                raise NoData(f"no GPU of a Jetson in {self._host.sys / DEVFREQ}")
            self._numbers.arrange(numbers(self._host, found))
            self._said = (*said[:MOST_SAID], *((SHARED,) if found else ()))
        values, absences = self._numbers.read()
        return Reading(self._numbers.series, values, (*self._said, *absences))

    def close(self) -> None:
        """See `Collector.close`."""
        self._numbers.close()


COLLECTOR = Registration(
    "gpu_jetson",
    "The GPU inside a Jetson: work and clocks.",
    METRICS,
    lambda host, *_: GpuJetson(host),
)
