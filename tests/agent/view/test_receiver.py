from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from threading import Event

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agent.ship.wire import encode_message
from agent.view.fleet import FleetStore
from agent.view.observer import Observer
from agent.view.receiver import Build, Receiver
from agent.view.subscriber import Endpoint, Subscriber, filters
from tests.brokers import Secured
from tests.looping import looping
from tests.messages import Sender, minute
from tests.waiting import until


def builds(port: int) -> Build:
    """What `outrider view` builds, for a broker on this port."""

    def build(stack: ExitStack) -> tuple[Subscriber, Observer]:
        store = stack.enter_context(closing(FleetStore.open(None, "view")))
        observer = Observer(store, "here", "*", time.time)
        subscriber = Subscriber(
            Endpoint("127.0.0.1", port), filters("+"), observer.intake, observer.notice,
            time.monotonic, time.time, random.random,
        )  # fmt: skip
        return stack.enter_context(closing(subscriber)), observer

    return build


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    with ExitStack() as running:

        def begin(build: Build, told: Callable[[], object] = bool) -> Receiver:
            made = Receiver(build, time.monotonic, told)
            made.start()
            running.callback(made.stop)
            return made

        yield begin


def test_what_is_published_comes_and_a_choice_counts_at_once(
    broker: Secured, receive: Callable[..., Receiver]
) -> None:
    receiver = receive(builds(broker.port))
    until(lambda: receiver.scene is not None and receiver.scene.link == "subscribed")
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    payload = encode_message(Sender("gate-7").message(minute(time.time() - 60, 0)))
    with looping(client):
        client.publish("outrider/v1/lab/gate-7/data", payload, qos=1).wait_for_publish(10.0)
    until(lambda: receiver.scene is not None and len(receiver.scene.devices) == 1)
    receiver.choose("gate-7")
    until(lambda: receiver.scene is not None and receiver.scene.chosen is not None)
    assert receiver.scene is not None
    assert receiver.scene.chosen is not None
    assert len(receiver.scene.chosen.rows) == 4
    assert receiver.scene.devices[0].fleet == "lab"


def test_without_a_broker_there_are_scenes_that_say_so(port: int, receive: Callable[..., Receiver]) -> None:
    receiver = receive(builds(port))
    until(lambda: receiver.scene is not None and "cannot connect" in receiver.scene.link)


def test_what_ends_the_thread_is_told(receive: Callable[..., Receiver]) -> None:
    told = Event()

    def fails(_stack: ExitStack) -> tuple[Subscriber, Observer]:
        raise OSError("no memory for a store")

    receiver = receive(fails, told.set)
    assert told.wait(10.0)
    assert str(receiver.fault) == "no memory for a store"
