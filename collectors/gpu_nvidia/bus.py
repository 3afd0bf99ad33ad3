"""The NVIDIA GPUs as the kernel knows them, and which of them sleep: without NVML, which wakes them.

A GPU that sleeps has `suspended` in `power/runtime_status`; one whose `power/control` is `on` never
does. Whether one may ever sleep its driver says as well, in `/proc/driver/nvidia/gpus/<address>/power`
(the driver's README, "PCI-Express Runtime D3 (RTD3) Power Management"): `Runtime D3 status: Enabled
(fine-grained)`.
"""

from __future__ import annotations

import re

from collectors.api import NoData
from collectors.host import Host, Kept

RESCAN = 60.0
MOST = 16  # GPUs; the largest boards have 16
ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
# While it falls asleep it must not be touched either, and while it wakes somebody else has touched it.
SLEEPING = (b"suspended", b"suspending")
ASLEEP = "asleep"
RUNTIME_D3 = b"Runtime D3 status:"


def expected(host: Host) -> None:
    """Whether this host has NVIDIA's driver at all: looked for in its own files, and WSL's.

    Raises:
        NoData: it has not; what follows would only cost memory.
    """
    places = (host.proc / "driver/nvidia/version", host.dev / "nvidiactl", host.dev / "dxg")
    if not any(place.exists() for place in places):
        raise NoData(f"no NVIDIA driver: there is no {', no '.join(map(str, places))}")


class Card:
    """A GPU on the PCI bus that NVIDIA's driver serves."""

    __slots__ = ("_control", "_held", "_status", "address")

    def __init__(self, host: Host, address: str) -> None:
        power = host.sys / "bus/pci/devices" / address / "power"
        self.address = address
        self._control: Kept = host.open(power / "control")
        self._status: Kept = host.open(power / "runtime_status")
        self._held = False

    def renew(self) -> None:
        """Look whether it is held awake (`on`), so that `sleeping` need not ask each second."""
        self._held = text_of(self._control) == b"on"

    def sleeping(self) -> bool:
        """Whether it sleeps now; a kernel that does not say so puts nothing to sleep."""
        return not self._held and text_of(self._status) in SLEEPING

    def may_sleep(self) -> bool:
        """Whether the kernel lets it sleep when nobody uses it."""
        return text_of(self._control) == b"auto"

    def close(self) -> None:
        """Give the descriptors back."""
        self._control.close()
        self._status.close()


def text_of(file: Kept) -> bytes:
    """The word in a file; empty where it cannot be read."""
    try:
        return file.read().strip()
    except (OSError, ValueError):
        return b""


Cards = dict[str, Card]


class Bus:
    """The cards on the bus, looked for again each minute."""

    __slots__ = ("_cards", "_due", "_host", "left_out")

    def __init__(self, host: Host) -> None:
        self._host = host
        self._cards: Cards | None = None
        self._due = float("-inf")
        self.left_out = 0
        """GPUs beyond `MOST`."""

    def look(self, now: float) -> Cards | None:
        """The cards by their address, the same object until they change; None where there is no such
        bus (WSL, a Jetson): nothing sleeps there, and NVML alone knows the GPUs.
        """
        if now >= self._due:
            self._due = now + RESCAN
            self._arrange(self._found())
            for card in (self._cards or {}).values():
                card.renew()
        return self._cards

    def may_sleep(self, address: str) -> bool:
        """Whether the kernel and the driver let it sleep when nobody uses it; asked while it is awake."""
        card = (self._cards or {}).get(address)
        if card is None or not card.may_sleep():
            return False
        try:
            told = self._host.read(self._host.proc / "driver/nvidia/gpus" / address / "power")
        except (OSError, ValueError):
            return False
        return any(line.startswith(RUNTIME_D3) and b"Enabled" in line for line in told.split(b"\n"))

    def close(self) -> None:
        """Give the descriptors back."""
        self._arrange(None)
        self._due = float("-inf")

    def _found(self) -> list[str] | None:
        try:
            names = self._host.list(self._host.sys / "bus/pci/drivers/nvidia")
        except OSError:
            return None
        found = sorted(filter(ADDRESS.fullmatch, names))
        self.left_out = len(found[MOST:])
        return found[:MOST] or None

    def _arrange(self, addresses: list[str] | None) -> None:
        before = self._cards or {}
        if addresses is not None and self._cards is not None and addresses == list(before):
            return
        kept = {each: before.get(each) or Card(self._host, each) for each in addresses or ()}
        for address, card in before.items():
            if address not in kept:
                card.close()
        self._cards = None if addresses is None else kept
