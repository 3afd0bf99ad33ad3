"""What a control group is, told by its path; and the name of a container, told by its runtime's files.

Docker, Podman, containerd and CRI-O put the container's 64 hexadecimal digits into the group's name, LXC,
systemd-nspawn and libvirt the name itself. Names behind the digits are read without asking a daemon:

    Docker      /var/lib/docker/containers/<id>/config.v2.json       root may read it
    Podman      /var/lib/containers/storage/overlay-containers/containers.json    root
    Kubernetes  /var/log/containers/<pod>_<namespace>_<container>-<id>.log        anybody

Where that fails, and for rootless Podman, whose files lie in a user's home, the first 12 digits are the name.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, NamedTuple

from collectors.cgroups import unit
from collectors.host import Host, label, printable

DOCKER = "var/lib/docker/containers"
PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"
KUBERNETES = "var/log/containers"
BOUND = 1 << 20  # bytes of a runtime's file
MOST_LOGS = 4096  # files in Kubernetes' folder
MOST_FILES = 64  # of Docker in one search, which has one for each container
SHORT = 12
UNIT = "systemd"

NUMBERED = re.compile(r"(?:([a-z][a-z0-9-]*)-)?([0-9a-f]{64})(?:\.scope)?")
LOG = re.compile(r"([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log")
MACHINE = re.compile(r"machine-(.+)\.scope|systemd-nspawn@(.+)\.service")
VIRTUAL = re.compile(r"(?:qemu|lxc)-[0-9]+-(.+)")
ESCAPED = re.compile(r"(?:\\x[0-9a-f]{2})+")
RUNTIMES: Mapping[str, str] = {
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
    "libpod-payload": "podman",
}


class Group(NamedTuple):
    """A group to report: its path, the runtime's name, and its own name, or its digits where `numbered`."""

    path: str
    runtime: str
    name: str
    numbered: bool = False


def container(path: str) -> Group | None:
    """The container whose group has this path; None if it is none."""
    above, _, last = path.rpartition("/")
    parent = above.rpartition("/")[2]
    if numbered := NUMBERED.fullmatch(last):
        return _numbered(path, parent, numbered[1], numbered[2])
    if last.startswith("lxc.payload."):
        return Group(path, "lxc", last.removeprefix("lxc.payload."))
    if parent == "lxc" and above == "/lxc":
        return Group(path, "lxc", last)
    machine = MACHINE.fullmatch(last) if parent == "machine.slice" else None
    if machine is None:
        return None
    name = unescaped(machine[1] or machine[2])
    if virtual := VIRTUAL.fullmatch(name):
        return Group(path, "libvirt", virtual[1])
    return Group(path, "systemd-nspawn", name)


def _numbered(path: str, parent: str, prefix: str | None, digits: str) -> Group | None:
    if prefix is None:
        if parent == "docker":
            return Group(path, "docker", digits, numbered=True)
        return Group(path, "kubernetes" if "/kubepods" in path else "unknown", digits, numbered=True)
    if prefix.endswith("conmon"):  # the watcher beside a container of Podman or CRI-O
        return None
    return Group(path, RUNTIMES.get(prefix, prefix), digits, numbered=True)


def service(path: str, patterns: Iterable[str]) -> Group | None:
    """The systemd unit whose group has this path, if it is one of those asked for."""
    name = unit(path)
    if any(fnmatchcase(name, pattern) for pattern in patterns):
        return Group(path, UNIT, unescaped(name))
    return None


def unescaped(name: str) -> str:
    """A name with systemd's `\\x2d` as the bytes they stand for."""
    return ESCAPED.sub(lambda found: os.fsdecode(bytes.fromhex(found[0].replace("\\x", ""))), name)


class Names:
    """The names of containers, looked up once each; what cannot be is asked for again each time.

    `why`: the last reason for which a runtime's files told no name.
    """

    __slots__ = ("_host", "_known", "why")

    def __init__(self, host: Host) -> None:
        self.why = ""
        self._host = host
        self._known: dict[str, str] = {}

    def of(self, groups: Sequence[Group]) -> list[str]:
        """A name for each group: its own, or the short form of its digits."""
        self.why = ""
        numbered = [each for each in groups if each.numbered]
        digits = {each.name for each in numbered}
        self._known = {each: name for each, name in self._known.items() if each in digits}
        unknown = [each for each in numbered if each.name not in self._known]
        if any("/kubepods" in each.path for each in unknown):
            self._learn(of_kubernetes, KUBERNETES, digits)
        if any(each.runtime == "podman" for each in unknown):
            self._learn(of_podman, PODMAN, digits)
        docker = [*dict.fromkeys(each.name for each in sorted(unknown) if each.runtime == "docker")]
        if len(docker) > MOST_FILES:
            self.why = f"/{DOCKER}: {len(docker) - MOST_FILES} files are read at a later search"
        for each in docker[:MOST_FILES]:
            self._learn(of_docker, DOCKER, {each})
        return [self._name(each) for each in groups]

    def _name(self, group: Group) -> str:
        if not group.numbered:
            return label(os.fsencode(group.name))
        return self._known.get(group.name, group.name[:SHORT])

    def _learn(self, read: Callable[[Host, set[str]], dict[str, str]], where: str, digits: set[str]) -> None:
        try:
            self._known.update(read(self._host, digits))
        except OSError as error:
            self.why = f"/{where}: {error.strerror}"
        except ValueError as error:
            self.why = printable(f"/{where}: {error}")


def of_docker(host: Host, digits: set[str]) -> dict[str, str]:
    """The names that Docker gave, by digits.

    Raises:
        OSError: they may not be read.
        ValueError: a file is malformed.
    """
    return {
        each: _text(_json(host, f"{DOCKER}/{each}/config.v2.json"), "Name").removeprefix("/")
        for each in digits
    }


def of_podman(host: Host, digits: set[str]) -> dict[str, str]:
    """The names that root's Podman gave, by digits.

    Raises:
        OSError: they may not be read.
        ValueError: the file is malformed.
    """
    found: dict[str, str] = {}
    entries = _json(host, PODMAN)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("names"), list):
            found |= {str(entry.get("id")): printable(str(name)) for name in entry["names"][:1]}
    return {each: name for each, name in found.items() if each in digits}


def of_kubernetes(host: Host, digits: set[str]) -> dict[str, str]:
    """`namespace/pod/container` by digits.

    Raises:
        OSError: the folder cannot be read.
    """
    found = {}
    with os.scandir(host.root / KUBERNETES) as entries:
        for entry in islice(entries, MOST_LOGS):
            log = LOG.fullmatch(entry.name)
            if log and log[4] in digits:
                found[log[4]] = printable(f"{log[2]}/{log[1]}/{log[3]}")
    return found


def _json(host: Host, path: str) -> Any:
    try:
        return json.loads(host.read(host.root / path, BOUND).decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"malformed: {error}") from error


def _text(found: Any, key: str) -> str:
    text = found.get(key) if isinstance(found, dict) else None
    if not isinstance(text, str) or not text:
        raise ValueError(f"a container's description has no {key}")
    return printable(text)
