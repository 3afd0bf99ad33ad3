from __future__ import annotations

import pytest

from agent.ship.budget import Allowance, Saved
from agent.ship.purse import CONNECTION, Purse

DAY = 86_400.0
MODEST = Allowance(200_000, DAY)


def test_without_an_allowance_all_is_affordable_and_nothing_is_kept() -> None:
    purse = Purse()
    purse.advance(1.0)
    purse.spend(10**12)
    purse.sent(10**9)
    assert purse.affords("samples", 10**9, connect=True)
    assert (purse.when("live", 5.0), purse.grain, purse.save(), purse.account) == (5.0, 1, None, None)
    assert not purse.rests
    assert not purse.exhausted


def test_what_connections_cost_is_learnt() -> None:
    purse = Purse(MODEST)
    for _ in range(12):
        purse.connecting()
        purse.spend(2_000)
        purse.connected()
        purse.spend(1_500)
    assert 2_000 <= purse.connection < 2_010 < CONNECTION


def test_a_new_connection_counts_beside_the_message() -> None:
    purse = Purse(MODEST)
    purse.advance(0.0)
    purse.spend(8_000)
    assert purse.affords("live", 500)
    assert not purse.affords("live", 500, connect=True)
    assert purse.when("live", 0.0, 500, connect=True) > 0.0


def test_what_was_on_its_way_is_no_longer_reserved_when_the_connection_is_gone() -> None:
    purse = Purse(MODEST)
    purse.sent(9_000)
    assert not purse.affords("live", 1_000)
    purse.cut()
    assert purse.affords("live", 1_000)


def test_the_overdraft_is_the_end() -> None:
    purse = Purse(MODEST)
    purse.spend(10_000 + 3_999)
    assert not purse.exhausted
    purse.spend(1)
    assert purse.exhausted


def test_it_goes_on_where_the_last_life_was() -> None:
    before, after = Purse(MODEST, boot="b"), Purse(MODEST, boot="b")
    before.advance(10.0)
    before.spend(3_000)
    state = before.save()
    assert state is not None
    after.restore(state, 10.0)
    assert after.account == Saved.load(state).account._replace(spent=6_000, left=194_000)


def test_a_state_that_cannot_be_read_counts_as_all_spent() -> None:
    purse = Purse(MODEST)
    with pytest.raises(ValueError, match="no state"):
        purse.restore(b"{}", 1.0)
    assert not purse.affords("live", 1)


def test_it_promises_to_be_heard_within_two_grains() -> None:
    purse = Purse(MODEST, span=60.0)
    purse.choose(0)
    assert purse.silence == 2 * 64 * 60.0
