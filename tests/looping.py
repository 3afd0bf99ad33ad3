"""A paho client with a thread of its own, ended so that nothing of it stays open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from paho.mqtt.client import Client


@contextmanager
def looping(client: Client) -> Iterator[Client]:
    """Its thread runs inside `with`; at the end it is disconnected, and forgets its callbacks."""
    client.loop_start()
    try:
        yield client
    finally:
        ended(client)


def ended(client: Client) -> None:
    """Disconnect, end the thread, and close the two sockets that woke it.

    paho leaves those to the client's finalizer. A callback that knows its client makes a circle of the two,
    and the garbage collector may come to a socket first, which then warns in whatever test runs by then.
    """
    client.disconnect()
    client.loop_stop()
    client.reinitialise()
