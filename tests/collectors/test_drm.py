from __future__ import annotations

from pathlib import Path

from collectors.api import Absence, Metric
from collectors.drm import cards
from collectors.host import Host
from collectors.numbers import Sleeper
from tests.collectors.conftest import Make

METRIC = Metric(
    "hw.gpu.clock.frequency", "Hz", "gauge", ("hw.id", "hw.name", "hw.gpu.clock"), "a file", "Made up."
)
DEVICE = "sys/devices/pci0000:00/0000:03:00.0"


def made(make: Make, tmp_path: Path, files: dict[str, str]) -> Host:
    """A card with these files in its device's folder, as the kernel links them."""
    host = make({f"{DEVICE}/{name}": text for name, text in files.items()})
    (tmp_path / DEVICE / "drm/card1").mkdir(parents=True)
    (tmp_path / DEVICE / "drm/card1/device").symlink_to("../../../0000:03:00.0")
    (tmp_path / "sys/class/drm").mkdir(parents=True)
    (tmp_path / "sys/class/drm/card1").symlink_to(tmp_path / DEVICE / "drm/card1")
    (tmp_path / "sys/class/drm/card1-DP-1").mkdir()
    return host


def test_a_card_is_called_by_its_address_and_product(make: Make, tmp_path: Path) -> None:
    files = {"vendor": "0x1002\n", "device": "0x744c\n", "product_name": "Radeon PRO W7900\n"}
    host = made(make, tmp_path, files)
    (tmp_path / "sys/bus/pci/drivers/amdgpu").mkdir(parents=True)
    (tmp_path / DEVICE / "driver").symlink_to(tmp_path / "sys/bus/pci/drivers/amdgpu")
    (card,) = cards(host, "0x1002", [])
    assert (card.id, card.name, card.driver) == ("0000:03:00.0", "Radeon PRO W7900", "amdgpu")
    assert card.sleeper is None
    whole, part = (card.of(METRIC, part, **{"hw.gpu.clock": "memory"}) for part in ("", "memory"))
    assert dict(whole.attributes)["hw.id"] == "0000:03:00.0"
    assert dict(part.attributes) == {
        "hw.id": "0000:03:00.0/memory",
        "hw.name": "Radeon PRO W7900 memory",
        "hw.gpu.clock": "memory",
    }


def test_one_without_a_product_is_called_by_its_numbers(make: Make, tmp_path: Path) -> None:
    files = {
        "vendor": "0x8086\n",
        "device": "0x56a0\n",
        "product_name": "\n",
        "power/runtime_status": "suspended\n",
    }
    host = made(make, tmp_path, files)
    (card,) = cards(host, "0x8086", [])
    assert card.name == "8086:56a0"
    assert card.sleeper == Sleeper(
        "0000:03:00.0", tmp_path / "sys/class/drm/card1/device/power/runtime_status"
    )
    assert cards(host, "0x1002", []) == []


def test_its_sensors_are_in_the_first_chip(make: Make, tmp_path: Path) -> None:
    host = made(make, tmp_path, {"vendor": "0x8086\n", "device": "0x56a0\n"})
    (card,) = cards(host, "0x8086", [])
    assert card.sensors() is None
    make({f"{DEVICE}/hwmon/hwmon4/temp1_input": "1\n"})
    assert card.sensors() == (card.device / "hwmon/hwmon4", frozenset(["temp1_input"]))


def test_a_vendor_that_cannot_be_read_is_told(make: Make, tmp_path: Path) -> None:
    host = made(make, tmp_path, {"vendor/folder": ""})
    said: list[Absence] = []
    assert cards(host, "0x8086", said) == []
    assert [each.what for each in said] == ["vendor"]


def test_a_host_without_graphics_has_no_cards(make: Make) -> None:
    assert cards(make({}), "0x8086", []) == []
