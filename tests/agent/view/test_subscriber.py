"""The subscriber against real brokers: stored, then acknowledged, whatever devices and broker do."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import Queue

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.ship.ack import decode_ack
from agent.ship.alert import Alert, alert_json
from agent.ship.limits import compress
from agent.ship.mqtt.tls import Papers
from agent.ship.plain import status_json
from agent.ship.wire import encode_message
from agent.view import subscriber as module
from agent.view.broker import Broker
from agent.view.fleet import FleetStore
from agent.view.intake import MESSAGE_LIMIT, Intake
from agent.view.subscriber import Delivery, Endpoint, Subscriber, alert_filter, filters
from collectors.tally import Tally
from tests.brokers import Options, Secured
from tests.looping import looping
from tests.messages import Sender, minute

PATIENCE = 15.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", (0.02, 0.2))
    monkeypatch.setattr(module, "STORE_BACKOFF", (0.01, 0.1))


class Worker:
    """One sink over a store, with all that it said; its clock can be put forward."""

    def __init__(self, endpoint: Endpoint, path: Path | None = None, group: str | None = None) -> None:
        self.store = FleetStore.open(path, "main")
        self.tally = Tally()
        self.said: list[tuple[str, str, str]] = []
        self.later = 0.0
        self.intake = Intake(self.store, "main", self.tally, self.say)
        topics = (*filters("lab", group), alert_filter("lab"))
        self.subscriber = Subscriber(
            endpoint, topics, self.intake, self.say, self.clock, lambda: 1000.0, lambda: 0.5
        )

    def say(self, name: str, device: str, text: str) -> None:
        self.said.append((name, device, text))

    def clock(self) -> float:
        return time.monotonic() + self.later

    def until(self, condition: Callable[[], object]) -> None:
        """Step until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said
            self.subscriber.step(0.05)

    def subscribed(self) -> Worker:
        self.until(lambda: self.subscriber.subscribed)
        return self

    def total(self, name: str) -> float:
        return sum(each.value for each in self.tally.snapshot() if each.name == name)

    def held(self, device: str) -> int:
        return len(list(self.store.contents(device, 0.0)))

    def close(self) -> None:
        self.subscriber.close()
        self.store.close()


@pytest.fixture
def worker() -> Iterator[Callable[..., Worker]]:
    with ExitStack() as opened:

        def make(endpoint: Endpoint, path: Path | None = None, group: str | None = None) -> Worker:
            made = Worker(endpoint, path, group)
            opened.callback(made.close)
            return made

        yield make


