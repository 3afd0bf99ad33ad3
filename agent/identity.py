"""What this host is called, and which boot this is."""

from __future__ import annotations

import hashlib
import re
import socket

from collectors.host import Host

SAFE = re.compile(r"[^A-Za-z0-9._-]")
MACHINE_IDS = ("etc/machine-id", "var/lib/dbus/machine-id")


def device_name(host: Host, host_name: str | None = None) -> str:
    """The host name and six digits of a hash of the machine id, as one level of a topic.

    Two boards of one image share the name but not the id; a host without an id has its name alone.
    The id itself is a secret of the machine (machine-id(5)), so only a hash leaves it.
    """
    name = SAFE.sub("-", host_name or _host_name(host))[:100] or "device"
    for path in MACHINE_IDS:
        try:
            identity = host.read(host.root / path).strip()
        except OSError:
            continue
        if identity:
            return f"{name}-{hashlib.sha256(b'outrider' + identity).hexdigest()[:6]}"
    return name


def _host_name(host: Host) -> str:
    """Another host's name stands in its file alone: the kernel tells everyone his own."""
    if host.other:
        try:
            return host.read(host.root / "etc/hostname").decode("ascii", "replace").strip()
        except (OSError, ValueError):
            return socket.gethostname()
    return socket.gethostname()


def boot_id(host: Host) -> str:
    """The kernel's id of this boot.

    Raises:
        OSError: the kernel gives none.
    """
    return host.read(host.proc / "sys/kernel/random/boot_id").decode("ascii").strip()
