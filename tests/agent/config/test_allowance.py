from __future__ import annotations

import re

import pytest

from agent.config.allowance import Allowance
from agent.config.fault import Refused
from agent.config.quantity import PERIODS, Rate

FORM = Allowance(100_000, 10**12)


@pytest.mark.parametrize("period", PERIODS)
def test_a_budget_is_a_size_and_a_period(period: str) -> None:
    assert FORM.read(f"2 MB/{period}") == Rate(2_000_000, period)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("99 KB/day", "too small"),
        ("2 TB/day", "too large"),
        ("10 MB", "no budget"),
        ("10 MB/week", "no budget"),
        ("MB/day", "no budget"),
        (10_000_000, "no budget"),
        ("", "no budget"),
    ],
)
def test_what_is_no_budget_is_refused(written: object, reason: str) -> None:
    with pytest.raises(Refused) as raised:
        FORM.read(written)
    assert reason in raised.value.refusals[0].reason
    assert "10 MB/day" in raised.value.refusals[0].allowed


def test_daily_bounds_are_of_what_it_comes_to_in_a_day() -> None:
    form = Allowance(10**6, 10**9, daily=True)
    assert form.read("100 KB/hour") == Rate(100_000, "hour")
    assert form.read("31 MB/month") == Rate(31_000_000, "month")
    for written, reason in (("40 KB/hour", "small"), ("30 MB/month", "small"), ("2 GB/day", "large")):
        with pytest.raises(Refused, match=f"too {reason}"):
            form.read(written)


def test_it_may_be_empty_where_there_may_be_none() -> None:
    form = Allowance(1, 10, none=True)
    assert form.read("") is None
    assert form.allowed().endswith("or empty for none")
    assert "empty" not in FORM.allowed()


def test_no_calendar_month_is_longer_than_ours() -> None:
    assert PERIODS["month"] == 31 * PERIODS["day"]


def test_it_is_shown_as_tariffs_write_it() -> None:
    assert FORM.show(Rate(200_000, "day")) == '"200 KB/day"'
    assert FORM.show(Rate(3 * 2**20, "month")) == '"3 MiB/month"'


@pytest.mark.parametrize("none", [True, False])
def test_the_schema_takes_what_it_shows_and_none_where_there_may_be_none(none: bool) -> None:
    pattern = str(Allowance(1, 10**9, none=none).schema()["pattern"])
    assert re.match(pattern, "10 MB/day")
    assert bool(re.match(pattern, "")) is none
    assert not re.match(pattern, "10 MB/week")
