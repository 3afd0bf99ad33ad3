"""The link's state table: what it answers when nothing is wrong."""

from __future__ import annotations

import json

import pytest

from agent.ship import protocol as p
from agent.ship.ack import encode_ack
from agent.ship.link import ENDED
from agent.ship.records import Ack, Held, Key
from tests.agent.ship.bench import (
    EPOCH,
    Bench,
    ack,
    content,
    key,
    keys,
    messages,
    notices,
    only,
    statuses,
    stone,
)

DATA = "outrider/v1/f/d/data"
STATUS = "outrider/v1/f/d/status"
ACKS = "outrider/v1/f/d/ack/s"


def word(sent: p.Publish | p.Connect) -> dict:
    return json.loads(sent.payload if isinstance(sent, p.Publish) else sent.will)


def test_nothing_happens_before_the_first_flush() -> None:
    bench = Bench()
    told: list[p.Event] = [
        p.Tick(),
        p.Condition(("disk_full",)),
        p.Connected(),
        p.Received(ACKS, b""),
        p.Puback(1),
    ]
    assert [bench.tell(event) for event in told] == [[]] * len(told)


def test_the_first_flush_connects_with_a_will_of_the_session() -> None:
    connect = only(p.Connect, Bench().flush(content()))[0]
    assert (connect.protocol, connect.will_topic) == (5, STATUS)
    assert (word(connect)["state"], word(connect)["session"]) == ("offline", [EPOCH, 1])


def test_a_flush_that_failed_connects_nothing() -> None:
    bench = Bench()
    assert bench.tell(p.Flushed({})) == []


def test_online_it_subscribes_says_so_and_sends_the_flush() -> None:
    bench = Bench(sink="s")
    bench.flush(content())
    commands = bench.connect()
    assert only(p.Subscribe, commands) == [p.Subscribe(ACKS)]
    status, data = only(p.Publish, commands)
    assert (status.topic, status.retain, word(status)["state"]) == (STATUS, True, "online")
    assert word(status)["session"] == [EPOCH, 1]
    assert (data.topic, data.retain) == (DATA, False)
    assert keys(messages(commands)[0]) == [key(0)]


def test_without_a_sink_nothing_is_subscribed() -> None:
    bench = Bench()
    bench.flush(content())
    assert only(p.Subscribe, bench.connect()) == []


def test_the_puback_confirms_where_the_brokers_word_counts() -> None:
    bench = Bench()
    bench.begin(content())
    assert [name for name, _ in bench.outbox.settled()] == [key(0)]


def test_a_flush_without_records_sends_its_claims() -> None:
    bench = Bench(sink="s")
    bench.begin(content())
    message = messages(bench.flush())[0]
    assert (message.parts, message.open, message.pending) == ((), (key(0),), ())
    assert message.epochs[0].id == EPOCH


def test_messages_are_numbered_and_dated() -> None:
    bench = Bench()
    bench.begin(content())
    first = messages(bench.flush())[0]
    bench.answer_all()
    second = messages(bench.flush(after=60.0))[0]
    assert second.seq == first.seq + 1
    assert second.sent == pytest.approx(first.sent + 60.0)
    assert second.session == (EPOCH, 1)


def test_no_more_publishes_than_the_window() -> None:
    bench = Bench(in_flight=3)
    bench.backlog(*[content(60_000, seed=n) for n in range(9)])
    bench.flush(content())
    bench.connect()
    bench.load()
    for _ in range(30):
        assert len(bench.unanswered) <= 3
        bench.answer()
        if bench.load_asked():
            bench.load()
        if not bench.unanswered:
            break
    assert len(bench.sent()) == 10


def test_the_brokers_receive_maximum_narrows_the_window() -> None:
    bench = Bench(in_flight=4)
    bench.flush(content())
    bench.connect(receive_maximum=1)
    assert [sent.topic for sent in bench.unanswered] == [STATUS]
    bench.answer()
    assert [sent.topic for sent in bench.unanswered] == [DATA]


