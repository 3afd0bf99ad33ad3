"""The link's state table: what it answers to each failure."""

from __future__ import annotations

import json

import pytest

from agent.ship import protocol as p
from agent.ship.records import Key
from tests.agent.ship.bench import EPOCH, Bench, content, key, keys, messages, notices, only, statuses

LOST = p.Lost("closed", "the connection to the broker is lost: closed")
REFUSED = p.Refused("connection", "the broker cannot be reached: Connection refused")


def wake(bench: Bench) -> float | None:
    """The moment the link asked for last."""
    return only(p.Wake, bench.commands)[-1].at


def wait(bench: Bench) -> float:
    """Seconds until the moment the link asked for last."""
    at = wake(bench)
    assert at is not None
    return at - bench.now


def sleep(bench: Bench) -> list[p.Command]:
    """Let the clock run to the moment the link asked for."""
    return bench.tell(p.Tick(), after=wait(bench))


# --- connecting


def test_waits_grow_up_to_the_longest() -> None:
    bench = Bench(backoff_min=1.0, backoff_max=60.0)
    bench.flush(content())
    waits = []
    for _ in range(12):
        bench.tell(REFUSED)
        waits.append(wait(bench))
        sleep(bench)
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(1.5)
    assert waits[-1] == pytest.approx(30.5)


def test_a_connack_alone_does_not_shorten_the_waits_but_a_puback_does() -> None:
    bench = Bench()
    bench.flush(content())
    waits = []
    for _ in range(5):
        bench.connect()
        bench.answer()
        bench.tell(LOST)
        waits.append(wait(bench))
        sleep(bench)
    assert waits == sorted(waits)
    assert waits[-1] > 8 * waits[0]
    bench.connect()
    bench.answer_all()
    bench.tell(LOST)
    assert wait(bench) == waits[0]


def test_a_failure_that_time_will_not_mend_waits_long_and_says_so_once() -> None:
    bench = Bench(backoff_max=120.0)
    bench.flush(content())
    refused = p.Refused("bad_password", "the broker refused the connection: bad password", final=True)
    assert notices(bench.tell(refused)) == [("error", "refused", "bad_password")]
    assert 60.0 <= wait(bench) <= 120.0
    sleep(bench)
    assert notices(bench.tell(refused)) == [("debug", "refused", "bad_password")]


def test_a_broker_that_does_not_know_the_version_gets_the_older_one_from_then_on() -> None:
    bench = Bench()
    bench.flush(content())
    commands = bench.tell(p.Refused("unsupported", "protocol version", final=False, unsupported=True))
    assert only(p.Connect, commands)[0].protocol == 4
    bench.connect()
    bench.tell(LOST)
    assert only(p.Connect, sleep(bench))[0].protocol == 4


def test_a_version_that_was_set_is_never_changed() -> None:
    bench = Bench(protocol=5)
    bench.flush(content())
    commands = bench.tell(p.Refused("unsupported", "protocol version", final=False, unsupported=True))
    assert only(p.Connect, commands) == []
    assert only(p.Connect, sleep(bench))[0].protocol == 5


def test_versions_take_turns_while_the_broker_closes_and_the_accepted_one_stays() -> None:
    bench = Bench()
    bench.flush(content())
    spoken = []
    for _ in range(3):
        bench.tell(LOST)
        spoken.append(only(p.Connect, sleep(bench))[0].protocol)
    assert spoken == [4, 5, 4]
    bench.connect()
    bench.tell(LOST)
    sleep(bench)
    bench.tell(LOST)
    assert only(p.Connect, sleep(bench))[0].protocol == 4


def test_a_broker_that_never_answers_connect_is_given_up() -> None:
    bench = Bench(connect_timeout=15.0)
    bench.flush(content())
    assert wait(bench) == 15.0
    commands = sleep(bench)
    assert only(p.Disconnect, commands) == [p.Disconnect(clean=False)]
    assert notices(commands) == [("warning", "lost", "no_connack")]
    assert len(only(p.Connect, sleep(bench))) == 1


def test_flushes_while_the_broker_is_away_send_nothing_and_come_with_the_connection() -> None:
    bench = Bench()
    bench.flush(content())
    bench.tell(REFUSED)
    for n in range(5):
        assert only(p.Publish, bench.flush(content(seed=n))) == []
    sleep(bench)
    bench.connect()
    bench.answer_all()
    assert sorted(bench.sent()) == [key(n) for n in range(6)]
    assert keys(messages(bench.commands)[0]) == [key(5)], "live first"


# --- a connection that fails


def test_what_was_in_flight_is_sent_again_in_a_new_session() -> None:
    """paho.mqtt.python#223, #634: the client keeps nothing; a row leaves the spool on its PUBACK only."""
    bench = Bench()
    bench.flush(content())
    bench.connect()
    bench.tell(LOST)
    assert bench.outbox.claims().pending == (key(0),)
    sleep(bench)
    message = messages(bench.connect())[0]
    assert (message.session, keys(message)) == ((EPOCH, 2), [key(0)])


