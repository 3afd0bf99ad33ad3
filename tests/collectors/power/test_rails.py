from __future__ import annotations

from pathlib import Path

from collectors.api import Absence
from collectors.hwmon import Chip
from collectors.power.rails import MOST, rails
from tests.collectors.conftest import Make

CHIP = Chip(Path("x"), "pmbus", "pmbus", "", frozenset(), None)


def test_an_average_is_taken_only_without_a_value(make: Make) -> None:
    files = frozenset(("power1_input", "power1_average", "power2_average", "power3_cap"))
    numbers, products = rails(make({}), [CHIP._replace(files=files)], [])
    assert [each.path.name for each in numbers] == ["power1_input", "power2_average"]
    assert products == []


def test_a_rail_of_an_ina3221_has_the_power_of_its_product(make: Make, tmp_path: Path) -> None:
    host = make({"in1_label": "VDD_IN\n", "in2_label": "NC\n"})
    files = frozenset(f"{kind}{place}_input" for kind in ("in", "curr") for place in range(1, 8))
    chip = CHIP._replace(name="ina3221", place="1-0040/ina3221", folder=tmp_path, files=files)
    numbers, products = rails(host, [chip], [])
    assert [each.path.name for each in numbers] == ["in1_input", "in3_input", "curr1_input", "curr3_input"]
    assert [each.power.attributes[1][1] for each in products] == ["VDD_IN", "in3"]
    assert products[0].voltage == numbers[0].series


def test_a_batterys_chip_is_left_to_the_battery(make: Make) -> None:
    chip = CHIP._replace(device="/sys/devices/x/power_supply/BAT0", files=frozenset(["in0_input"]))
    assert rails(make({}), [chip], []) == ([], [])


def test_hundreds_of_voltages_are_bounded_and_counted(make: Make) -> None:
    chip = CHIP._replace(files=frozenset(f"in{place}_input" for place in range(500)))
    said: list[Absence] = []
    numbers, _ = rails(make({}), [chip], said)
    assert len(numbers) == MOST
    assert said == [Absence("hw.voltage", f"{500 - MOST} more are left out: {MOST} is the most")]
