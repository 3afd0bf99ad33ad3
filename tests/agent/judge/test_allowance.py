from __future__ import annotations

from agent.judge.allowance import MOST, Allowance


def test_a_rule_tells_so_much_and_then_how_much_it_left_out() -> None:
    allowance = Allowance()
    allowance.renew(100.0)
    assert [allowance.take("a") for _ in range(MOST + 3)] == [0] * MOST + [None] * 3
    allowance.renew(160.0)
    assert [allowance.take("a"), allowance.take("a")] == [3, 0]


def test_a_rule_takes_nothing_from_another() -> None:
    allowance = Allowance()
    assert [allowance.take("a") for _ in range(MOST + 1)][-1] is None
    assert allowance.take("b") == 0


def test_windows_shorter_than_a_minute_share_it() -> None:
    allowance = Allowance()
    allowance.renew(100.0)
    assert [allowance.take("a") for _ in range(MOST + 1)][-1] is None
    for now in (110.0, 130.0, 158.9):
        allowance.renew(now)
        assert allowance.take("a") is None
    allowance.renew(159.5)
    assert allowance.take("a") == 4