def test_an_answer_of_an_earlier_connection_means_nothing() -> None:
    bench = Bench()
    bench.flush(content())
    bench.connect()
    old = bench.unanswered[-1].token
    bench.tell(LOST)
    sleep(bench)
    bench.connect()
    bench.tell(p.Puback(old))
    assert bench.sent() == []


def test_a_mute_broker_is_given_up() -> None:
    """system_sensors#61, lnxlink#168: the age of the last acknowledgement is watched, not the socket."""
    bench = Bench(ack_timeout=30.0)
    bench.begin(content())
    bench.flush(content())
    assert wait(bench) == 30.0
    commands = sleep(bench)
    assert only(p.Disconnect, commands) == [p.Disconnect(clean=False)]
    assert notices(commands) == [("warning", "lost", "no_puback")]


def test_a_slow_broker_is_not_given_up_while_it_answers_in_turn() -> None:
    bench = Bench(ack_timeout=30.0, in_flight=4)
    bench.backlog(*[content(60_000, seed=n) for n in range(8)])
    bench.flush(content())
    bench.connect()
    bench.load()
    while bench.unanswered:
        bench.now += 29.0
        bench.answer()
        if bench.load_asked():
            bench.load()
    assert only(p.Disconnect, bench.commands) == []
    assert len(bench.sent()) == 9


def test_a_publish_that_is_passed_over_is_noticed() -> None:
    bench = Bench(ack_timeout=30.0)
    bench.flush(content())
    bench.connect()
    bench.now += 20.0
    bench.tell(p.Puback(bench.unanswered[-1].token))
    assert only(p.Disconnect, bench.tell(p.Tick(), after=10.0)) == [p.Disconnect(clean=False)]


def test_two_devices_of_one_name_throw_each_other_out_slowly() -> None:
    bench = Bench(backoff_max=120.0)
    bench.begin(content())
    bench.tell(p.Lost("closed", "session taken over", 0x8E))
    assert wait(bench) >= 60.0


def test_a_name_in_use_is_said_once_where_the_broker_does_not_say_why_it_hangs_up() -> None:
    bench = Bench(backoff_max=40.0)
    bench.flush(content())
    waits, said = [], []
    for _ in range(6):
        bench.connect()
        bench.answer_all()
        said += [level for level, _, reason in notices(bench.tell(LOST)) if reason == "taken_over"]
        waits.append(wait(bench))
        sleep(bench)
    assert said == ["error"]
    assert max(waits[:3]) <= 2.0
    assert min(waits[3:]) >= 20.0


# --- negative answers


def test_without_a_subscriber_one_record_a_flush_probes_and_the_status_says_so() -> None:
    bench = Bench()
    bench.backlog(*[content(seed=n) for n in range(20)])
    bench.flush(content())
    bench.connect()
    bench.answer()
    commands = bench.answer(0x10)
    bench.load()
    assert bench.sent() == []
    assert json.loads(statuses(commands)[0].payload)["reasons"] == ["nobody subscribed"]
    for n in range(5):
        while bench.unanswered:
            bench.answer(0x10)
        assert [len(keys(message)) for message in messages(bench.flush(content(seed=n)))] == [1]
    bench.answer_all()
    assert len(bench.sent()) == 26
    assert json.loads(statuses(bench.commands)[-1].payload)["state"] == "online"


@pytest.mark.parametrize("code", [0x80, 0x83, 0x91, 0x97, 0xC0])
def test_a_fault_of_the_moment_is_retried_after_a_growing_wait(code: int) -> None:
    bench = Bench()
    bench.begin(content())
    bench.flush(content())
    waits = []
    for _ in range(4):
        assert only(p.Publish, bench.answer(code)) == []
        waits.append(wait(bench))
        assert keys(messages(sleep(bench) + (bench.load() if bench.load_asked() else []))[0]) == [key(1)]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]
    bench.answer_all()
    assert bench.sent() == [key(0), key(1)]


@pytest.mark.parametrize("code", [0x87, 0x90])
def test_a_fault_of_the_rules_keeps_the_rows_and_is_seldom_tried(code: int) -> None:
    bench = Bench(backoff_max=120.0)
    bench.begin(content())
    bench.flush(content())
    commands = bench.answer(code)
    assert [(level, name) for level, name, _ in notices(commands)] == [("error", "failed")]
    assert (only(p.Disconnect, commands), only(p.Publish, commands)) == ([], [])
    assert 60.0 <= wait(bench) <= 120.0
    assert bench.outbox.claims().pending == (key(1),)
    sleep(bench)
    bench.answer_all()
    assert bench.sent() == [key(0), key(1)]


def test_a_row_the_broker_cannot_take_is_set_aside_and_the_next_one_goes() -> None:
    bench = Bench()
    bench.begin(content())
    bench.flush(content())
    assert ("error", "set_aside", "payload_format_invalid") in notices(bench.answer(0x99))
    assert bench.outbox.idle()
    bench.flush(content())
    bench.answer_all()
    assert bench.sent() == [key(0), key(2)]


