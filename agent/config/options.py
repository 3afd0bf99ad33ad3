"""The options of single collectors as settings: to each of `collectors.options` its form and meaning.

Names, types and defaults stand there; an option without a form here cannot be set, which a test forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent.config.forms import Flag, Text
from agent.config.names import Path
from agent.config.patterns import Patterns
from agent.config.section import Items, Section, Setting, described
from collectors.options import OPTIONS, Containers, Filesystem, Process, Processes

WATCHES = 64


def structure(which: Any) -> Section:
    """The section of one structure of `collectors.options`."""
    return described(which, SETTINGS.get(which, {}))


def options(name: str) -> Section | None:
    """The options of the collector of that name; None if it has none."""
    return structure(type(OPTIONS[name])) if name in OPTIONS else None


SETTINGS: Mapping[Any, Mapping[str, Setting]] = MappingProxyType(
    {
        Filesystem: {
            "remote": Setting(
                Flag(),
                "Whether mounts that live on another machine (NFS, CIFS, ...) are asked too. One that does "
                "not answer is reported and left alone; the others go on.",
            ),
        },
        Processes: {
            "watch": Setting(
                Items(lambda: structure(Process), WATCHES),
                "Processes to watch; those that one watch picks, by any of its ways, are summed.",
            ),
            "pss": Setting(
                Flag(),
                "Whether their proportional memory is read, each minute: the kernel walks all their pages.",
            ),
        },
        Process: {
            "name": Setting(Text(64, 1), "What the sum is called.", '"model server"'),
            "match": Setting(
                Text(),
                "A pattern of the whole command name or of the whole command line, with * ? [...].",
                '"*/python* *serve.py*"',
            ),
            "unit": Setting(Text(), "The name of a systemd unit, such as triton.service."),
            "pid_file": Setting(Path(), "A file with the process's number, as the host calls it."),
        },
        Containers: {
            "units": Setting(
                Patterns(), "Patterns of the systemd units that are reported beside the containers."
            ),
        },
    }
)
"""By structure and field."""
