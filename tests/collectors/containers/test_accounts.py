from __future__ import annotations

from operator import add
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.containers.accounts import ACCOUNTS, Shape, fields, limit, passing, traffic
from collectors.host import COUNT_LIMIT
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


KEYS = (
    b"user_usec ", b"system_usec ", b"user ", b"system ", b"nr_periods ", b"nr_throttled ",
    b"throttled_usec ", b"throttled_time ", b"oom_kill ", b"inactive_file ", b"total_inactive_file ",
    b"8:0 Read ", b"8:0 rbytes=", b"some total=", b"full avg10=0.00 total=",
)  # fmt: skip
NUMBERS = st.integers(0, COUNT_LIMIT - 1).map(b"%d".__mod__)
ODD = st.sampled_from([b"-1", b"nan", b"18446744073709551616", b"", b"1 2"])
LINES = st.lists(st.tuples(st.sampled_from(KEYS), NUMBERS | ODD).map(b"".join), max_size=24)
WHOLE = st.lists(NUMBERS, min_size=len(KEYS), max_size=len(KEYS)).map(lambda found: [*map(add, KEYS, found)])
TEXTS = st.binary(max_size=300) | NUMBERS | (LINES | WHOLE).map(b"\n".join)


@given(TEXTS, TEXTS)
def test_any_bytes_give_all_values_of_an_account_or_a_value_error(first: bytes, second: bytes) -> None:
    for account in (*ACCOUNTS[1], *ACCOUNTS[2]):
        try:
            values = account.parse([first, second][: len(account.files)], SHAPE)
        except ValueError:
            continue
        assert len(values) == len(account.metrics)
        assert min(values) >= 0
        assert max(values) < COUNT_LIMIT * (1 + first.count(b":"))  # disks are added up
