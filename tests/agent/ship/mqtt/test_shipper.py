"""The link's thread against real brokers, and against fakes for what no real one does."""

from __future__ import annotations

import gc
import json
import queue
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.ship import protocol as p
from agent.ship.ack import encode_ack
from agent.ship.mqtt import Broker
from agent.ship.records import Ack, Held
from agent.ship.wire import decode_message
from agent.view.broker import Broker as BrokerProcess
from tests.agent.ship.bench import EPOCH, content, key
from tests.agent.ship.mqtt.device import Device, FakeBroker, closes_on_5, mqtt_311, mute, some
from tests.brokers import Secured
from tests.looping import ended
from tests.waiting import until

DATA, STATUS = "outrider/v1/f/d/data", "outrider/v1/f/d/status"


def at(port: int, **more: Any) -> Broker:
    """How the device reaches a broker on this port."""
    return Broker("127.0.0.1", port, "d")._replace(**more)


class Subscriber:
    """Keeps what comes on the topics of the fleet."""

    def __init__(self, port: int) -> None:
        self.inbox: queue.Queue[MQTTMessage] = queue.Queue()
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        ready: queue.Queue[int] = queue.Queue()
        self.client.on_message = lambda _client, _data, message: self.inbox.put(message)
        self.client.on_subscribe = lambda *_: ready.put(1)
        self.client.on_connect = lambda client, *_: client.subscribe("outrider/#", 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        ready.get(timeout=10)

    def next(self, topic: str) -> MQTTMessage:
        """The next message on this topic."""
        while True:
            message = self.inbox.get(timeout=10)
            if message.topic == topic:
                return message

    def close(self) -> None:
        ended(self.client)


@pytest.fixture
def subscriber(broker: Secured) -> Iterator[Subscriber]:
    made = Subscriber(broker.port)
    yield made
    made.close()


def test_a_flush_arrives_and_is_acknowledged(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port)) as device:
        device.flush(some())
        device.wait_sent(0)
        message = decode_message(bytes(subscriber.next(DATA).payload))
        assert [part.key for part in message.parts] == [key(0)]
        assert message.session == (EPOCH, 1)


def test_the_status_is_retained_and_the_end_says_offline(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port)) as device:
        device.flush(some())
        device.wait_sent(0)
    assert json.loads(subscriber.next(STATUS).payload)["state"] == "online"
    assert json.loads(subscriber.next(STATUS).payload)["state"] == "offline"
    late = Subscriber(broker.port)
    retained = late.next(STATUS)
    late.close()
    assert (retained.retain, json.loads(retained.payload)["session"]) == (True, [EPOCH, 1])


def test_the_backlog_follows_from_the_store(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port)) as device:
        device.flush(*[content(3_000, seed=n) for n in range(60)], told=False)
        device.flush(some())
        device.wait_sent(60)
        for number in range(60):
            device.wait_sent(number)


def test_a_sinks_word_comes_back(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port), sink="s") as device:
        device.flush(some())
        device.wait_sent(0)
        have = Held(EPOCH, "windows", ((0, 8),), ((0, 8),), None)
        subscriber.client.publish("outrider/v1/f/d/ack/s", encode_ack(Ack("s", (have,), ())), qos=1)
        device.wait(lambda told: told == "fresh epoch")


def test_without_a_subscriber_nothing_counts_as_delivered(broker: Secured) -> None:
    with Device(at(broker.port)) as device:
        device.flush(some())
        device.wait_notice("unheard", "no_subscribers")
        late = Subscriber(broker.port)
        device.flush(some())
        device.wait_sent(1)
        device.wait_sent(0)
        late.close()


def test_a_stopped_broker_is_given_up_and_found_again(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port), ack_timeout=0.3, connect_timeout=0.3) as device:
        device.flush(some())
        device.wait_sent(0)
        broker.broker.pause()
        device.flush(some())
        device.wait_notice("lost", "no_puback")
        device.wait_notice("lost", "no_connack")
        broker.broker.resume()
        device.wait_sent(1)


