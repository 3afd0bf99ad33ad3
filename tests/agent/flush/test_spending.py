from __future__ import annotations

from agent.flush.spending import put_down, remember
from agent.ship.budget import Allowance
from agent.ship.purse import LINK, Purse
from collectors.tally import Tally

ALLOWANCE = Allowance(1_000_000, 86_400.0)


def test_without_a_budget_nothing_is_put_down() -> None:
    tally = Tally()
    assert put_down(Purse(), tally) == {}
    assert tally.snapshot() == []


def test_spent_left_and_grain_are_numbers_of_ours_and_known_to_the_next_life() -> None:
    tally, told = Tally(), []
    before, after = Purse(ALLOWANCE, boot="b"), Purse(ALLOWANCE, boot="b")
    before.advance(1.0)
    before.spend(5_000)
    kept = put_down(before, tally)
    assert {each.name: each.value for each in tally.snapshot()} == {
        "outrider.ship.budget.left": 995_000,
        "outrider.ship.budget.spent": 5_000,
        "outrider.ship.budget.grain": 1,
    }
    remember(after, kept, 1.0, lambda *words: told.append(words))
    assert after.account is not None
    assert after.account.spent == 10_000
    assert told == []


def test_a_state_that_cannot_be_read_is_told() -> None:
    told = []
    remember(Purse(ALLOWANCE), {LINK: b"?"}, 1.0, lambda *words: told.append(words))
    assert [words[0] for words in told] == ["ship.budget"]
    remember(Purse(ALLOWANCE), {}, 1.0, lambda *words: told.append(words))
    assert len(told) == 1
