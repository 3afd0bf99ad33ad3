from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.host import Host
from collectors.thermal.firmware import DRIVER, SERIES, Flags, alarms, find, parse
from tests.collectors.conftest import Make


def named(bits: list[int]) -> set[tuple[str, str]]:
    """The reason and the period of each bit that is set."""
    pairs = zip(SERIES, bits, strict=True)
    return {(series.attributes[2][1], series.attributes[3][1]) for series, bit in pairs if bit}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"0\n", set()),
        (b"1\n", {("under_voltage", "now")}),
        (b"80008\n", {("soft_temperature_limit", "now"), ("soft_temperature_limit", "past")}),
        (
            b"0x50005\n",
            {
                ("under_voltage", "now"),
                ("throttled", "now"),
                ("under_voltage", "past"),
                ("throttled", "past"),
            },
        ),
        (b"20002\n", {("frequency_capped", "now"), ("frequency_capped", "past")}),
    ],
)
def test_the_bits_are_those_of_vcgencmd(text: bytes, expected: set[tuple[str, str]]) -> None:
    assert named(parse(text)) == expected


@pytest.mark.parametrize("text", [b"", b"\n", b"throttled=0x0", b"-1", b"ffffffffffffffff"])
def test_what_is_no_mask_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="get_throttled: "):
        parse(text)


@given(st.binary(max_size=40))
def test_any_bytes_are_bits_or_a_value_error(text: bytes) -> None:
    try:
        assert set(parse(text)) <= {0, 1}
    except ValueError:
        return


def test_the_file_is_found_whatever_the_board_calls_its_folder(make: Make, tmp_path: Path) -> None:
    assert find(Host(tmp_path)) is None
    host = make({f"sys/{DRIVER}/bind": "", f"sys/{DRIVER}/soc@107c000000:firmware/get_throttled": "0\n"})
    assert find(host) == tmp_path / f"sys/{DRIVER}/soc@107c000000:firmware/get_throttled"


def test_flags_that_cannot_be_read_are_absent_and_none_are_told_where_there_are_none(
    make: Make, tmp_path: Path
) -> None:
    host = make({"file": "no mask\n"})
    flags = Flags()
    assert flags.read() == ([], ())
    flags.arrange(host, tmp_path / "file")
    assert flags.series is SERIES
    values, (absence,) = flags.read()
    assert values == [None] * 8
    assert absence.what == "hw.throttled"
    make({"file": "1\n"})
    flags.arrange(host, tmp_path / "file")
    assert flags.read() == ([1, 0, 0, 0, 0, 0, 0, 0], ())
    flags.arrange(host, None)
    assert (flags.series, flags.read()) == ((), ([], ()))


def test_no_chip_has_no_alarm() -> None:
    assert alarms([]) == []
