"""Which collectors there are, and which of them need not run each second.

A module is imported when its collector is asked for; the daemon pays only for those it runs.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

from collectors.api import Registration

NAMES = (
    "cpu",
    "memory",
    "network",
    "storage",
    "paging",
    "filesystem",
    "processes",
    "containers",
    "frequency",
    "thermal",
    "power",
    "gpu_nvidia",
    "gpu_amd",
    "gpu_intel",
    "gpu_jetson",
    "pressure",
    "sockets",
    "links",
    "wireless",
    "clock",
    "boot",
    "wear",
    "cellular",
    "own",
)
# Seconds: slower than the common interval, because they cost more or change less.
SLOW = MappingProxyType(
    {
        "paging": 10.0,
        "filesystem": 30.0,
        "processes": 10.0,
        "containers": 10.0,
        "pressure": 10.0,
        "sockets": 10.0,
        "frequency": 10.0,
        "thermal": 10.0,
        "power": 10.0,
        "gpu_amd": 5.0,
        "gpu_intel": 5.0,
        "gpu_jetson": 5.0,
        "links": 30.0,
        "wireless": 30.0,
        "clock": 60.0,
        "boot": 600.0,
        "wear": 3600.0,
        "cellular": 60.0,
        "own": 30.0,
    }
)


def load(name: str) -> Registration:
    """The registration of the collector `name`.

    Raises:
        KeyError: there is no such collector.
    """
    if name not in NAMES:
        raise KeyError(f"no collector {name!r}; there are: {', '.join(NAMES)}")
    registration: Registration = import_module(f"collectors.{name}").COLLECTOR
    return registration


def interval(name: str, common: float) -> float:
    """Seconds between the polls of `name` where the configuration names only the `common` interval."""
    return max(common, SLOW.get(name, common))