def test_the_backlog_is_loaded_and_packed() -> None:
    bench = Bench()
    bench.backlog(*[content(200, seed=n) for n in range(50)])
    bench.flush(content())
    load = only(p.Load, bench.connect())[0]
    assert [row.key for row in load.rows] == [key(n) for n in range(50)]
    commands = bench.load()
    assert [keys(message) for message in messages(commands)] == [[key(n) for n in range(50)]]
    assert all(len(sent.payload) <= 100_000 for sent in only(p.Publish, commands))


def test_a_large_record_travels_in_parts_and_counts_after_the_last_puback() -> None:
    bench = Bench(in_flight=8)
    bench.flush(content(250_000))
    sent = [sent for sent in only(p.Publish, bench.connect()) if sent.topic == DATA]
    parts = [part for message in messages(sent) for part in message.parts]
    assert len(sent) > 1
    assert all(len(each.payload) <= 100_000 for each in sent)
    assert [part.offset for part in parts] == [sum(len(p.data) for p in parts[:n]) for n in range(len(parts))]
    assert sum(len(part.data) for part in parts) == parts[0].total
    assert len({part.crc for part in parts}) == 1
    while bench.unanswered:
        assert bench.sent() == []
        bench.answer()
    assert bench.sent() == [key(0)]


@pytest.mark.parametrize("most", [2_000, 5_000, 40_000])
def test_no_message_is_larger_than_the_broker_takes(most: int) -> None:
    bench = Bench(in_flight=1)
    bench.backlog(*[content(900, seed=n) for n in range(30)], content(30_000))
    bench.flush(content(3_000, seed=99))
    bench.connect(maximum_packet_size=most)
    bench.answer_all()
    assert len(bench.sent()) == 32
    packets = [len(each.payload) + len(each.topic) + 12 for each in only(p.Publish, bench.commands)]
    assert max(packets) <= most


def test_a_fresh_flush_goes_before_the_queued_backlog() -> None:
    bench = Bench(in_flight=1)
    bench.backlog(*[content(50_000, seed=n) for n in range(6)])
    bench.flush(content())
    bench.connect()
    bench.answer()
    bench.answer()
    bench.load()
    assert keys(messages(bench.unanswered)[0])[0] == key(0)
    bench.flush(content(seed=5))
    message = messages(bench.answer())[0]
    assert keys(message) == [key(7)]


def test_while_the_window_is_full_flushes_fold_into_one_message() -> None:
    bench = Bench(in_flight=1)
    bench.begin(content())
    bench.flush(content())
    assert messages(bench.flush(content())) == []
    message = messages(bench.answer())[0]
    assert keys(message) == [key(2)]
    bench.answer_all()
    assert len(bench.sent()) == 3


def test_tombstones_of_the_store_ride_along() -> None:
    bench = Bench()
    bench.begin(content())
    bench.next += 1
    bench.commit([stone(1)])
    message = messages(bench.tell(p.Flushed({})))
    assert [each.tombstones for each in message] == [(), (stone(1).tombstone,)]
    bench.answer_all()
    assert key(1) in bench.sent()


def test_an_acknowledgement_settles() -> None:
    bench = Bench(sink="s")
    bench.begin(content())
    assert bench.outbox.settled() == []
    assert bench.tell(p.Received(ACKS, encode_ack(ack([(0, 0)])))) == []
    assert [name for name, _ in bench.outbox.settled()] == [key(0)]


