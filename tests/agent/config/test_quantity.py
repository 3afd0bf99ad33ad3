from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.quantity import (
    PERIODS,
    Rate,
    parse_duration,
    parse_rate,
    parse_share,
    parse_size,
    period_of,
    show_duration,
    show_rate,
    show_share,
    show_size,
)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("250ms", 0.25),
        ("1.5 h", 5400),
        (" 10s ", 10),
        ("10", 10),
        (10, 10),
        (0.5, 0.5),
    ],
)
def test_durations_are_read_as_people_write_them(written: object, seconds: float) -> None:
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("16 MiB", 16 * 1024**2),
        ("16mib", 16 * 1024**2),
        ("500 KB", 500_000),
        ("500kB", 500_000),
        ("1.5 GiB", 3 * 512 * 1024**2),
        ("7 B", 7),
        ("7", 7),
        (7, 7),
        (7.9, 7),
    ],
)
def test_sizes_are_read_as_people_write_them(written: object, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written",
    [
        "",
        "s",
        "5 minuts",
        "1d12",
        "-5s",
        "1e3s",
        "1H",
        "٣s",
        True,
        None,
        [],
        {},
        float("nan"),
        float("inf"),
        2**65,
    ],
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(written)


@pytest.mark.parametrize(
    "written", ["", "MiB", "16M", "16 MeB", "-1 B", "1e3", True, None, [], float("nan"), 2**65]
)
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(written)


@given(st.floats(0.001, 1e9) | st.integers(1, 10**9).map(float))
def test_a_duration_is_shown_so_that_it_is_read_back(seconds: float) -> None:
    assert parse_duration(show_duration(seconds)) == pytest.approx(seconds, rel=1e-12)


@given(st.integers(0, 2**46) | st.integers(0, 2**20).map(lambda n: n * 1024**2))
def test_a_size_is_shown_so_that_it_is_read_back(size: int) -> None:
    assert parse_size(show_size(size)) == size


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(60, "60s"), (120, "2m"), (90, "90s"), (3600, "1h"), (5400, "90m"), (86400, "1d"), (0.1, "0.1s")],
)
def test_durations_are_shown_shortly(seconds: float, shown: str) -> None:
    assert show_duration(seconds) == shown


@pytest.mark.parametrize(
    ("written", "size", "seconds"),
    [
        ("50 MB/day", 50_000_000, 86_400),
        ("1MiB / hour", 1024**2, 3600),
        ("2 GB/month", 2 * 10**9, 31 * 86_400),
        ("2 GB / Month", 2 * 10**9, 31 * 86_400),
        ("7/day", 7, 86_400),
    ],
)
def test_rates_are_read_as_people_write_them(written: str, size: int, seconds: float) -> None:
    rate = parse_rate(written)
    assert (rate.size, rate.seconds) == (size, seconds)


@pytest.mark.parametrize(
    "written", ["", "/day", "50 MB", "50 MB/", "50 MB/week", "5/day/day", 50, None, True]
)
def test_what_is_no_rate_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_rate(written)


@given(st.integers(0, 2**46) | st.integers(0, 2**20).map(lambda n: n * 1000**2), st.sampled_from([*PERIODS]))
def test_a_rate_is_shown_so_that_it_is_read_back(size: int, per: str) -> None:
    assert parse_rate(show_rate(Rate(size, per))) == Rate(size, per)


def test_a_period_is_called_as_in_a_rate_or_else_by_its_length() -> None:
    assert [period_of(seconds) for seconds in PERIODS.values()] == [*PERIODS]
    assert period_of(7200.0) == "2h"


@pytest.mark.parametrize(("written", "share"), [("2 %", 0.02), ("2.5%", 0.025), (" 150 % ", 1.5)])
def test_shares_are_read_as_people_write_them(written: str, share: float) -> None:
    assert parse_share(written) == pytest.approx(share)


@pytest.mark.parametrize("written", ["", "%", "2", 0.02, 2, "-2 %", "1e3 %", "2 %%", None])
def test_what_is_no_share_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="not a share"):
        parse_share(written)


@given(st.integers(1, 10**6).map(lambda n: n / 10**5))
def test_a_share_is_shown_so_that_it_is_read_back(share: float) -> None:
    assert parse_share(show_share(share)) == pytest.approx(share, rel=1e-9)