def test_a_broker_that_accepts_and_never_answers_is_given_up(port: int) -> None:
    with FakeBroker(mute) as fake, Device(at(fake.port), connect_timeout=0.2) as device:
        device.flush(some())
        device.wait_notice("lost", "no_connack")
        device.wait_notice("lost", "no_connack")


def test_a_broker_that_is_not_there_yet_is_waited_for(port: int, tmp_path: Path) -> None:
    with Device(at(port)) as device:
        device.flush(some())
        assert "Connection refused" in device.wait_notice("refused", "connection").text
        with BrokerProcess(tmp_path, port=port):
            subscriber = Subscriber(port)
            device.wait_notice("connected")
            device.flush(some())
            device.wait_sent(1)
            subscriber.close()


def test_a_killed_broker_is_connected_to_again_with_the_next_session(broker: Secured) -> None:
    with Device(at(broker.port)) as device:
        device.flush(some())
        device.wait_notice("unheard")
        broker.broker.kill()
        device.wait_notice("lost", "closed")
        broker.broker.start()
        subscriber = Subscriber(broker.port)
        device.wait_notice("connected")
        device.flush(some())
        device.wait_sent(1)
        assert decode_message(bytes(subscriber.next(DATA).payload)).session[1] >= 2
        subscriber.close()


@pytest.mark.parametrize("answer", [mqtt_311, closes_on_5])
def test_a_broker_of_the_older_version_is_spoken_to_in_it(
    answer: Callable[[int, bytes], bytes | None],
) -> None:
    with FakeBroker(answer) as fake, Device(at(fake.port)) as device:
        device.flush(some())
        device.wait_notice("connected", "mqtt4")
        device.wait_sent(0)


def test_the_real_broker_speaks_the_older_version_too(broker: Secured) -> None:
    with Device(at(broker.broker.port_311), protocol=4) as device:
        device.flush(some())
        device.wait_notice("connected", "mqtt4")
        device.wait_sent(0)


def test_garbage_from_the_broker_ends_the_connection_and_nothing_else() -> None:
    """paho.mqtt.python#113: an exception in a callback kills the loop, and the client seems connected."""
    answers = [
        b"\x20\x02\x00\x00\xff\xff\xff\xff\xff",
        b"\x20\x7f",
        b"\x00",
        b"\x90\x00",
        b"\x30\x02\x00\x09",
    ]
    replies = iter(answers * 3)
    fake = FakeBroker(lambda *_: next(replies, None))
    with fake, Device(at(fake.port), connect_timeout=0.3) as device:
        device.flush(some())
        for _ in answers:
            device.wait_notice("lost")
        assert device.shipper.alive()


def test_a_connection_that_was_given_up_over_garbage_is_closed_and_wakes_nobody() -> None:
    def answer(packet: int, body: bytes) -> bytes | None:
        # Two messages on a topic that is no UTF-8: the second lies unread when the first is refused.
        return b"\x30\x04\x00\x02\xff\xfe" * 2 if packet >> 4 == 8 else mqtt_311(packet, body)

    with FakeBroker(answer) as fake, Device(at(fake.port), "s", protocol=4, backoff_min=9.0) as device:
        device.flush(some())
        device.wait_notice("lost", "protocol")
        before = wakeups(device)
        time.sleep(1.0)  # as below
        assert wakeups(device) - before <= 1


def test_a_broker_that_wants_no_pings_gets_none_and_wakes_nobody() -> None:
    def answer(packet: int, body: bytes) -> bytes | None:
        if packet >> 4 == 1:
            return b"\x20\x06\x00\x00\x03\x13\x00\x00"  # CONNACK, server keep alive 0
        return mqtt_311(packet, body)

    with FakeBroker(answer) as fake, Device(at(fake.port)) as device:
        device.flush(some())
        device.wait_sent(0)
        before = wakeups(device)
        time.sleep(1.0)  # as below
        assert wakeups(device) - before <= 1


