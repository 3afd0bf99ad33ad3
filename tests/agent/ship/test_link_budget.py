"""The link with a byte budget: what goes, what waits, and how a device that does not stay comes and goes."""

from __future__ import annotations

import json

import pytest

from agent.ship import protocol as p
from agent.ship.alert import Alert
from agent.ship.budget import Allowance
from agent.ship.link import CONNECTING, LEAVING, ONLINE, RESTING, WAITING
from tests.agent.ship.bench import WALL, Bench, content, key, keys, messages, notices, only, statuses

DAY = 86_400.0
MODEST, FAIR = Allowance(200_000, DAY), Allowance(2_000_000, DAY)
HOT = Alert("d", "hot", "critical", "", "", "", 1.0, 1.0, ())


def bench(allowance: Allowance) -> Bench:
    return Bench(budget=allowance)


def spend(made: Bench, size: int) -> list[p.Command]:
    return made.tell(p.Spent(size))


def away(made: Bench) -> Bench:
    """It has connected, said what it had to say, and left."""
    made.flush(content())
    made.connect()
    made.answer_all()
    assert made.link.state == RESTING
    return made


def test_with_a_budget_no_message_goes_without_records() -> None:
    made = bench(FAIR)
    made.begin(content())
    assert messages(made.flush(after=60.0)) == []
    assert len(messages(made.flush(content(), after=60.0))) == 1


def test_no_window_is_sent_that_the_bucket_does_not_bear_and_it_goes_when_it_does() -> None:
    made = bench(FAIR)
    made.begin(content())
    spend(made, 100_000)
    commands = made.flush(content(), after=1.0)
    assert messages(commands) == []
    # Once for an ordinary message, and once for this one, when its size is known.
    for _ in range(2):
        wake = only(p.Wake, made.commands)[-1]
        assert wake.at is not None
        made.now = wake.at + 1.0
        commands = made.tell(p.Tick())
    assert keys(messages(commands)[0]) == [key(1)]
    assert made.now < 1100.0


def test_the_newest_window_goes_first_and_the_backlog_is_paced() -> None:
    """otel#12788, telegraf#14802: old data neither delay the newest nor flood the link."""
    made = bench(FAIR)
    made.begin(content())
    made.backlog(*[content(20_000, seed=n) for n in range(20)])
    first = made.flush(content(), after=60.0)
    assert keys(messages(first)[0]) == [key(21)]
    for _ in range(100):
        if made.load_asked():
            made.load()
        elif made.unanswered:
            sent = made.unanswered[0]
            spend(made, len(sent.payload) + 400)
            made.answer()
    sent_at_once = sum(len(each.payload) for each in only(p.Publish, made.commands))
    assert sent_at_once < 0.04 * FAIR.limit
    assert keys(messages(made.flush(content(), after=60.0))[0])[0] == key(22)


def test_an_alert_goes_at_once_even_from_an_empty_bucket() -> None:
    made = bench(FAIR)
    made.begin(content())
    spend(made, 100_000)
    sent = only(p.Publish, made.tell(p.Alerts({"hot": HOT}), after=1.0))
    assert [each.topic for each in sent] == ["outrider/v1/f/d/alert/hot"]


def test_when_even_the_overdraft_is_used_up_it_says_when_it_is_back_or_goes_without_a_word() -> None:
    made = bench(FAIR)
    made.begin(content())
    spend(made, 200_000)
    assert made.link.state == RESTING
    assert made.commands[-2:-1] == [p.Disconnect(clean=True)]
    made.tell(p.Alerts({"hot": HOT}))
    assert made.link.state == RESTING


def test_only_what_was_acknowledged_counts_as_sent_whatever_was_spent() -> None:
    """telegraf#14750: count only what was acknowledged."""
    made = bench(FAIR)
    made.flush(content())
    made.connect()
    spend(made, 2_000)
    assert made.outbox.settled() == []
    made.tell(p.Lost("reset", ""))
    spend(made, 500)
    account = made.link._purse.account
    assert account is not None
    assert account.spent == 2_500
    assert made.outbox.settled() == []


def test_a_device_below_a_megabyte_a_day_connects_sends_and_leaves() -> None:
    made = away(bench(MODEST))
    said = json.loads(statuses(made.commands)[-1].payload)
    assert said["state"] == "resting"
    assert said["until"] == pytest.approx(WALL + made.now + 2 * 64 * 60, abs=1)
    assert said["budget"] == {"limit": 200_000, "per": DAY, "spent": 0, "left": 200_000, "grain": 16}
    assert only(p.Disconnect, made.commands) == [p.Disconnect(clean=True)]
    assert len(statuses(made.commands)) == 1, "nothing else is said while it is there"
    resting = made.link._purse.resting
    assert resting is not None
    assert resting == pytest.approx(said["until"] - WALL, abs=1)
    made.now = resting + 1.0
    made.tell(p.Tick())
    assert made.link.state == CONNECTING
    assert made.link._purse.resting is None