def test_too_large_a_packet_makes_smaller_ones_then_sets_aside() -> None:
    """zigbee2mqtt#13030: an oversize message that makes an endless loop."""
    bench = Bench(in_flight=1)
    bench.begin(content())
    bench.flush(content(200_000))
    refused = 0
    for _ in range(200):
        if not bench.unanswered:
            break
        large = len(bench.unanswered[0].payload) > 20_000
        refused += large
        bench.answer(0x95 if large else 0)
        if bench.load_asked():
            bench.load()
    assert 1 <= refused <= 4
    assert bench.sent() == [key(0), key(1)]


def test_a_packet_too_large_however_small_is_set_aside() -> None:
    bench = Bench()
    bench.begin(content())
    bench.flush(content())
    assert ("error", "set_aside", "packet_too_large") in notices(bench.answer(0x95))
    assert bench.outbox.idle()


def test_a_refused_status_stops_nothing() -> None:
    bench = Bench()
    bench.flush(content())
    bench.connect()
    assert notices(bench.answer(0x87)) == [("error", "failed", "not_authorised")]
    bench.answer_all()
    assert bench.sent() == [key(0)]


def test_a_broker_that_closes_on_large_messages_gets_smaller_ones() -> None:
    bench = Bench(in_flight=1)
    bench.begin(content())
    bench.flush(content(90_000))
    closed = 0
    for _ in range(400):
        if bench.unanswered and len(bench.unanswered[0].payload) > 20_000:
            closed += 1
            bench.tell(LOST)
            sleep(bench)
            bench.connect()
        elif bench.unanswered:
            bench.answer()
        elif bench.load_asked():
            bench.load()
        else:
            break
    assert closed <= 12
    assert sorted(bench.sent()) == [key(0), key(1)]


def test_a_broker_that_says_too_large_is_believed_at_once() -> None:
    bench = Bench(in_flight=1)
    bench.begin(content())
    bench.flush(content(60_000))
    size = len(bench.unanswered[0].payload)
    bench.tell(p.Lost("closed", "packet too large", 0x95))
    sleep(bench)
    bench.connect()
    bench.answer()
    bench.answer_all()
    sizes = [len(each.payload) for each in only(p.Publish, bench.commands)]
    assert max(sizes[sizes.index(size) + 1 :]) <= size // 2
    assert sorted(bench.sent()) == [key(0), key(1)]


def test_a_small_message_that_the_broker_says_is_too_large_makes_no_endless_loop() -> None:
    bench = Bench()
    bench.begin(content())
    bench.flush(content())
    bench.tell(p.Lost("closed", "packet too large", 0x95))
    sleep(bench)
    bench.connect()
    bench.answer_all()
    assert messages(bench.commands)[-1].parts == ()


def test_a_broker_that_takes_less_than_a_head_is_named() -> None:
    bench = Bench()
    bench.flush(content())
    commands = bench.connect(maximum_packet_size=300)
    assert ("error", "failed", "packet_too_small") in notices(commands)
    assert messages(commands) == []


# --- the store


def test_a_corrupt_record_is_set_aside_and_the_others_go() -> None:
    bench = Bench()
    bench.backlog(*[content(seed=n) for n in range(3)])
    bench.flush(content())
    bench.connect()
    bench.answer()
    good = {key(n): (b"digest%02d" % n, bench.stored[key(n)][1]) for n in (0, 2)}
    commands = bench.load({**good, key(1): p.Corrupt("digest")})
    assert ("error", "set_aside", "corrupt") in notices(commands)
    bench.answer_all()
    assert sorted(bench.sent()) == [key(0), key(2), key(3)]


@pytest.mark.parametrize("changed", [False, True])
def test_a_record_gone_or_changed_since_waits_for_the_next_flush(changed: bool) -> None:
    bench = Bench()
    bench.backlog(content(), content(seed=1))
    bench.flush(content())
    bench.connect()
    other: dict[Key, p.Record] = {key(0): (b"another!", content())} if changed else {}
    bench.load({**other, key(1): (b"digest01", bench.stored[key(1)][1])})
    while bench.unanswered:
        assert only(p.Load, bench.answer()) == []
    assert sorted(bench.sent()) == [key(1), key(2)]
    bench.flush()
    bench.answer_all()
    assert sorted(bench.sent()) == [key(0), key(1), key(2)]


def test_a_record_beyond_what_a_receiver_keeps_is_set_aside() -> None:
    bench = Bench()
    bench.begin(content())
    assert ("error", "set_aside", "too_large") in notices(bench.flush(content(3_000_000)))


def test_a_row_of_an_epoch_that_nothing_explains_is_set_aside() -> None:
    bench = Bench()
    row = bench.add(content())[0]
    orphan = row._replace(key=row.key._replace(epoch=5))
    bench.commit([orphan])
    bench.tell(p.Flushed({}))
    bench.connect()
    commands = bench.load({orphan.key: (orphan.digest, content())})
    assert ("error", "set_aside", "unknown_epoch") in notices(commands)
