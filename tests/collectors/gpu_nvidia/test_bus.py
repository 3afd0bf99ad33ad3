"""What the kernel says of GPUs, without NVML."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.api import NoData
from collectors.gpu_nvidia.bus import MOST, RESCAN, Bus, expected
from collectors.host import Host
from tests.nvml.fakes import FakeHost, address


@pytest.mark.parametrize("sign", ["proc/driver/nvidia/version", "dev/nvidiactl", "dev/dxg"])
def test_a_driver_is_expected_where_it_has_left_a_sign(tmp_path: Path, sign: str) -> None:
    with pytest.raises(NoData, match=f"no NVIDIA driver: .*{sign}"):
        expected(Host(tmp_path))
    (tmp_path / sign).parent.mkdir(parents=True)
    (tmp_path / sign).touch()
    expected(Host(tmp_path))


def test_the_cards_are_those_that_the_driver_serves(tmp_path: Path) -> None:
    made = FakeHost(tmp_path, 2)
    made.write("sys/bus/pci/drivers/nvidia/new_id", "")
    bus = Bus(Host(made.root))
    cards = bus.look(0.0)
    assert cards is not None
    assert list(cards) == [address(0), address(1)]
    assert bus.look(RESCAN - 1) is cards
    assert bus.look(RESCAN) is cards
    made.write(f"sys/bus/pci/drivers/nvidia/{address(2)}/vendor", "0x10de\n")
    later = bus.look(2 * RESCAN)
    assert later is not None
    assert list(later) == [address(0), address(1), address(2)]
    assert later[address(0)] is cards[address(0)]
    bus.close()


def test_more_cards_than_there_may_be_are_counted(tmp_path: Path) -> None:
    bus = Bus(Host(FakeHost(tmp_path, MOST + 3).root))
    assert len(bus.look(0.0) or {}) == MOST
    assert bus.left_out == 3
    bus.close()


def test_without_a_bus_nobody_says_which_cards_there_are(tmp_path: Path) -> None:
    bus = Bus(Host(tmp_path))
    assert bus.look(0.0) is None
    (tmp_path / "sys/bus/pci/drivers/nvidia").mkdir(parents=True)
    assert bus.look(RESCAN) is None


@pytest.mark.parametrize(
    ("control", "status", "sleeping"),
    [
        ("auto", "suspended\n", True),
        ("auto", "suspending\n", True),
        ("auto", "active\n", False),
        ("auto", "resuming\n", False),
        ("auto", "error\n", False),
        ("auto", "unsupported\n", False),
        ("auto", "", False),
        ("on", "suspended\n", False),
    ],
)
def test_a_card_sleeps_if_the_kernel_says_so(
    tmp_path: Path, control: str, status: str, sleeping: bool
) -> None:
    made = FakeHost(tmp_path)
    made.control(0, control)
    made.power(0, status.rstrip())
    cards = Bus(Host(made.root)).look(0.0)
    assert cards is not None
    assert cards[address(0)].sleeping() is sleeping
    cards[address(0)].close()


def test_a_card_that_is_no_longer_held_awake_is_seen_within_a_minute(tmp_path: Path) -> None:
    made = FakeHost(tmp_path)
    made.power(0, "suspended")
    bus = Bus(Host(made.root))
    cards = bus.look(0.0)
    assert cards is not None
    assert not cards[address(0)].sleeping()
    made.control(0, "auto")
    bus.look(RESCAN)
    assert cards[address(0)].sleeping()
    bus.close()


def test_a_card_whose_files_are_missing_does_not_sleep(tmp_path: Path) -> None:
    made = FakeHost(tmp_path)
    (made.root / f"sys/bus/pci/devices/{address(0)}/power/runtime_status").unlink()
    (made.root / f"sys/bus/pci/devices/{address(0)}/power/control").unlink()
    bus = Bus(Host(made.root))
    cards = bus.look(0.0)
    assert cards is not None
    assert not cards[address(0)].sleeping()
    assert not bus.may_sleep(address(0))


def test_it_may_sleep_if_both_kernel_and_driver_let_it(tmp_path: Path) -> None:
    made = FakeHost(tmp_path, 2)
    made.control(0, "auto")
    bus = Bus(Host(made.root))
    bus.look(0.0)
    assert bus.may_sleep(address(0))
    assert not bus.may_sleep(address(1))
    assert not bus.may_sleep(address(2))
    said = f"proc/driver/nvidia/gpus/{address(0)}/power"
    made.write(said, "Runtime D3 status:          Disabled by default\n S0ix: Enabled\n")
    assert not bus.may_sleep(address(0))
    (made.root / said).unlink()
    assert not bus.may_sleep(address(0))
    bus.close()
