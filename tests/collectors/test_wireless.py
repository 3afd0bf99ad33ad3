from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import NoData, Reading
from collectors.host import Host
from collectors.wireless import UNTOLD, Wireless, parse
from tests.collectors.conftest import Make

HEAD = (
    "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
    " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"
)
WLAN0 = " wlan0: 0000   54.  -56.  -256        0      0      0      7     11        3\n"


def read(host: Host) -> Reading:
    opened = Wireless(host)
    reading = opened.collect(0.0)
    opened.close()
    return reading


def test_a_level_in_dbm_is_the_signal_and_its_quality_is_of_seventy() -> None:
    radio = parse(WLAN0.encode())
    assert radio == (54 / 70, -56, None, (0, 0, 0, 7, 11), 3)


def test_a_noise_that_is_measured_is_told() -> None:
    assert parse(WLAN0.replace("-256", "-95.").encode()).noise == -95


def test_a_level_without_a_unit_gives_a_quality_alone() -> None:
    radio = parse(b" wlan1: 0010    9     8.    7.       6      5      4      3      2        1")
    assert radio == (0.09, None, None, (6, 5, 4, 3, 2), 1)


def test_an_interface_that_the_file_does_not_name_says_why(make: Make) -> None:
    reading = read(make({"proc/net/wireless": HEAD + WLAN0, "sys/class/net/wlan1/phy80211/index": "1\n"}))
    assert [series.attributes[0][1] for series in reading.series] == ["wlan0"] * 8
    assert reading.absences == (("wlan1", UNTOLD),)


def test_a_kernel_without_the_file_says_so_of_each_interface(make: Make) -> None:
    reading = read(make({"sys/class/net/wlan0/phy80211/index": "0\n", "sys/class/net/eth0/mtu": "1500\n"}))
    assert reading == ((), [], (("wlan0", UNTOLD),))


def test_a_host_without_wifi_has_no_data(make: Make) -> None:
    with pytest.raises(NoData, match="no wireless interface"):
        read(make({"proc/net/wireless": HEAD, "sys/class/net/eth0/mtu": "1500\n"}))


def test_a_broken_line_costs_its_interface(make: Make) -> None:
    reading = read(
        make({"proc/net/wireless": HEAD + WLAN0 + WLAN0.replace("wlan0", "wlan1").replace("7 ", "x ")})
    )
    assert {series.attributes[0][1] for series in reading.series} == {"wlan0"}
    assert [what for what, _ in reading.absences] == ["wlan1"]


def test_the_layout_stays_while_nothing_changes_and_the_noise_may_come(make: Make) -> None:
    opened = Wireless(make({"proc/net/wireless": HEAD + WLAN0}))
    first, second = opened.collect(0.0), opened.collect(30.0)
    make({"proc/net/wireless": HEAD + WLAN0.replace("-256", "-95.")})
    third = opened.collect(60.0)
    opened.close()
    assert first.series is second.series
    assert len(third.series) == len(first.series) + 1


def test_many_interfaces_are_bounded_and_the_rest_is_said(make: Make) -> None:
    text = "".join(WLAN0.replace("wlan0", f"w{n}") for n in range(40))
    reading = read(make({"proc/net/wireless": HEAD + text}))
    assert len(reading.series) == 16 * 8
    assert reading.absences[-1].reason == "24 interfaces more than 16 are not read"


@pytest.mark.parametrize(
    ("text", "nonsense"),
    [
        ("54.", "nan"),
        ("54.", "71."),
        ("54.", "-1"),
        ("-56.", "-9999"),
        ("-256", "x"),
        (" 7 ", " -7 "),
        (" 11 ", " "),
    ],
)
def test_a_line_that_says_what_cannot_be_is_refused(text: str, nonsense: str) -> None:
    with pytest.raises(ValueError, match="/proc/net/wireless: malformed line ' wlan0"):
        parse(WLAN0.replace(text, nonsense).encode())


@given(st.binary(max_size=120))
def test_any_bytes_give_a_radio_or_a_value_error(text: bytes) -> None:
    try:
        radio = parse(b" wlan0: 0000 " + text)
    except ValueError:
        return
    assert 0 <= radio.quality <= 1
