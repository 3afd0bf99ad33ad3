"""Settings that fit a kind of device: what each changes against the defaults, and why.

A profile is data: `outrider config default --profile NAME` prints the annotated file with its changes
in force, and config/profiles/NAME.toml is that file.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Change(NamedTuple):
    """A setting by dotted key, its value in TOML, and why."""

    key: str
    value: str
    why: str


class Profile(NamedTuple):
    """A kind of device in a line, and what is set for it."""

    brief: str
    changes: tuple[Change, ...]


RASPBERRY_PI = Profile(
    "a small board on an SD card, which wears by writing and has one slow core to spare.",
    (
        Change("collect.interval", '"5s"', "what heats a board or fills its card shows in 5s as well."),
        Change("collect.max_series", "400", "it has few disks and interfaces; the ring shrinks with it."),
        Change("collectors.cpu.interval", '"2s"', "load comes in bursts."),
        Change("collectors.thermal.interval", '"5s"', "throttling and under-voltage come in bursts."),
        Change("collectors.containers.interval", '"30s"', "they are few and live long."),
        Change("collectors.gpu_nvidia.enabled", "false", "there is none to look for."),
        Change("window.span", '"2m"', "half the commits to the card."),
        Change("ring.keep", '"30m"', "memory is short, and the ring lies in it."),
        Change("store.max_size", '"8 MiB"', "100 series for 400d take half of it."),
    ),
)

JETSON = Profile(
    "a module with its own GPU that runs models under a power budget, from eMMC or NVMe.",
    (
        Change("collectors.gpu_jetson.interval", '"1s"', "load and clocks follow the model within a second."),
        Change("collectors.power.interval", '"2s"', "what a model draws decides how long it may run so."),
        Change("collectors.thermal.interval", '"5s"', "a small heat sink warms up in seconds."),
        Change("collectors.storage.interval", '"5s"', "models are read once; then little happens."),
        Change("collectors.processes.interval", '"5s"', "the model is one of them: watch it by its unit."),
        Change("collectors.containers.interval", '"5s"', "or it runs in one of these."),
    ),
)

GPU_HOST = Profile(
    "a server with several GPUs, many processes and containers, and room on its disk.",
    (
        Change("collect.max_series", "5000", "eight GPUs, a hundred cores and as many containers."),
        Change("collectors.processes.interval", '"5s"', "memory of a GPU by process comes and goes."),
        Change("collectors.containers.interval", '"5s"', "each is a model server or works for one."),
        Change("store.max_size", '"256 MiB"', "1000 series take 22 KB a window."),
        Change("store.write_budget", '"1 GB/day"', "An SSD bears it, and 1000 series take more than a card."),
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {"raspberry-pi": RASPBERRY_PI, "jetson": JETSON, "gpu-host": GPU_HOST}
)