def test_a_wanted_row_that_the_outbox_does_not_know_is_looked_up_and_sent_at_once() -> None:
    bench = Bench(sink="s")
    bench.begin(content(), content())
    bench.tell(p.Received(ACKS, encode_ack(ack([(0, 1)]))))
    bench.commit(removed=[key(0), key(1)])
    want = p.Received(ACKS, encode_ack(ack(want=[Key(EPOCH, "windows", 0, 1)])))
    commands = bench.tell(want, after=5.0)
    wanted = only(p.Lookup, commands)[0].wanted
    assert wanted == Key(EPOCH, "windows", 0, 1)
    row = bench.stored[key(0)][0]._replace(confirmed=True)
    assert [r.key for r in only(p.Load, bench.tell(p.Found(wanted, [row])))[0].rows] == [key(0)]
    message = messages(bench.load())[0]
    assert (keys(message), [each.key for each in message.tombstones]) == ([key(0)], [key(1)])


def test_the_lookups_of_one_acknowledgement_are_bounded() -> None:
    bench = Bench(sink="s")
    bench.begin(*[content(seed=n) for n in range(100)])
    bench.commit(removed=list(bench.stored))
    wants = [key(n) for n in range(0, 100, 2)]
    assert len(only(p.Lookup, bench.tell(p.Received(ACKS, encode_ack(ack(want=wants)))))) == 32


def test_a_sink_that_knows_more_than_we_gave_makes_a_fresh_epoch_and_says_it_once() -> None:
    bench = Bench(sink="s")
    bench.begin(content())
    ahead = p.Received(ACKS, encode_ack(ack([(0, 9)])))
    assert only(p.FreshEpoch, bench.tell(ahead)) == [p.FreshEpoch()]
    assert only(p.FreshEpoch, bench.tell(ahead, after=700.0)) == []


def test_whoever_always_knows_more_than_we_gave_cannot_make_an_epoch_of_each_flush() -> None:
    bench = Bench(sink="s")
    bench.begin(content())
    bench.answer_all()
    asked = 0
    for minute in range(30):
        said = Ack("s", (Held(bench.epoch, "windows", ((0, 99),), (), None),), ())
        asked += len(only(p.FreshEpoch, bench.tell(p.Received(ACKS, encode_ack(said)), after=60.0)))
        bench.epoch, bench.next = 100 + minute, 0
        bench.flush(content())
        bench.connect()
        bench.answer_all()
    assert asked == 3


def test_wants_are_heeded_once_a_minute_and_what_is_held_each_time() -> None:
    bench = Bench(sink="s")
    bench.begin(content(), content())
    bench.answer_all()
    want = p.Received(ACKS, encode_ack(ack(want=[key(0)])))
    assert [row.key for row in only(p.Load, bench.tell(want))[0].rows] == [key(0)]
    bench.load()
    bench.answer_all()
    assert bench.tell(want, after=30.0) == []
    bench.tell(p.Received(ACKS, encode_ack(ack([(1, 1)], want=[key(0)]))), after=10.0)
    assert [name for name, _ in bench.outbox.settled()] == [key(1)]
    assert [row.key for row in only(p.Load, bench.tell(want, after=30.0))[0].rows] == [key(0)]


def test_a_flood_of_acknowledgements_is_counted_and_not_read() -> None:
    bench = Bench(sink="s")
    bench.begin(content())
    bench.tell(p.Received(ACKS, b"\xc1"))
    said = only(p.Notice, bench.tell(p.Received(ACKS, encode_ack(ack([(0, 0)]))), after=0.1))
    assert [(each.level, each.reason) for each in said] == [("debug", "too_often")]
    assert bench.outbox.settled() == []


def test_a_new_epoch_gets_a_session_of_its_own() -> None:
    bench = Bench()
    bench.begin(content())
    bench.epoch, bench.next = 78, 0
    commands = bench.flush(content())
    assert only(p.Disconnect, commands) == [p.Disconnect(clean=False)]
    assert word(only(p.Connect, commands)[0])["session"] == [78, 1]
    message = messages(bench.connect())[0]
    assert (message.session, message.seq, keys(message)) == ((78, 1), 0, [key(0, epoch=78)])


