from __future__ import annotations

from agent.ship import protocol as p
from agent.ship.answers import Answers
from agent.ship.backoff import Backoff
from agent.ship.freight import MESSAGE_LIMIT
from agent.ship.lanes import Cargo
from agent.ship.unanswered import Sent
from tests.agent.ship.test_turn import Table


def made() -> tuple[Table, Answers]:
    table = Table()
    say = lambda *words: table.said.append(words)  # noqa: E731
    pause = Backoff(1.0, 100.0, lambda: 0.0)
    return table, Answers(table.freight, table.retained, table.turn, table.purse, pause, say)


def sent(size: int = 50_000) -> Sent:
    return Sent("data", size, Cargo(size), "live")


def test_without_a_subscriber_nothing_counts_as_delivered() -> None:
    table, answers = made()
    answers.positive(p.NO_SUBSCRIBERS, sent(), Cargo(10))
    assert table.retained.unheard
    answers.positive(0, sent(), Cargo(10))
    assert not table.retained.unheard


def test_a_message_that_is_too_large_makes_the_next_ones_smaller() -> None:
    table, answers = made()
    answers.negative(p.PACKET_TOO_LARGE, sent())
    assert table.freight.limit == 25_000 < MESSAGE_LIMIT
    assert [words[1:3] for words in table.said] == [
        ("failed", "packet_too_large"),
        ("shrunk", "packet_too_large"),
    ]


def test_a_refusal_of_the_moment_is_a_pause_and_one_of_the_rules_a_long_one() -> None:
    table, answers = made()
    answers.negative(0x97, sent())
    short = table.turn.quiet_until
    answers.negative(0x87, sent())
    assert table.turn.now < short < table.turn.quiet_until


def test_a_broker_that_closes_again_and_again_teaches_us_its_limit() -> None:
    table, answers = made()
    table.turn.unanswered.add(1, sent(40_000), 0.0)
    for _ in range(3):
        answers.suspect_size(told=False)
    assert table.freight.limit == 20_000
