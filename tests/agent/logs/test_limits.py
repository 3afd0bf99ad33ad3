from __future__ import annotations

from agent.logs.limits import DAY, DEFAULT


def test_a_log_may_be_a_day_late_and_is_bounded() -> None:
    assert DEFAULT.late == DAY
    assert 0 < DEFAULT.groups <= 100
    assert 0 < DEFAULT.rows <= 1 << 17
