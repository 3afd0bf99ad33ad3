from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.thrift import (
    DAY,
    FREELY,
    HELD,
    HIGH,
    HOUR,
    LARGEST,
    LEAST,
    LOW,
    MOST,
    OWED,
    PIECE,
    Counted,
    Thrift,
)

MB = 1_000_000
MINUTE = 60.0


class Card:
    """A daemon that would like to commit each minute, `cost` bytes each time, of which the log keeps `part`
    until a checkpoint writes them once more."""

    def __init__(self, a_day: float, cost: int = 13_000, part: float = 0.0) -> None:
        self.thrift = Thrift(a_day)
        self.now = 1000.0
        self.total = 0
        self.cost = cost
        self.part, self.owed = part, 0
        self.commits: list[tuple[float, int]] = []
        self.thrift.look(self.now, Counted(0, None))

    def look(self, written: int = 0, device: int | None = None) -> None:
        self.total += written
        self.thrift.look(self.now, Counted(self.total, device, self.owed))

    def minutes(self, count: float, cost: int | None = None) -> None:
        for _ in range(int(count)):
            self.now += MINUTE
            self.look()
            if self.thrift.may_commit(self.now):
                self.commit(self.cost if cost is None else cost)

    def commit(self, cost: int) -> None:
        before = self.owed
        self.owed += int(self.part * cost)
        spent = cost
        if self.owed > OWED * self.thrift.a_day:
            spent, self.owed = cost + self.owed, 0
        self.look(spent)
        self.thrift.committed(self.now, spent + self.owed - before)
        self.commits.append((self.now, spent))

    def most_in_a_day(self) -> int:
        """The most that any 24 hours saw."""
        most, start, held = 0, 0, 0
        for at, spent in self.commits:
            held += spent
            while self.commits[start][0] <= at - DAY:
                held -= self.commits[start][1]
                start += 1
            most = max(most, held)
        return most


def test_what_is_within_the_budget_is_committed_each_minute() -> None:
    card = Card(50 * MB)
    card.minutes(3 * 1440)
    assert len(card.commits) == 3 * 1440
    assert not card.thrift.thrifty
    assert card.thrift.may_hurry()
    assert card.thrift.spent == pytest.approx(1440 * card.cost, rel=0.05)


def test_no_24_hours_see_more_than_the_budget_and_nearly_all_of_it_is_used() -> None:
    card = Card(5 * MB)
    card.minutes(5 * 1440)
    assert card.most_in_a_day() <= 5 * MB
    later = sum(spent for at, spent in card.commits if at > card.now - DAY)
    assert later > 0.7 * 5 * MB
    assert card.thrift.thrifty
    gaps = {round(b - a) for (a, _), (b, _) in zip(card.commits[-100:], card.commits[-99:], strict=False)}
    assert gaps <= {240, 300, 360}, "as far apart as what one costs asks for"


@pytest.mark.parametrize("a_day", [2 * MB, 4 * MB, 10 * MB, 50 * MB])
def test_a_checkpoint_that_writes_half_of_it_at_once_is_within_the_budget(a_day: float) -> None:
    card = Card(a_day, part=1.0)
    card.minutes(8 * 1440)
    assert max(spent for _, spent in card.commits) > OWED * a_day
    assert card.most_in_a_day() <= a_day
    gaps = [b - a for (a, _), (b, _) in zip(card.commits[100:], card.commits[101:], strict=False)]
    assert max(gaps) <= max(2 * sum(gaps) / len(gaps), 120), "none waits for the bucket to recover from one"


def test_after_a_crash_the_log_is_owed_once_and_a_store_that_was_closed_has_paid() -> None:
    first = Thrift(8 * MB)
    first.look(0.0, Counted(0, None))
    first.look(1.0, Counted(100_000, None, 200_000))
    assert first.left == pytest.approx(HELD * 8 * MB - 300_000, abs=100)
    for last, left in ((False, 300_000), (True, 500_000)):
        saved = first.state(1e9, last=last)
        assert saved is not None
        second = Thrift(8 * MB)
        second.restore(saved, 1e9)
        second.look(0.0, Counted(0, None, 200_000))
        assert second.left == pytest.approx(HELD * 8 * MB - left, abs=100)


def test_a_commit_waits_an_hour_at_most_however_short_the_budget_is() -> None:
    card = Card(1 * MB, cost=500_000)
    card.minutes(1440)
    gaps = [b - a for (a, _), (b, _) in zip(card.commits[5:], card.commits[6:], strict=False)]
    assert set(gaps) == {HOUR}
    assert card.thrift.most == 1


def test_what_there_is_not_enough_for_in_an_hour_is_halved_until_there_is() -> None:
    card = Card(1 * MB)
    seen = []
    for _ in range(3 * 1440):
        card.minutes(1, cost=5_000 + 5_000 * card.thrift.most)
        seen.append(card.thrift.most)
    assert card.most_in_a_day() <= 1 * MB + 85_000
    assert seen[0] == MOST
    assert set(seen[-1440:]) <= {4, 8}
    card.thrift = Thrift(50 * MB)
    card.minutes(60)
    assert card.thrift.most == MOST


def test_more_windows_share_a_commit_again_when_there_is_enough() -> None:
    card = Card(1 * MB, cost=500_000)
    card.minutes(600)
    assert card.thrift.most == 1
    card.minutes(5 * 1440, cost=1_000)
    assert card.thrift.most == MOST


def test_it_is_thrifty_from_half_empty_until_three_quarters_full() -> None:
    card = Card(8 * MB)
    size = HELD * 8 * MB
    card.look(int((1 - LOW) * size) - 1000)
    assert not card.thrift.thrifty
    card.look(2000)
    assert card.thrift.thrifty
    assert not card.thrift.may_hurry()
    assert card.thrift.may_commit(card.now)
    seen = []
    while card.thrift.thrifty:
        card.now += MINUTE
        card.look()
        seen.append(card.thrift.left / size)
    assert seen[-2] < HIGH <= seen[-1]


