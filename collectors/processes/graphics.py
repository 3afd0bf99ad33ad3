"""GPU memory of processes: what their DRM drivers tell, and what NVIDIA's told its own collector.

`/proc/PID/fdinfo` of open `/dev/dri` files tells of AMD and Intel GPUs and NPUs, and of whatever else follows
the kernel's drm-usage-stats.rst. NVIDIA's own driver says nothing there, but by pid to whoever asks NVML: the
collector `gpu_nvidia`, which leaves it in `Host.holders`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

from collectors.host import Host, counts, malformed, printable

FDINFO = "/proc/PID/fdinfo"
NODES = ("/dev/dri/", "/dev/accel/")
MOST = 1024  # descriptors of one process that are looked at
MOST_CLIENTS = 64  # of one process
MINUTE = 60.0
UNITS: Mapping[bytes, int] = {b"": 1, b"KiB": 1 << 10, b"MiB": 1 << 20, b"GiB": 1 << 30}
# The first that a region has is taken: what is there now, its older name, what was ever asked for.
KINDS = (b"resident", b"memory", b"total")


class Client(NamedTuple):
    """Memory that one user of one GPU holds in bytes: on the device, and the host's own."""

    identity: tuple[bytes, bytes]
    device: int
    system: int


def parse(text: bytes) -> Client | None:
    """The client behind a descriptor; None if its driver says nothing of memory.

    Raises:
        ValueError: a line about memory is malformed.
    """
    identity = {b"drm-pdev": b"", b"drm-client-id": b""}
    regions: dict[bytes, dict[bytes, int]] = {}
    for line in text.split(b"\n"):
        key, _, value = line.partition(b":")
        words = key.split(b"-", 2)
        if key in identity:
            identity[key] = value.strip()
        elif _of_memory(words):
            regions.setdefault(words[2], {})[words[1]] = _size(line, value)
    if not regions:
        return None
    held = {name: next(kinds[kind] for kind in KINDS if kind in kinds) for name, kinds in regions.items()}
    device = sum(size for name, size in held.items() if b"vram" in name or b"local" in name)
    pdev, client = identity.values()
    return Client((pdev, client), device, sum(held.values()) - device)


def _of_memory(words: list[bytes]) -> bool:
    """Whether a key's three words are drm, kind, region; `drm-total-cycles-<engine>` is none of memory."""
    return (
        len(words) == 3 and words[0] == b"drm" and words[1] in KINDS and not words[2].startswith(b"cycles-")
    )


def _size(line: bytes, value: bytes) -> int:
    words = value.split()
    try:
        size = counts(words[:1])[0] * UNITS[b"".join(words[1:])]
        return counts((b"%d" % size,))[0]
    except (IndexError, KeyError, ValueError):
        raise malformed(FDINFO, line) from None


class Graphics:
    """The GPU memory of some processes; asks nothing on a host without a device that could tell it."""

    __slots__ = ("_by_drm", "_by_nvml", "_host", "_look", "_nodes", "_present")

    def __init__(self, host: Host) -> None:
        self._by_drm = self._by_nvml = False  # whether any memory was ever told this way
        self._host = host
        self._present = (host.dev / "dri").is_dir() or (host.dev / "accel").is_dir()
        self._look = 0.0
        self._nodes: dict[int, tuple[str, ...]] = {}

    @property
    def locations(self) -> tuple[str, ...]:
        """Where any memory was held since the beginning: NVML tells of devices alone."""
        return ("device", "system") if self._by_drm else ("device",) if self._by_nvml else ()

    def read(self, began: Mapping[int, float], now: float) -> tuple[list[float | None], list[str]]:
        """Bytes for each of `locations`, None where they are not known; and why.

        Args:
            began: the processes by pid, each with the time of its beginning (boot clock, s).
            now: the boot clock in seconds.
        """
        drawn, why = self._drawn(began, now)
        nvidia = self._host.holders.of(began, now)
        self._by_nvml = self._by_nvml or nvidia.any
        whys = [why] if why else []
        if self._by_nvml and nvidia.why:
            whys.append(nvidia.why)
        ways = [drawn[0]] * self._by_drm + [nvidia.size] * self._by_nvml
        sizes = [each for each in ways if each is not None]
        values = (sum(sizes) if len(sizes) == len(ways) else None, drawn[1])
        return [*values[: len(self.locations)]], whys

    def _drawn(self, began: Mapping[int, float], now: float) -> tuple[tuple[int | None, int | None], str]:
        """What DRM tells: bytes on the devices and of the host's own memory; or None and why, where known.

        Which descriptors of a process are GPUs is looked up once a minute, and when it is new.
        """
        if not self._present:
            return (None, None), ""
        if now >= self._look:
            self._look = now + MINUTE
            self._nodes.clear()
        held: dict[tuple[bytes, bytes], Client] = {}
        why = ""
        for pid in began:
            try:
                for client in self._clients(pid):
                    held[client.identity] = client  # several descriptors and processes may share one
            except (OSError, ValueError) as error:
                why = printable(str(error))
        self._nodes = {pid: names for pid, names in self._nodes.items() if pid in began}
        self._by_drm = self._by_drm or bool(held)
        if why:
            return (None, None), why
        return (sum(each.device for each in held.values()), sum(each.system for each in held.values())), ""

    def _clients(self, pid: int) -> list[Client]:
        if pid not in self._nodes:
            self._nodes[pid] = nodes(self._host, pid)
        found = []
        for name in self._nodes[pid]:
            try:
                client = parse(self._host.read(self._host.proc / f"{pid}/fdinfo/{name}"))
            except (FileNotFoundError, ProcessLookupError):
                continue  # closed, or ended
            if client is not None:
                found.append(client)
        return found


def nodes(host: Host, pid: int) -> tuple[str, ...]:
    """The descriptors of a process that are open GPUs; none of one that ended.

    Raises:
        OSError: it belongs to another user.
    """
    found = []
    try:
        with os.scandir(f"{host.proc}/{pid}/fd") as entries:
            for entry in islice(entries, MOST):
                try:
                    if os.readlink(entry.path).startswith(NODES):  # noqa: PTH115 - a Path costs as much
                        found.append(entry.name)
                except OSError:
                    continue  # closed since the folder was listed
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return tuple(found[:MOST_CLIENTS])