@pytest.fixture
def publish(broker: Secured) -> Iterator[Callable[..., None]]:
    """Publishes with QoS 1 and returns when the broker has it."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", broker.port)

    def publish(topic: str, payload: bytes, *, retain: bool = False) -> None:
        client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE)

    with looping(client):
        yield publish


@pytest.fixture
def answers(broker: Secured) -> Iterator[Queue[tuple[str, bytes]]]:
    """What sinks answer, as devices would hear it."""
    heard: Queue[tuple[str, bytes]] = Queue()
    ready = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_message = lambda _c, _d, message: heard.put((message.topic, bytes(message.payload)))
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", broker.port)
    client.subscribe("outrider/v1/+/+/ack/+", qos=1)
    with looping(client):
        assert ready.wait(PATIENCE)
        yield heard


def endpoint(broker: Secured) -> Endpoint:
    return Endpoint("127.0.0.1", broker.port)


def topic(device: str, channel: str = "data") -> str:
    return f"outrider/v1/lab/{device}/{channel}"


def alert(rule: str) -> Alert:
    return Alert("gate-7", rule, "warning", "", "", "a > 5", 1.0, 1.0, ())


def test_a_message_is_stored_and_the_device_hears_of_it(
    broker: Secured, worker: Callable[..., Worker], publish: Callable, answers: Queue
) -> None:
    sink = worker(endpoint(broker)).subscribed()
    publish(topic("gate-7"), encode_message(Sender("gate-7").message(minute(0.0, 0))))
    sink.until(lambda: not answers.empty())
    where, payload = answers.get()
    assert where == "outrider/v1/lab/gate-7/ack/main"
    assert decode_ack(payload).held[0].have == ((0, 0),)
    assert sink.held("gate-7") == 1


def test_answers_to_a_device_are_paced_and_the_last_one_counts(
    broker: Secured, worker: Callable[..., Worker], publish: Callable, answers: Queue
) -> None:
    sink, sender = worker(endpoint(broker)).subscribed(), Sender("gate-7")
    for step in range(4):
        publish(topic("gate-7"), encode_message(sender.message(minute(60.0 * step, step))))
    sink.until(lambda: sink.held("gate-7") == 4 and not answers.empty())
    answers.get()
    assert answers.empty()
    sink.later = module.ACK_INTERVAL
    sink.until(lambda: not answers.empty())
    assert decode_ack(answers.get()[1]).held[0].have == ((0, 3),)


def test_status_needs_no_data_and_is_heard_when_retained(
    broker: Secured, worker: Callable[..., Worker]
) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    status = status_json("gate-7", (7, 1), "online", (), 1000.0)
    with looping(client):
        client.publish(topic("gate-7", "status"), status, qos=1, retain=True).wait_for_publish(PATIENCE)
    sink = worker(endpoint(broker)).subscribed()
    sink.until(lambda: [each.state for each in sink.store.devices(1000.0)] == ["online"])


def test_nothing_a_device_sends_stops_the_next_message(
    broker: Secured, worker: Callable[..., Worker], publish: Callable
) -> None:
    sink = worker(endpoint(broker)).subscribed()
    bad = [
        b"",
        b"garbage",
        bytes(MESSAGE_LIMIT + 1),
        compress(bytes(64 << 20), 3),
        encode_message(Sender("another").message(minute(0.0, 0))),
    ]
    rounds = 2 * module.WINDOW // len(bad) + 1
    for payload in bad * rounds:
        publish(topic("gate-7"), payload)
    publish(topic("gate-7"), encode_message(Sender("gate-7").message(minute(0.0, 0))))
    sink.until(lambda: sink.held("gate-7") == 1)
    assert sink.total("outrider.sink.refused") == len(bad) * rounds
    assert len([said for said in sink.said if said[0] == "refused"]) <= len(bad)


def test_a_full_store_acknowledges_nothing_says_so_once_and_goes_on_when_it_can(
    broker: Secured, worker: Callable[..., Worker], publish: Callable, tmp_path: Path
) -> None:
    sink, sender = worker(endpoint(broker), tmp_path / "fleet.db").subscribed(), Sender("gate-7")
    pages = sink.store._db.execute("PRAGMA page_count").fetchone()[0]
    sink.store._db.execute(f"PRAGMA max_page_count = {pages}")
    for step in range(module.WINDOW):
        publish(topic("gate-7"), encode_message(sender.message(minute(60.0 * step, step))))
    sink.until(lambda: any(name == "store" for name, _, _ in sink.said))
    assert sink.held("gate-7") < module.WINDOW
    sink.store._db.execute("PRAGMA max_page_count = 1000000")
    sink.until(lambda: sink.held("gate-7") == module.WINDOW)
    assert [text for name, _, text in sink.said if name == "store"][1:] == ["the store works again"]


def test_more_than_can_wait_is_left_with_the_broker(
    broker: Secured, worker: Callable[..., Worker], publish: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING", 4)
    sink, sender = worker(endpoint(broker)).subscribed(), Sender("gate-7")
    sink.store._db.execute("PRAGMA query_only = on")
    for step in range(8):
        publish(topic("gate-7"), encode_message(sender.message(minute(60.0 * step, step))))
    sink.until(lambda: any("wait for the store" in text for _, _, text in sink.said))
    assert sink.subscriber.waiting == 4
    sink.store._db.execute("PRAGMA query_only = off")
    sink.until(lambda: sink.subscriber.waiting == 0)
    sink.subscribed()
    assert sink.held("gate-7") == 4


def test_a_store_locked_by_another_is_waited_for(
    broker: Secured, worker: Callable[..., Worker], publish: Callable, tmp_path: Path
) -> None:
    sink = worker(endpoint(broker), tmp_path / "fleet.db").subscribed()
    sink.store._db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "fleet.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    publish(topic("gate-7"), encode_message(Sender("gate-7").message(minute(0.0, 0))))
    sink.until(lambda: sink.subscriber.waiting == 1)
    other.execute("ROLLBACK")
    sink.until(lambda: sink.held("gate-7") == 1)
    other.close()
    assert sink.subscriber.waiting == 0


def test_two_workers_of_a_group_share_the_messages_and_count_each_once(
    broker: Secured, worker: Callable[..., Worker], publish: Callable, tmp_path: Path
) -> None:
    workers = [worker(endpoint(broker), tmp_path / "fleet.db", "keepers").subscribed() for _ in range(2)]
    senders = [Sender(f"gate-{n}") for n in range(4)]
    for step in range(10):
        for sender in senders:
            publish(topic(sender.device), encode_message(sender.message(minute(60.0 * step, step))))

    def all_held() -> bool:
        workers[1].subscriber.step(0.01)
        return all(workers[0].held(sender.device) == 10 for sender in senders)

    workers[0].until(all_held)
    shares = [each.total("outrider.sink.messages") for each in workers]
    assert sum(shares) == 40
    assert min(shares) > 0


def test_a_broker_that_went_away_is_found_again(broker: Secured, worker: Callable[..., Worker]) -> None:
    sink = worker(endpoint(broker)).subscribed()
    broker.broker.kill()
    sink.until(lambda: not sink.subscriber.subscribed)
    assert any(name == "disconnected" for name, _, _ in sink.said)
    broker.broker.start()
    sink.subscribed()


def test_a_broker_that_accepts_and_never_answers_is_given_up(
    worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        sink = worker(Endpoint("127.0.0.1", mute.getsockname()[1]))
        sink.until(lambda: any("no answer" in text for _, _, text in sink.said))
        assert "no answer" in sink.subscriber.state


def test_a_broker_that_talks_nonsense_is_left(worker: Callable[..., Worker]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:
        sink = worker(Endpoint("127.0.0.1", odd.getsockname()[1]))
        sink.subscriber.step(0.0)
        there, _ = odd.accept()
        there.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
        sink.until(lambda: any(name == "disconnected" for name, _, _ in sink.said))
        there.close()


def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1(worker: Callable[..., Worker], tmp_path: Path) -> None:
    pytest.importorskip("iotcore")
    with Broker(tmp_path, engine="iotcore") as old:
        sink = worker(Endpoint("127.0.0.1", old.port_311)).subscribed()
        assert any("MQTT 3.1.1" in text for _, _, text in sink.said)


@pytest.mark.parametrize("broker", [Options(password=("sink", "good"))], indirect=True)
@pytest.mark.mosquitto
def test_a_wrong_password_is_said_and_a_right_one_works(
    broker: Secured, worker: Callable[..., Worker]
) -> None:
    wrong = worker(endpoint(broker)._replace(user="sink", password="bad"))
    wrong.until(lambda: any("refused" in text for _, _, text in wrong.said))
    worker(endpoint(broker)._replace(user="sink", password="good")).subscribed()


@pytest.mark.parametrize("broker", [Options(tls=True)], indirect=True)
@pytest.mark.mosquitto
# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket")
def test_tls_is_verified(broker: Secured, worker: Callable[..., Worker]) -> None:
    assert broker.authority is not None
    trusting = endpoint(broker)._replace(tls=True, papers=Papers(str(broker.authority.certificate)))
    worker(trusting).subscribed()
    stranger = worker(endpoint(broker)._replace(tls=True))
    stranger.until(lambda: any("certificate" in text for _, _, text in stranger.said))
    assert not stranger.subscriber.subscribed


@pytest.mark.parametrize("broker", [Options(tls=True, client_certificates=True)], indirect=True)
@pytest.mark.mosquitto
def test_a_client_certificate_lets_in(broker: Secured, worker: Callable[..., Worker]) -> None:
    assert broker.authority is not None
    assert broker.client is not None
    files = (str(broker.authority.certificate), str(broker.client.certificate), str(broker.client.key))
    worker(Endpoint("127.0.0.1", broker.port, True, papers=Papers(*files))).subscribed()


def test_a_file_that_holds_no_certificate_is_named_by_its_flag(
    broker: Secured, worker: Callable[..., Worker], tmp_path: Path
) -> None:
    (tmp_path / "bad.crt").write_text("nothing of the kind")
    view = worker(endpoint(broker)._replace(tls=True, papers=Papers(str(tmp_path / "bad.crt"))))
    view.until(lambda: any(f"--ca-file {tmp_path}" in text for _, _, text in view.said))


def test_other_descriptors_wake_the_step(broker: Secured, worker: Callable[..., Worker]) -> None:
    sink = worker(endpoint(broker)).subscribed()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"q")
        assert sink.subscriber.step(PATIENCE, (ours.fileno(),)) == [ours.fileno()]


def test_a_new_connection_forgets_alerts_and_hears_of_those_that_fire(
    broker: Secured, worker: Callable[..., Worker], publish: Callable
) -> None:
    view = worker(endpoint(broker)).subscribed()
    for rule in ("hot", "cold"):
        publish(topic("gate-7", f"alert/{rule}"), alert_json(alert(rule), (7, 1)), retain=True)
    view.until(lambda: len(view.intake.alerts.of("gate-7")) == 2)
    view.subscriber._lost("the test says so")
    publish(topic("gate-7", "alert/hot"), b"", retain=True)
    view.subscribed()
    view.until(lambda: view.intake.alerts.every() == (alert("cold"),))
    assert view.total("outrider.sink.refused") == 0


def test_a_new_connection_keeps_what_a_device_called_alert_has_said(
    broker: Secured, worker: Callable[..., Worker]
) -> None:
    view = worker(endpoint(broker)).subscribed()
    kept, over = topic("alert", "data"), topic("alert", "alert/hot")
    client = view.subscriber._client
    assert client is not None
    view.subscriber._waiting.extend(Delivery(client, each, b"", 1, 1) for each in (kept, over))
    view.subscriber._forget_alerts()
    assert [each.topic for each in view.subscriber._waiting] == [kept]


def test_the_filters_name_fleet_device_and_group() -> None:
    assert filters("lab") == ("outrider/v1/lab/+/data", "outrider/v1/lab/+/status")
    assert filters("+", "keepers", "gate-7") == (
        "$share/keepers/outrider/v1/+/gate-7/data",
        "outrider/v1/+/gate-7/status",
    )
    assert alert_filter("lab") == "outrider/v1/lab/+/alert/+"
    assert alert_filter("+", "gate-7") == "outrider/v1/+/gate-7/alert/+"
