from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.power.supplies import MOST, ONLINE, STATES, STATUS, State, States, parse, supplies
from tests.collectors.conftest import Make

WHO = {"hw.id": "x", "hw.name": "x"}
BATTERY = State(Path("status"), tuple(STATUS.of(**WHO, **{"hw.state": state}) for state in STATES))
MAINS = State(Path("online"), (ONLINE.of(**WHO),))


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        (b"Charging\n", [1, 0, 0, 0]),
        (b"Discharging\n", [0, 1, 0, 0]),
        (b"Not charging\n", [0, 0, 1, 0]),
        (b"Full\n", [0, 0, 0, 1]),
    ],
)
def test_a_battery_is_in_one_state(text: bytes, bits: list[int]) -> None:
    assert parse(BATTERY, text) == bits


@pytest.mark.parametrize("text", [b"Unknown\n", b"", b"\xff\n"])
def test_a_state_that_nobody_knows_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="status: the state is"):
        parse(BATTERY, text)


@pytest.mark.parametrize(("text", "bit"), [(b"0\n", 0), (b"1\n", 1), (b"2\n", 1)])
def test_a_supply_is_on_or_off(text: bytes, bit: int) -> None:
    assert parse(MAINS, text) == [bit]


SPOKEN = st.sampled_from(
    [b"Charging", b"Not charging", b"Full", b"0", b"1", b"2", b"-1", b"nan", b"\n", b" "]
)


@given(st.binary(max_size=40) | st.lists(SPOKEN, max_size=3).map(b"".join))
def test_any_bytes_are_one_state_or_a_value_error(text: bytes) -> None:
    for state, least in ((BATTERY, 1), (MAINS, 0)):
        try:
            bits = parse(state, text)
        except ValueError:
            continue
        assert len(bits) == len(state.series)
        assert set(bits) <= {0, 1}
        assert least <= sum(bits) <= 1


def test_states_are_absent_alone(make: Make, tmp_path: Path) -> None:
    host = make({"status": "Full\n", "online": "perhaps\n"})
    states = States()
    found = [each._replace(path=tmp_path / each.path) for each in (BATTERY, MAINS)]
    states.arrange(host, found)
    series = states.series
    values, (absence,) = states.read()
    assert values == [0, 0, 0, 1, None]
    assert absence.what == "hw.power_supply.online"
    states.arrange(host, list(found))
    assert states.series is series
    states.close()


def supply(name: str, kind: str, **files: str) -> dict[str, str]:
    folder = f"sys/class/power_supply/{name}"
    return {f"{folder}/type": f"{kind}\n", **{f"{folder}/{key}": f"{text}\n" for key, text in files.items()}}


def test_a_battery_tells_power_or_its_product(make: Make) -> None:
    both = {"voltage_now": "12000000", "current_now": "500000"}
    found = supplies(
        make({**supply("A", "Battery", **both), **supply("B", "UPS", **both, power_now="1")}), []
    )
    assert [each.power.attributes[0][1] for each in found.products] == ["A"]
    assert [each.series.attributes[0][1] for each in found.numbers if each.series.name == "hw.power"] == ["B"]


def test_a_mouse_and_an_empty_bay_are_no_batteries_of_the_host(make: Make) -> None:
    mouse = supply("hid", "Battery", scope="Device", capacity="50")
    found = supplies(make({**mouse, **supply("BAT1", "Battery", present="0", capacity="0")}), [])
    assert (found.numbers, found.states) == ([], [])


def test_of_a_usb_port_nothing_is_told_that_was_not_measured(make: Make) -> None:
    found = supplies(
        make(supply("ucsi", "USB", online="1", voltage_now="5000000", current_max="3000000")), []
    )
    assert found.numbers == []
    assert [each.path.name for each in found.states] == ["online"]


def test_supplies_are_bounded(make: Make) -> None:
    files: dict[str, str] = {}
    for place in range(MOST + 4):
        files |= supply(f"usb{place:02}", "USB", online="1")
    assert len(supplies(make(files), []).states) == MOST


def test_a_host_without_supplies_has_none(make: Make) -> None:
    found = supplies(make({}), [])
    assert (found.numbers, found.products, found.states) == ([], [], [])
