"""GPUs on a PCI bus made up of the five files that are looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.doctor import gpus
from collectors.host import Host


class Bus:
    """`/sys/bus/pci/devices` of a host."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host = Host(root)

    def add(self, address: str, vendor: str, driver: str = "", kind: str = "0x030000") -> None:
        device = self.root / "sys/bus/pci/devices" / address
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")
        if driver:
            (device / "driver").symlink_to(f"../../../../bus/pci/drivers/{driver}")


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    return Bus(tmp_path)


def test_no_gpu_is_well(bus: Bus) -> None:
    (only,) = gpus.examine(bus.host, {})
    assert only.level == "ok"


def test_other_devices_are_no_gpus(bus: Bus) -> None:
    bus.add("0000:00:02.0", "0x10de", kind="0x040300")
    bus.add("0000:00:03.0", "0x1af4")
    assert gpus.found(bus.host) == []


def test_one_that_is_read_is_well(bus: Bus) -> None:
    bus.add("0000:01:00.0", "0x10de", "nvidia", "0x030200")
    (only,) = gpus.examine(bus.host, {"gpu_nvidia": ""})
    assert (only.level, only.text) == ("ok", "NVIDIA GPU at 0000:01:00.0 is read")


@pytest.mark.parametrize(("driver", "said"), [("", "has no driver"), ("nouveau", "is driven by nouveau")])
def test_one_without_its_driver_says_which_to_install(bus: Bus, driver: str, said: str) -> None:
    bus.add("0000:01:00.0", "0x10de", driver)
    (only,) = gpus.examine(bus.host, {"gpu_nvidia": "no driver"})
    assert (only.level, said in only.text) == ("warning", True)
    assert "nvidia" in only.advice


def test_one_that_its_collector_cannot_read_is_a_problem_with_the_reason(bus: Bus) -> None:
    bus.add("0000:03:00.0", "0x1002", "amdgpu")
    (only,) = gpus.examine(bus.host, {"gpu_amd": "[Errno 13] Permission denied"})
    assert (only.level, "Permission denied" in only.text) == ("problem", True)
    assert "service allow gpu" in only.advice


def test_one_whose_collector_is_switched_off_is_a_note(bus: Bus) -> None:
    bus.add("0000:00:02.0", "0x8086", "i915")
    (only,) = gpus.examine(bus.host, {})
    assert (only.level, "switched off" in only.text) == ("note", True)


def test_a_jetson_is_known_by_its_device_tree(bus: Bus) -> None:
    tree = bus.root / "proc/device-tree"
    tree.mkdir(parents=True)
    (tree / "compatible").write_bytes(b"nvidia,p3737-0000+p3701-0000\0nvidia,tegra234\0")
    (only,) = gpus.examine(bus.host, {"gpu_jetson": ""})
    assert only.text == "the Jetson's GPU is read"


def test_names_of_every_byte_and_endless_buses_do_no_harm(bus: Bus) -> None:
    for number in range(40):
        bus.add(f"{number:04}:\x1b[31m", "0x10de", "nvidia")
    found = gpus.found(bus.host)
    assert len(found) == gpus.MOST
    assert all(gpu.address.isprintable() for gpu in found)
