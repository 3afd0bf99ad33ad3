from __future__ import annotations

from pathlib import Path

from collectors.api import Absence, Metric
from collectors.drm import IDLE, REST, Card, Rests, cards
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
    (card,) = cards(host, "0x1002", [])
    assert (card.id, card.name) == ("0000:03:00.0", "Radeon PRO W7900")
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


STATUS = Sleeper("0000:03:00.0", Path("status"))
CARD = Card(Path("card0"), Path("device"), "0000:03:00.0", "x", STATUS)


def test_a_card_that_may_sleep_and_does_nothing_is_left_alone_for_a_while() -> None:
    rests = Rests()
    rests.worked(CARD, 0.0, 100.0)
    assert rests.resting(100.0) == set()
    rests.worked(CARD, 0.0, 100.0 + IDLE)
    assert rests.resting(100.0 + IDLE + REST - 1) == {STATUS}
    assert rests.resting(100.0 + IDLE + REST) == set()
    rests.worked(CARD, 0.0, 100.0 + IDLE + REST)
    assert rests.resting(101.0 + IDLE + REST) == {STATUS}


def test_a_card_that_somebody_woke_is_read_at_once() -> None:
    rests = Rests()
    for now in (0.0, IDLE):
        rests.worked(CARD, 0.0, now)
    rests.slept(CARD, IDLE + 1)
    assert rests.resting(IDLE + 2) == set()
    rests.worked(CARD, 0.0, IDLE + 2)
    assert rests.resting(IDLE + 2) == set()
    rests.slept(CARD._replace(sleeper=None), IDLE)


def test_a_card_at_work_is_read_each_time() -> None:
    rests = Rests()
    for now in range(100):
        rests.worked(CARD, 0.5 if now % 9 == 0 else 0.0, float(now))
        assert rests.resting(float(now)) == set()


def test_a_card_that_never_sleeps_and_one_that_is_gone_do_not_rest() -> None:
    rests = Rests()
    for now in (0.0, IDLE):
        rests.worked(CARD._replace(sleeper=None), 0.0, now)
        rests.worked(CARD, 0.0, now)
    assert rests.resting(IDLE) == {STATUS}
    rests.keep([CARD])
    assert rests.resting(IDLE) == {STATUS}
    rests.keep([])
    assert rests.resting(IDLE) == set()
