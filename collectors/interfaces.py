"""Which network interfaces are reported, and where they stand in `/sys/class/net`.

Left out by name are those that only repeat what another one carries (bridges, container ends, the
kernel's own tunnel stubs) and the loopback, which no wire sees. Ethernet, Wi-Fi, modems (wwan, ppp, usb),
CAN, VPN tunnels, VLANs and bonds stay.
"""

from __future__ import annotations

import os
from pathlib import Path

from collectors.host import Host, label

SKIPPED = (
    b"veth", b"docker", b"br-", b"virbr", b"lxcbr", b"lxdbr", b"podman", b"cni", b"cali", b"flannel", b"vnet",
    b"ifb", b"dummy", b"nlmon",
)  # fmt: skip
# The kernel makes these by itself when a module is loaded; tunnels that somebody set up have other numbers.
STUBS = frozenset(b"lo tunl0 gre0 gretap0 erspan0 sit0 ip_vti0 ip6_vti0 ip6tnl0 ip6gre0 teql0".split())


def skipped(name: bytes) -> bool:
    """Whether an interface is none of its own: a stub of the kernel, or one that repeats another."""
    return name in STUBS or name.startswith(SKIPPED)


def interfaces(host: Host) -> dict[str, Path]:
    """The folder of each interface that is reported, by its printable name, in the names' order; of two
    names that read the same the first is taken. None where there is no network.

    Raises:
        OSError: the folder of all may not be read.
    """
    parent = host.sys / "class/net"
    try:
        names = sorted(host.list(parent))
    except FileNotFoundError:
        return {}
    found: dict[str, Path] = {}
    for name in names:
        if not skipped(os.fsencode(name)) and (parent / name).is_dir():
            found.setdefault(label(os.fsencode(name)), parent / name)
    return found
