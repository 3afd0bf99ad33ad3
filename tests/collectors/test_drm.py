from __future__ import annotations

from pathlib import Path

import pytest

from collectors.api import Absence, Metric, NoData
from collectors.drm import (
    IDLE,
    LOOK,
    MOST_SAID,
    REST,
    Card,
    Cards,
    Chip,
    Rests,
    cards,
    sensors,
    temperatures,
)
from collectors.host import Host
from collectors.numbers import ASLEEP, Number, Sleeper
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
    assert card.chip() is None
    make({f"{DEVICE}/hwmon/hwmon4/temp1_input": "1\n"})
    assert card.chip() == (card.device / "hwmon/hwmon4", frozenset(["temp1_input"]))


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


HEAT = Metric("hw.temperature", "Cel", "gauge", ("hw.id", "hw.name"), "a file", "Made up.")


NUMBER = Number(HEAT.of(**{"hw.id": "x", "hw.name": "x"}), Path("temp1_input"))


def test_temperatures_are_of_the_card_or_of_the_part_that_the_driver_names(
    make: Make, tmp_path: Path
) -> None:
    labels = {"temp1_label": "edge\n", "temp2_label": "junction\n", "temp3_label": "mem\n"}
    host = make({f"hwmon0/{name}": text for name, text in labels.items()})
    chip = Chip(tmp_path / "hwmon0", frozenset(("temp1_input", "temp2_input", "temp3_input", "temp9_input")))
    parts = {"edge": "", "mem": "memory"}
    found = temperatures(host, CARD, chip, HEAT, parts, [])
    assert [(series.attributes[0][1], file) for series, file, *_ in found] == [
        ("0000:03:00.0", "temp1_input"),
        ("0000:03:00.0/junction", "temp2_input"),
        ("0000:03:00.0/memory", "temp3_input"),
    ]
    for name in labels:
        (tmp_path / "hwmon0" / name).unlink()
    nameless = temperatures(host, CARD, chip, HEAT, parts, [])
    assert [dict(series.attributes)["hw.id"] for series, *_ in nameless] == [
        "0000:03:00.0", "0000:03:00.0/temp2", "0000:03:00.0/temp3"
    ]  # fmt: skip


def test_only_the_sensors_that_a_chip_has_are_read() -> None:
    chip = Chip(Path("hwmon0"), frozenset(("fan1_input",)))
    kinds = [
        (HEAT.of(**{"hw.id": name, "hw.name": "x"}), f"{name}1_input", 2.0, 0.0, 9.0)
        for name in ("fan", "temp")
    ]
    assert sensors(CARD, chip, kinds) == [
        Number(kinds[0][0], Path("hwmon0/fan1_input"), 2.0, 0.0, 9.0, STATUS)
    ]


def test_the_cards_of_a_vendor_are_looked_for_each_minute(make: Make, tmp_path: Path) -> None:
    host = made(make, tmp_path, {"vendor": "0x8086\n", "device": "0x56a0\n"})
    found = Cards(host, "0x8086", "Intel")
    assert found.due(0.0)
    assert found.look(0.0, lambda *_: [NUMBER]) == ([NUMBER], ())
    assert [card.id for card in found.found] == ["0000:03:00.0"]
    assert (found.due(LOOK - 1), found.due(LOOK)) == (False, True)


def test_a_vendor_without_cards_is_no_data_and_many_reasons_are_bounded(make: Make, tmp_path: Path) -> None:
    host = made(make, tmp_path, {"vendor": "0x8086\n", "device": "0x56a0\n"})
    with pytest.raises(NoData, match=r"no AMD GPU in .*/sys/class/drm"):
        Cards(host, "0x1002", "AMD").look(0.0, lambda *_: [])

    def numbers(host: Host, card: Card, said: list[Absence]) -> list[Number]:
        said += [Absence(card.id, str(number)) for number in range(99)]
        return []

    assert len(Cards(host, "0x8086", "Intel").look(0.0, numbers).said) == MOST_SAID


def test_cards_that_do_nothing_rest_and_one_that_woke_does_not(make: Make, tmp_path: Path) -> None:
    host = made(make, tmp_path, {"vendor": "0x8086\n", "device": "0x1\n", "power/runtime_status": "active\n"})
    found = Cards(host, "0x8086", "Intel")
    found.look(0.0, lambda *_: [])
    (card,) = found.found
    for now in (0.0, IDLE):
        found.worked({card: 0.0}, (), now)
    assert found.resting(IDLE) == {card.sleeper}
    found.worked({card: None}, (Absence("another", ASLEEP),), IDLE)
    assert found.resting(IDLE) == {card.sleeper}
    found.worked({card: None}, (Absence(card.id, ASLEEP),), IDLE)
    assert found.resting(IDLE) == set()