def test_a_change_of_condition_is_said_at_once_and_an_old_status_again_with_a_flush() -> None:
    bench = Bench(status_every=900.0)
    bench.begin(content())
    degraded = statuses(bench.tell(p.Condition(("disk_full",))))
    assert [(word(each)["state"], word(each)["reasons"]) for each in degraded] == [
        ("degraded", ["disk_full"])
    ]
    bench.answer_all()
    assert statuses(bench.flush(after=800.0)) == []
    bench.answer_all()
    assert len(statuses(bench.flush(after=101.0))) == 1


def test_plain_json_sends_a_text_a_message_and_counts_the_row_after_the_last() -> None:
    bench = Bench(json=True, in_flight=2)
    bench.flush(content(300))
    texts = [sent for sent in only(p.Publish, bench.connect()) if sent.topic == DATA]
    assert all(isinstance(json.loads(sent.payload), dict) for sent in texts)
    bench.answer_all()
    assert bench.sent() == [key(0)]


def test_plain_json_has_no_claims_and_no_word_for_losses() -> None:
    bench = Bench(json=True)
    bench.begin(content())
    bench.next += 1
    bench.commit([stone(1)])
    assert only(p.Publish, bench.tell(p.Flushed({}))) == []
    assert key(1) in bench.sent()


def test_the_end_sends_the_last_flush_and_the_offline_status() -> None:
    bench = Bench()
    bench.begin(content())
    bench.flush(content())
    assert only(p.Publish, bench.tell(p.Stopping(3.0))) == []
    goodbye = bench.answer()
    assert [word(each)["state"] for each in statuses(goodbye)] == ["offline"]
    commands = bench.answer()
    assert only(p.Disconnect, commands) == [p.Disconnect(clean=True)]
    assert isinstance(commands[-1], p.Ended)
    assert bench.link.state == ENDED
    assert bench.sent() == [key(0), key(1)]


def test_the_end_does_not_wait_for_the_backlog() -> None:
    bench = Bench(in_flight=1)
    bench.backlog(*[content(60_000, seed=n) for n in range(5)])
    bench.flush(content())
    bench.connect()
    bench.answer()
    bench.answer()
    bench.load()
    bench.tell(p.Stopping(3.0))
    assert [word(each)["state"] for each in statuses(bench.answer())] == ["offline"]


@pytest.mark.parametrize("connected", [False, True])
def test_the_end_is_at_once_without_a_connection(connected: bool) -> None:
    bench = Bench()
    if connected:
        bench.flush(content())
    assert only(p.Ended, bench.tell(p.Stopping(3.0))) != []


def test_at_the_end_of_the_grace_a_mute_broker_is_left() -> None:
    bench = Bench()
    bench.begin(content())
    bench.flush(content())
    bench.tell(p.Stopping(3.0))
    commands = bench.tell(p.Tick(), after=3.0)
    assert [word(each)["state"] for each in statuses(commands)] == ["offline"]
    assert only(p.Disconnect, commands) == [p.Disconnect(clean=True)]
    assert isinstance(commands[-1], p.Ended)


def test_with_the_window_full_the_will_says_offline() -> None:
    bench = Bench(in_flight=1)
    bench.begin(content())
    bench.flush(content())
    bench.tell(p.Stopping(3.0))
    commands = bench.tell(p.Tick(), after=3.0)
    assert (only(p.Publish, commands), only(p.Disconnect, commands)) == ([], [p.Disconnect(clean=False)])


def test_garbage_on_the_acknowledgement_topic_is_counted_and_ignored() -> None:
    bench = Bench(sink="s")
    bench.begin(content())
    for payload in (b"", b"\xc1", b"\x93\x01", encode_ack(ack(sink="other"))):
        assert [name for _, name, _ in notices(bench.tell(p.Received(ACKS, payload)))] == ["strange"]
    assert notices(bench.tell(p.Received("outrider/v1/f/d/ack/x", b"")))[0][0] == "debug"
