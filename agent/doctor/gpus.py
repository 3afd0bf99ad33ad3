"""Which GPUs the hardware has, what drives them, and why their readings are missing if they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from agent.doctor.finding import Finding
from collectors.host import Host, printable

VENDORS = {"0x10de": ("NVIDIA", "gpu_nvidia"), "0x1002": ("AMD", "gpu_amd"), "0x8086": ("Intel", "gpu_intel")}
DISPLAYS = ("0x0300", "0x0302", "0x0380", "0x1200")
DRIVERS = {
    "gpu_nvidia": ("nvidia",),
    "gpu_amd": ("amdgpu",),
    "gpu_intel": ("i915", "xe"),
}
MOST = 32


class Gpu(NamedTuple):
    """A GPU on the PCI bus: its address, vendor, collector, and bound driver ("" for none)."""

    address: str
    vendor: str
    collector: str
    driver: str


def found(host: Host) -> list[Gpu]:
    """The GPUs of the vendors we read, in the order of their addresses; at most 32."""
    bus = host.sys / "bus/pci/devices"
    try:
        addresses = sorted(host.list(bus))
    except OSError:
        return []
    gpus = []
    for address in addresses:
        vendor = VENDORS.get(_word(host, bus / address / "vendor"))
        if vendor and _word(host, bus / address / "class").startswith(DISPLAYS):
            gpus.append(Gpu(printable(address), *vendor, _driver(bus / address)))
    return gpus[:MOST]


def _word(host: Host, path: Path) -> str:
    try:
        return host.read(path).decode("ascii", "replace").strip()
    except (OSError, ValueError):
        return ""


def _driver(device: Path) -> str:
    link = device / "driver"
    try:
        return printable(link.readlink().name)
    except OSError:
        return ""


def examine(host: Host, reasons: Mapping[str, str]) -> Iterator[Finding]:
    """Look at each GPU; `reasons` has a collector's reason for no reading, "" where it reads."""
    gpus = found(host)
    tegra = _is_tegra(host)
    if not gpus and not tegra:
        yield Finding("gpu", "ok", "no GPU that could be read")
    if tegra:
        yield _of_collector("the Jetson's GPU", "gpu_jetson", reasons)
    for gpu in gpus:
        name = f"{gpu.vendor} GPU at {gpu.address}"
        wanted = DRIVERS[gpu.collector]
        if gpu.driver not in wanted:
            bound = f"is driven by {gpu.driver}" if gpu.driver else "has no driver"
            advice = f"install the driver {' or '.join(wanted)}, and look at `lspci -k` and `dmesg`"
            yield Finding("gpu", "warning", f"{name} {bound} and cannot be read", advice)
        else:
            yield _of_collector(name, gpu.collector, reasons)


def _of_collector(name: str, collector: str, reasons: Mapping[str, str]) -> Finding:
    reason = reasons.get(collector)
    if reason is None:
        text = f"{name} is not read: the collector {collector} is switched off"
        return Finding("gpu", "note", text, f"[collectors.{collector}] enabled = true")
    if not reason:
        return Finding("gpu", "ok", f"{name} is read")
    advice = "as a service: `outrider service allow gpu`, then restart; by hand: run this as root to compare"
    return Finding("gpu", "problem", f"{name} is not read by {collector}: {reason}", advice)


def _is_tegra(host: Host) -> bool:
    return "nvidia,tegra" in _word(host, host.proc / "device-tree/compatible").replace("\0", " ")