def test_it_sleeps_when_there_is_nothing_to_do(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port)) as device:
        device.flush(some())
        device.wait_sent(0)
        before = wakeups(device)
        # A measure of idleness takes time; there is nothing that could tell.
        time.sleep(3.0)
        assert wakeups(device) - before <= 1


def wakeups(device: Device) -> int:
    """How often the link's thread has gone to sleep."""
    status = Path(f"/proc/self/task/{device.shipper._thread.native_id}/status").read_text()
    return int(status.split("voluntary_ctxt_switches:")[1].split()[0])


def test_a_silent_connection_is_kept_by_pings(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port, keepalive=1)) as device:
        device.flush(some())
        device.wait_sent(0)
        time.sleep(2.5)  # beyond what the broker allows without a ping
        device.flush(some())
        device.wait_sent(1)
    assert device.count("outrider.ship.connections") == 1


def test_a_missing_ping_answer_ends_the_connection() -> None:
    def answer(packet: int, body: bytes) -> bytes | None:
        return b"" if packet >> 4 == 12 else mqtt_311(packet, body)

    with FakeBroker(answer) as fake, Device(at(fake.port, keepalive=1), protocol=4) as device:
        device.flush(some())
        device.wait_notice("lost", "keepalive")


def test_bytes_messages_and_answers_are_counted(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port)) as device:
        device.flush(content(20_000))
        device.wait_sent(0)
    assert device.count("outrider.ship.publishes") == 3
    assert device.count("outrider.ship.pubacks") == 3
    assert 10_000 < device.count("outrider.ship.sent") < 40_000
    assert 10 < device.count("outrider.ship.received") < 1_000


def test_a_thread_that_is_late_is_not_alive() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with Device(at(listener.getsockname()[1])) as device:
        assert device.shipper.alive()
        device.shipper.beat_due = 0.0
        assert not device.shipper.alive()
    listener.close()
    assert not device.shipper.alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_an_exception_has_killed_is_not_alive(broker: Secured) -> None:
    """paho.mqtt.python#113: a dead loop goes unnoticed; the daemon's watchdog asks `alive`."""
    device = Device(at(broker.port))
    with device:
        device.flush(some())
        device.wait_notice("connected")
        # Nothing known makes it raise, so it is made to.
        device.shipper._link.handle = None  # type: ignore[assignment, method-assign]
        device.shipper.post(p.Tick())
        until(lambda: not device.shipper.alive())


def test_the_end_comes_in_time_beside_a_mute_broker(broker: Secured, subscriber: Subscriber) -> None:
    with Device(at(broker.port)) as device:
        device.flush(some())
        device.wait_sent(0)
        broker.broker.pause()
        device.flush(some())
        device.shipper.post(p.Stopping(0.2))
        assert device.shipper.join(5.0)
    broker.broker.resume()


def test_connections_leave_no_descriptor_behind(broker: Secured, subscriber: Subscriber) -> None:
    gc.collect()  # what earlier tests left
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with Device(at(broker.port)) as device:
            device.flush(some())
            device.wait_sent(0)
        device.shipper.post(p.Condition(("too late",)))
    # Threads of earlier tests may end meanwhile, and those of this one a moment later.
    until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)


def test_what_the_broker_says_when_it_ends_the_connection_is_said() -> None:
    def takes_over(packet: int, _body: bytes) -> bytes | None:
        """CONNACK of MQTT 5, then DISCONNECT with 0x8E: Debian's Mosquitto 2.0.11 closes without a word."""
        return {1: b"\x20\x03\x00\x00\x00", 3: b"\xe0\x02\x8e\x00"}.get(packet >> 4, b"")

    with FakeBroker(takes_over) as fake, Device(at(fake.port)) as device:
        device.flush(some())
        assert "taken over" in device.wait_notice("lost", "closed").text
