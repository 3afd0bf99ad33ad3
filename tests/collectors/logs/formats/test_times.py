from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.times import Near, moment

UTC = timezone.utc
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp()
NEAR = Near(UTC, NOW)
BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-10T21:50:03.478010Z", utc(2024, 12, 10, 21, 50, 3) + 0.478010),
        ("2024-05-30T21:41:47,098", utc(2024, 5, 30, 21, 41, 47) + 0.098),
        ("2024-04-13T02:03:49+0000", utc(2024, 4, 13, 2, 3, 49)),
        ("2024-04-13 02:03:49 +02:00", utc(2024, 4, 13, 0, 3, 49)),
        ("2024-04-13T02:03:49-0530", utc(2024, 4, 13, 7, 33, 49)),
        ("2025/07/01 - 18:00:09", utc(2025, 7, 1, 18, 0, 9)),
        ("23/Nov/2026:06:02:44 +0000", utc(2026, 11, 23, 6, 2, 44)),
        ("Nov  3 06:02:44", utc(2026, 11, 3, 6, 2, 44)),
        ("05-30 07:49:21", utc(2026, 5, 30, 7, 49, 21)),
        ("1002 21:58:57.891440", utc(2026, 10, 2, 21, 58, 57) + 0.891440),
        ("2016-12-31T23:59:60Z", utc(2016, 12, 31, 23, 59, 59)),
    ],
)
def test_servers_write_their_times_so(text: str, expected: float) -> None:
    assert moment(text, NEAR) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("value", [NOW, NOW * 1e3, NOW * 1e6, int(NOW) * 10**9, str(int(NOW)), f"{NOW:.3f}"])
def test_seconds_since_1970_in_any_common_unit(value: object) -> None:
    assert moment(value, NEAR) == pytest.approx(NOW)


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:61:00Z", "12", 12,
     -1, None,
     "0000-01-01T00:00:00Z", "2024-01-01T00:00:00+99:99", "9" * 60, "0.34.754.780"],
)  # fmt: skip
def test_what_is_no_time_is_none(value: object) -> None:
    assert moment(value, NEAR) is None


def test_a_time_without_a_year_is_the_latest_that_is_not_in_the_future() -> None:
    new_year = Near(UTC, utc(2026, 1, 1, 0, 5))
    assert moment("12-31 23:59:59", new_year) == utc(2025, 12, 31, 23, 59, 59)
    assert moment("01-01 00:04:00", new_year) == utc(2026, 1, 1, 0, 4)
    assert moment("0101 00:30:00", Near(UTC, utc(2025, 12, 31, 23, 50))) == utc(2026, 1, 1, 0, 30)
    assert moment("02-29 12:00:00", Near(UTC, utc(2026, 6, 1))) == utc(2024, 2, 29, 12)


def test_a_time_without_a_zone_is_local() -> None:
    assert moment("2026-07-01T12:00:00", Near(BERLIN, NOW)) == utc(2026, 7, 1, 10)
    assert moment("2026-01-01T12:00:00", Near(BERLIN, NOW)) == utc(2026, 1, 1, 11)


def test_in_the_hour_that_comes_twice_the_time_of_reading_decides() -> None:
    first, second = utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)
    assert moment("2026-10-25T02:30:00", Near(BERLIN, first + 1)) == first
    assert moment("2026-10-25T02:30:00", Near(BERLIN, second + 1)) == second


def test_in_the_hour_that_daylight_saving_skips_a_time_is_still_one() -> None:
    at = moment("2026-03-29T02:30:00", Near(BERLIN, utc(2026, 3, 29, 3)))
    assert at is not None
    assert abs(at - utc(2026, 3, 29, 1)) <= 3600


@given(st.text(max_size=60))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert moment(text, NEAR) is None or isinstance(moment(text, NEAR), float)


@given(st.integers(315_532_800, 4_102_444_800))
def test_iso_times_are_those_of_the_calendar(at: int) -> None:
    assert moment(datetime.fromtimestamp(at, UTC).isoformat(), NEAR) == at
