from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import NoData, Reading
from collectors.host import COUNT_LIMIT, Host
from collectors.links import BYTES, FASTEST, Links, changes, duplex, speed, up
from tests.collectors.conftest import Make

FILES = {
    "operstate": "up\n",
    "carrier": "1\n",
    "speed": "1000\n",
    "duplex": "full\n",
    "carrier_changes": "2\n",
}


def wire(name: str, **files: str) -> dict[str, str]:
    """The files of one interface, by their paths; `files` in place of the usual ones."""
    return {f"sys/class/net/{name}/{file}": text for file, text in {**FILES, **files}.items()}


def read(host: Host) -> Reading:
    opened = Links(host)
    reading = opened.collect(0.0)
    opened.close()
    return reading


def shown(reading: Reading) -> dict[str, object]:
    return {series.name: value for series, value in zip(reading.series, reading.values, strict=True)}


def test_it_agrees_with_psutil() -> None:
    found = psutil.net_if_stats()
    reading = read(Host())
    assert reading.series
    for series, value in zip(reading.series, reading.values, strict=True):
        stats = found[series.attributes[0][1]]
        if series.name == "hw.network.bandwidth.limit":
            assert value == stats.speed * 125_000
        if series.name == "linux.network.full_duplex":
            assert value == (stats.duplex == psutil.NIC_DUPLEX_FULL)


def test_a_wire_has_its_state_speed_duplex_and_changes(make: Make) -> None:
    assert shown(read(make(wire("eth0")))) == {
        "hw.network.up": 1,
        "hw.network.bandwidth.limit": 125_000_000,
        "linux.network.full_duplex": 1,
        "linux.network.carrier.changes": 2,
    }


def test_a_wire_without_a_speed_has_no_series_of_it_and_no_absence(make: Make) -> None:
    reading = read(make(wire("eth0", speed="-1\n", duplex="unknown\n")))
    assert shown(reading) == {"hw.network.up": 1, "linux.network.carrier.changes": 2}
    assert reading.absences == ()


@pytest.mark.parametrize("state", ["down", "lowerlayerdown", "dormant", "notpresent", "testing"])
def test_every_state_but_up_is_down(make: Make, tmp_path: Path, state: str) -> None:
    assert up(make(wire("eth0", operstate=f"{state}\n")), tmp_path / "sys/class/net/eth0") == 0


@pytest.mark.parametrize("carrier", [0, 1])
def test_a_driver_that_keeps_no_state_has_its_carrier(make: Make, tmp_path: Path, carrier: int) -> None:
    host = make(wire("wwan0", operstate="unknown\n", carrier=f"{carrier}\n"))
    assert up(host, tmp_path / "sys/class/net/wwan0") == carrier


def test_nonsense_costs_itself_and_is_said(make: Make, tmp_path: Path) -> None:
    broken = wire(
        "eth0", operstate="sideways\n", speed="99999999999\n", duplex="both\n", carrier_changes="-2\n"
    )
    reading = read(make({**broken, **wire("eth1")}))
    assert list(reading.values) == [None] * 4 + [1, 125_000_000, 1, 2]
    folder = f"{tmp_path}/sys/class/net/eth0"
    assert [each.reason for each in reading.absences] == [
        f"{folder}/operstate: malformed line 'sideways'",
        f"{folder}/speed: 99999999999 Mbit/s cannot be",
        f"{folder}/duplex: malformed line 'both'",
        f"{folder}/carrier_changes: malformed line '-2'",
    ]


def test_a_wire_that_is_pulled_keeps_the_layout_that_it_can(make: Make) -> None:
    opened = Links(make({**wire("eth0"), **wire("eth1")}))
    first, second = opened.collect(0.0), opened.collect(30.0)
    make(wire("eth1", operstate="down\n", speed="-1\n", duplex="unknown\n", carrier_changes="3\n"))
    third = opened.collect(60.0)
    opened.close()
    assert first.series is second.series
    assert list(third.values[4:]) == [0, 3]


def test_thousands_of_interfaces_are_bounded_and_the_rest_is_said(make: Make) -> None:
    reading = read(make({f"sys/class/net/tap{n}/operstate": "up\n" for n in range(100)}))
    assert len(reading.series) == 64
    assert reading.absences[-1].reason == "36 interfaces more than 64 are not read"


def test_a_host_without_a_wire_has_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no interface with a wire"):
        read(make({"sys/class/net/lo/operstate": "unknown\n"}))


HIGHEST = {up: 1, duplex: 1, speed: FASTEST * BYTES, changes: COUNT_LIMIT - 1}
SPOKEN = st.sampled_from([b"up", b"down", b"unknown", b"full", b"half", b"-1", b"0", b"1000", b"4294967295"])


@given(
    text=st.binary(max_size=30) | SPOKEN.map(b"%s\n".__mod__) | st.integers(-2, 1 << 65).map(b"%d".__mod__)
)
def test_any_bytes_give_a_number_nothing_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "wire"
    folder.mkdir(exist_ok=True)
    for name in FILES:
        (folder / name).write_bytes(text)
    for part, highest in HIGHEST.items():
        try:
            value = part(Host(), folder)
        except ValueError:
            continue
        assert value is None or 0 <= value <= highest
