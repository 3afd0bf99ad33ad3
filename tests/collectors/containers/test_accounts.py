from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.containers.accounts import ACCOUNTS, Shape, fields, limit, passing, pressure, traffic
from tests.collectors.conftest import Make

SHAPE = Shape(100, frozenset((b"7", b"253")))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (b"max\n", None),
        (b"67108864\n", 67108864),
        (b"0\n", 0),
        (b"9223372036854771712\n", None),
        (b"18446744073709551615\n", None),
    ],
)
def test_no_limit_is_told_from_one(text: bytes, right: int | None) -> None:
    assert limit(text) == right


@pytest.mark.parametrize("text", [b"", b"-1", b"max 7", b"nan", b"18446744073709551616"])
def test_a_malformed_limit_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"memory\.max: malformed line"):
        limit(text)


def test_traffic_of_version_two_is_of_disks_alone() -> None:
    text = b"8:0 rbytes=512 wbytes=4096 rios=9\n253:0 rbytes=1024 wbytes=1\n259:1 rbytes=8 wbytes=1\n7:0 \n"
    assert traffic("io.stat", text, SHAPE.passing) == (520, 4097)
    assert traffic("io.stat", text, frozenset()) == (1544, 4098)
    assert traffic("io.stat", b"", SHAPE.passing) == (0, 0)


def test_traffic_of_version_one_leaves_the_sums_out() -> None:
    text = b"8:0 Read 5\n8:0 Write 7\n8:0 Sync 1\n8:0 Total 12\n253:0 Read 5\n8:16 Read 1\nTotal 25\n"
    assert traffic("blkio", text, SHAPE.passing) == (6, 7)


@pytest.mark.parametrize(
    "text", [b"8:0 rbytes=x", b"8:0 rbytes", b"8:0 Read -1", b"8:0 Read nan\n", b"8:0 rbytes=1 7"]
)
def test_malformed_traffic_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="io: malformed line '8:0"):
        traffic("io", text, frozenset())


def test_pressure_is_in_seconds() -> None:
    text = b"some avg10=0.00 avg60=0.00 total=1736583\nfull avg10=0.00 avg60=0.00 total=2\n"
    assert pressure(text) == (1.736583, 2e-06)


@pytest.mark.parametrize("text", [b"", b"some total=1\n", b"some total=x\nfull total=1\n", b"\0" * 99])
def test_malformed_pressure_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"memory\.pressure: malformed line"):
        pressure(text)


def test_a_missing_field_is_named_and_a_malformed_one_shown() -> None:
    with pytest.raises(ValueError, match=r"cpu\.stat: no line user_usec"):
        fields("cpu.stat", b"usage_usec 1\n", b"user_usec")
    with pytest.raises(ValueError, match=r"cpu\.stat: malformed line 'user_usec -1'"):
        fields("cpu.stat", b"user_usec -1", b"user_usec")


def test_devices_that_pass_on_are_known_by_their_names(make: Make, tmp_path: Path) -> None:
    text = "Character devices:\n  1 mem\n\nBlock devices:\n  7 loop\n  8 sd\n  9 md\n252 device-mapper\n"
    assert passing(make({"proc/devices": text})) == {b"7", b"9", b"252"}
    (tmp_path / "proc/devices").unlink()
    assert passing(make({})) == frozenset()


@given(st.binary(max_size=300))
def test_any_bytes_give_all_values_of_an_account_or_a_value_error(text: bytes) -> None:
    for account in (*ACCOUNTS[1], *ACCOUNTS[2]):
        try:
            values = account.parse([text] * len(account.files), SHAPE)
        except ValueError:
            continue
        assert len(values) == len(account.metrics)
        assert min(values) >= 0
