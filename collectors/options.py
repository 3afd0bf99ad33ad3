"""What can be set for a single collector: its name, its type and its default, each said once, here.

`agent/config` gives each its form, its bounds and its meaning; a collector gets its structure as it
stands here. A collector without one has no options but whether and how often it is polled.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Filesystem(NamedTuple):
    """Which file systems are asked."""

    remote: bool = False


class Process(NamedTuple):
    """One watch: what any of the three picks is summed.

    Args:
        name: what the sum is called.
        match: pattern (`*`, `?`, `[...]`) of the whole command name or of the whole command line.
        unit: the name of a systemd unit.
        pid_file: a file with the process's number, as the host calls it.
    """

    name: str
    match: str = ""
    unit: str = ""
    pid_file: str = ""


class Processes(NamedTuple):
    """Which processes are watched; and whether their proportional memory is read, each minute."""

    watch: tuple[Process, ...] = ()
    pss: bool = False


class Containers(NamedTuple):
    """Patterns of the systemd units that are reported beside the containers."""

    units: tuple[str, ...] = ()


OPTIONS: Mapping[str, Any] = MappingProxyType(
    {"filesystem": Filesystem(), "processes": Processes(), "containers": Containers()}
)
"""The defaults by collector; the type of each is its structure."""