def test_merges_for_age_come_once_an_hour_while_it_is_short_of_what_is_left() -> None:
    card = Card(80 * MB)
    assert [card.thrift.merging(at * MINUTE) for at in range(3)] == [FREELY] * 3
    card.look(int(0.9 * HELD * 80 * MB))
    assert card.thrift.thrifty
    found = {at: size for at in range(3, 200) if (size := card.thrift.merging(at * MINUTE))}
    assert found == {at: int(card.thrift.left) for at in (62, 122, 182)}


@pytest.mark.parametrize("a_day", [8 * MB, 1 * MB])
def test_merges_that_there_is_not_enough_for_are_few_and_wait_a_day(a_day: float) -> None:
    card = Card(a_day)
    card.minutes(1)
    assert card.thrift.merging(card.now) == FREELY
    merged = card.now
    card.look(int(HELD * a_day))
    assert card.thrift.thrifty
    while not (size := card.thrift.merging(card.now)):
        card.now += MINUTE
        card.look(int(0.75 * a_day / 1440))  # as fast as the bucket fills
        assert card.now <= merged + DAY + MINUTE
    assert card.now - merged > DAY - MINUTE
    assert size == max(LEAST, PIECE * a_day)


def test_what_was_spent_is_known_after_a_restart_and_a_crash_loop_has_no_more_than_one_bucket() -> None:
    thrift, wall, spent = Thrift(8 * MB), 1e9, 0
    saved = b""
    for life in range(500):
        thrift = Thrift(8 * MB)
        thrift.restore(saved, wall + 5 * life)
        thrift.look(0.0, Counted(0, None))
        thrift.look(0.1, Counted(20_000, None))
        spent += 20_000
        state = thrift.state(wall + 5 * life)
        assert state is not None, "the first of a life is worth keeping"
        saved = state
    assert thrift.left < 0
    assert thrift.spent == spent


def test_time_that_it_was_off_fills_the_bucket_and_a_clock_that_went_back_does_not() -> None:
    thrift = Thrift(8 * MB)
    thrift.look(0.0, Counted(0, 0))
    thrift.look(1.0, Counted(900_000, 3_000_000))
    saved = thrift.state(1e9)
    assert saved is not None
    left = {}
    for off in (-1e6, 0.0, HOUR, 30 * DAY):
        fresh = Thrift(8 * MB)
        fresh.restore(saved, 1e9 + off)
        left[off] = round(fresh.left)
        assert fresh.spent == (900_000 if off < DAY else 0)
        assert fresh.device == (3_000_000 if off < DAY else 0)
    assert left[-1e6] == left[0.0] == pytest.approx(100_000, abs=200)
    assert left[HOUR] == pytest.approx(100_000 + 3 / 4 * 8 * MB / 24, abs=200)
    assert left[30 * DAY] == 1_000_000


def test_the_state_is_kept_when_it_says_something_new() -> None:
    card = Card(8 * MB)
    assert card.thrift.state(1e9) is not None
    card.look(100_000)
    assert card.thrift.state(1e9) is None
    assert card.thrift.state(1e9, last=True) is not None
    card.look(8 * MB // 64)
    assert card.thrift.state(1e9) is not None


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
    lambda value: json.dumps({"left": value, "at": value, "process": value, "device": value}).encode()
))  # fmt: skip
def test_what_is_no_state_begins_anew(saved: bytes) -> None:
    thrift = Thrift(8 * MB)
    thrift.restore(saved, 1e9)
    assert thrift.left == pytest.approx(HELD * 8 * MB)
    assert thrift.spent == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"left": float("nan")},
        {"at": float("inf")},
        {"process": []},
        {"process": [DAY, 0, [-1]]},
        {"device": [DAY, 0, []]},
        {"device": [DAY, 0, [float("inf")]]},
        {"left": int("9" * 400)},
        {"padding": "x" * LARGEST},
    ],
)
def test_a_state_with_impossible_numbers_begins_anew(fields: dict[str, object]) -> None:
    right = {"left": 5, "at": 1e9, "process": [DAY, 0, [1]], "device": [DAY, 0, [1]]}
    thrift = Thrift(8 * MB)
    thrift.restore(json.dumps(right).encode(), 1e9)
    assert (thrift.left, thrift.spent) == (5, 1)
    thrift = Thrift(8 * MB)
    thrift.restore(json.dumps({**right, **fields}).encode(), 1e9)
    assert thrift.spent == 0


def test_a_count_that_is_missing_or_goes_back_counts_nothing() -> None:
    thrift = Thrift(8 * MB)
    thrift.look(0.0, Counted(1000, None))
    assert thrift.look(1.0, Counted(None, 5000)) == Counted(None, None)
    assert thrift.look(2.0, Counted(3000, 6000)) == Counted(None, 1000)
    assert thrift.look(3.0, Counted(2000, 100)) == Counted(0, 0)
    assert (thrift.spent, thrift.device) == (0, 1000)


def test_days_of_changing_costs_stay_within_the_budget() -> None:
    chance = random.Random(4)
    for _ in range(20):
        a_day = chance.uniform(2, 30) * MB
        card = Card(a_day)
        for _ in range(30):
            card.minutes(chance.randrange(300), cost=chance.randrange(5_000, 60_000))
        assert card.most_in_a_day() <= a_day + 24 * 60_000
        assert max(b - a for (a, _), (b, _) in zip(card.commits, card.commits[1:], strict=False)) <= HOUR
