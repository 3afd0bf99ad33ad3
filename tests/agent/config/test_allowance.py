from __future__ import annotations

import pytest

from agent.config.allowance import PERIODS, Allowance, Bytes
from agent.config.fault import Refused

FORM = Allowance(100_000, 10**12)


@pytest.mark.parametrize("period", PERIODS)
def test_a_budget_is_a_size_and_a_period(period: str) -> None:
    assert FORM.read(f"2 MB/{period}") == Bytes(2_000_000, PERIODS[period])


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("99 KB/day", "too small"),
        ("2 TB/day", "too large"),
        ("10 MB", "no budget"),
        ("10 MB/week", "no budget"),
        ("MB/day", "no budget"),
        (10_000_000, "no budget"),
    ],
)
def test_what_is_no_budget_is_refused(written: object, reason: str) -> None:
    with pytest.raises(Refused) as raised:
        FORM.read(written)
    assert reason in raised.value.refusals[0].reason
    assert "10 MB/day" in raised.value.refusals[0].allowed


def test_no_calendar_month_is_longer_than_ours() -> None:
    assert PERIODS["month"] == 31 * PERIODS["day"]


def test_it_is_shown_as_tariffs_write_it() -> None:
    assert FORM.show(Bytes(200_000, PERIODS["day"])) == '"200 KB/day"'
    assert FORM.show(Bytes(3 * 2**20, PERIODS["month"])) == '"3 MiB/month"'