def test_it_leaves_only_when_its_word_has_arrived() -> None:
    made = bench(MODEST)
    made.flush(content())
    made.connect()
    while made.link.state == ONLINE:
        made.answer()
    assert made.link.state == LEAVING
    assert only(p.Disconnect, made.commands) == []
    made.answer()
    assert made.link.state == RESTING


def test_it_stays_away_while_a_block_grows_and_comes_back_for_an_alert() -> None:
    made = away(bench(MODEST))
    for _ in range(5):
        assert only(p.Connect, made.flush(content(), after=60.0)) == []
    assert len(only(p.Connect, made.tell(p.Alerts({"hot": HOT}), after=5.0))) == 1
    sent = only(p.Publish, made.connect())
    assert sent[0].topic.endswith("alert/hot")


def test_it_comes_back_when_it_said_it_would() -> None:
    made = away(bench(MODEST))
    until = json.loads(statuses(made.commands)[-1].payload)["until"]
    made.now = until - WALL - 1.0
    assert only(p.Connect, made.tell(p.Tick())) == []
    made.now += 2.0
    assert len(only(p.Connect, made.tell(p.Tick()))) == 1


def test_it_comes_back_for_a_change_of_its_condition() -> None:
    made = away(bench(MODEST))
    assert len(only(p.Connect, made.tell(p.Condition(("disk full",))))) == 1
    made.connect()
    made.answer_all()
    said = json.loads(statuses(made.commands)[-1].payload)
    assert (said["state"], said["reasons"]) == ("resting", ["disk full"])


def test_a_broker_that_is_not_there_is_not_asked_for_more_than_the_budget() -> None:
    made = bench(MODEST)
    made.flush(content())
    for _ in range(1_000):
        made.tell(p.Refused("connection", "refused"))
        spend(made, 3_000)
        made.tell(p.Tick(), after=120.0)
        if made.link.state == WAITING:
            wake = only(p.Wake, made.commands)[-1].at
            assert wake is not None
            made.now = max(made.now, wake)
            made.tell(p.Tick())
        if made.now > DAY:
            break
    assert len(only(p.Connect, made.commands)) * 3_000 <= MODEST.limit


def test_a_change_of_the_grain_is_told_with_its_reason() -> None:
    made = bench(MODEST)
    commands = made.flush(content())
    assert [each for each in notices(commands) if each[1] == "grain"] == [("info", "grain", "short")]
    assert made.outbox.grain == 16


def test_coming_and_going_is_no_news_for_the_journal() -> None:
    made = away(bench(MODEST))
    made.tell(p.Alerts({"hot": HOT}), after=60.0)
    assert ("debug", "connected", "mqtt5") in notices(made.connect())


def test_a_device_that_stays_says_how_long_it_may_be_silent() -> None:
    made = bench(FAIR)
    said = json.loads(statuses(made.begin(content()))[0].payload)
    assert said["state"] == "online"
    assert said["every"] == 2 * 2 * 60.0


def test_messages_are_no_larger_than_the_bucket_bears() -> None:
    made = bench(FAIR)
    made.flush(content(150_000))
    made.connect()
    for _ in range(50):
        if not made.unanswered:
            break
        made.answer()
    sizes = [len(each.payload) for each in only(p.Publish, made.commands)]
    assert len(sizes) > 2
    assert max(sizes) <= FAIR.message


def test_a_daemon_that_starts_again_and_again_connects_only_as_the_bucket_bears() -> None:
    """What its former lives have spent counts: each start took a connection, whatever was left."""
    made = bench(MODEST)
    spend(made, 50_000)
    assert only(p.Connect, made.flush(content())) == []
    assert made.link.state == WAITING
    wake = only(p.Wake, made.commands)[-1]
    assert wake.at is not None
    made.now = wake.at + 1.0
    assert len(only(p.Connect, made.tell(p.Tick()))) == 1


def test_an_epoch_that_a_sink_asks_for_is_not_connected_for_beyond_the_budget() -> None:
    made = bench(FAIR)
    made.begin(content())
    spend(made, 136_000)
    assert made.link.state == ONLINE
    made.epoch, made.next = 2, 0
    commands = made.flush(content())
    assert only(p.Disconnect, commands) == [p.Disconnect(clean=False)]
    assert only(p.Connect, commands) == []
    assert made.link.state == WAITING


@pytest.mark.parametrize("state", [CONNECTING, LEAVING])
def test_a_far_side_that_floods_is_cut_off_before_it_has_answered(state: int) -> None:
    made = bench(MODEST)
    made.flush(content())
    if state == LEAVING:
        made.connect()
        while made.link.state != LEAVING:
            made.answer()
    assert made.link.state == state
    assert only(p.Disconnect, spend(made, 1_000)) == []
    assert only(p.Disconnect, spend(made, 30_000)) == [p.Disconnect(clean=False)]
    assert made.link.state == WAITING
