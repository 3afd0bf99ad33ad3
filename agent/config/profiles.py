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
        Change("collect.max_series", "400", "it has a few disks and interfaces; the ring shrinks with it."),
        Change("collectors.cpu.interval", '"2s"', "throttling and under-voltage come in bursts."),
        Change("window.span", '"2m"', "half the commits to the card."),
        Change("ring.keep", '"30m"', "memory is short, and the ring lies in it."),
        Change("store.max_size", '"8 MiB"', "120 series take 4.8 MB for 400d of windows of 1m."),
    ),
)

JETSON = Profile(
    "a module with its own GPU that runs models under a power budget.",
    (
        Change("collect.interval", '"1s"', "power and clocks follow the model's load within seconds."),
        Change("collectors.processes.interval", '"5s"', "the model is one of these processes."),
        Change("collectors.storage.interval", '"5s"', "models are read once; then little happens."),
        Change("store.max_size", '"16 MiB"', "eMMC wears as a card does."),
    ),
)

GPU_HOST = Profile(
    "a server with several GPUs, many processes and containers, and room on its disk.",
    (
        Change("collect.interval", '"1s"', "a GPU that waits for data does so within a second."),
        Change("collect.max_series", "5000", "eight GPUs, a hundred cores and as many containers."),
        Change("collectors.containers.interval", '"5s"', "each is a model server or works for one."),
        Change("collectors.processes.interval", '"5s"', "memory by process is short-lived, too."),
        Change("store.max_size", '"256 MiB"', "1000 series take 22 KB a window."),
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {"raspberry-pi": RASPBERRY_PI, "jetson": JETSON, "gpu-host": GPU_HOST}
)
