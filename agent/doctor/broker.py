"""The way to the broker, step by step: name, route, connection, TLS, login, a publish and its PUBACK.

Each step needs the one before: the first that fails is the finding, and says what to do.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterator
from enum import Enum
from typing import Any, NamedTuple

from agent.doctor.finding import Finding
from agent.ship import protocol as p
from agent.ship.mqtt.connection import Broker, Connection, refusal, trust_of
from collectors.aside import Aside, Hung
from collectors.tally import Tally

# A name server that does not answer keeps `getaddrinfo` for half a minute.
NAME_PATIENCE = 10.0
EXPIRES_SOON = 21 * 86400.0
PAYLOAD = b'{"v":[1,0],"doctor":"hello"}'

Address = tuple[Any, Any]  # family and socket address


class Way(NamedTuple):
    """What an examination needs: the broker, the topic of our own to publish on, and a clock in s."""

    broker: Broker
    topic: str
    clock: Callable[[], float]
    wall: Callable[[], float]


class Silence(Enum):
    """What the broker did not answer in time."""

    CONNECT = "connect"
    PUBLISH = "publish"


class Ended(Exception):  # noqa: N818 - not an error: what follows makes no sense any more
    """The finding after which nothing further can be looked at."""

    def __init__(self, text: str, advice: str) -> None:
        super().__init__(text)
        self.finding = Finding("broker", "problem", text, advice)


class Mute(Ended):
    """An address does not answer: each new connection of the daemon waits for it in vain."""


def examine(way: Way) -> Iterator[Finding]:
    """Go the whole way, as far as it goes."""
    try:
        addresses = _resolved(way)
        names = ", ".join(dict.fromkeys(str(where[0]) for _, where in addresses))
        yield Finding("broker", "ok", f"{way.broker.host} is {names}")
        sock = yield from _reached(addresses, way.broker)
        with sock:
            if way.broker.tls:
                yield from _greeted(sock, way)
        yield from _spoken(way)
    except Ended as end:
        yield end.finding


def _resolved(way: Way) -> list[Address]:
    """Every address of the broker's name."""
    host, port = way.broker.host, way.broker.port
    aside: Aside[Any] = Aside("the name service", NAME_PATIENCE, way.clock)
    try:
        found = aside(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except Hung as error:
        raise Ended(str(error), "look at /etc/resolv.conf and whether its servers can be reached") from None
    except (socket.gaierror, UnicodeError) as error:
        text = f"the broker's name {host} cannot be resolved: {error}"
        raise Ended(text, "look at broker.url and at /etc/resolv.conf") from None
    finally:
        aside.close()
    return [(family, where) for family, _, _, _, where in found]


def _reached(addresses: list[Address], broker: Broker) -> Generator[Finding, None, socket.socket]:
    """A TCP connection to the first address that takes one: in turn, as the daemon tries them."""
    *others, last = addresses
    for address in others:
        try:
            return (yield from _opened(address, broker))
        except Ended as end:
            yield end.finding._replace(level="warning" if isinstance(end, Mute) else "note")
    return (yield from _opened(last, broker))


def _opened(address: Address, broker: Broker) -> Generator[Finding, None, socket.socket]:
    """A TCP connection to this address, for the greeting alone."""
    source = _routed(address)
    yield Finding("broker", "ok", f"the way to {address[1][0]} leaves from {source}")
    sock = _connected(address, broker)
    yield Finding("broker", "ok", f"{address[1][0]} port {broker.port} accepts connections")
    return sock


def _routed(address: Address) -> str:
    """The address of ours that the way to this one leaves from.

    Connecting a datagram socket looks the route up and sends nothing.
    """
    family, where = address
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(where)
            return str(probe.getsockname()[0])
    except OSError as error:
        text = f"there is no route to {where[0]}: {error.strerror or error}"
        raise Ended(text, "look at `ip route` and the network's cable or modem") from None


def _connected(address: Address, broker: Broker) -> socket.socket:
    sock = socket.socket(address[0], socket.SOCK_STREAM)
    sock.settimeout(broker.connect_timeout)
    where = f"{address[1][0]} port {broker.port}"
    try:
        sock.connect(address[1])
    except TimeoutError:
        sock.close()
        advice = "a firewall may drop it; look at broker.url, and try from another host"
        raise Mute(f"{where} does not answer within {broker.connect_timeout:g} s", advice) from None
    except OSError as error:
        sock.close()
        advice = "look whether the broker runs there, and at the port of broker.url"
        raise Ended(f"{where} cannot be reached: {error.strerror}", advice) from None
    return sock


def _greeted(sock: socket.socket, way: Way) -> Iterator[Finding]:
    """TLS: whether the broker's certificate is trusted, bears its name, and how long it holds."""
    try:
        with trust_of(way.broker).context().wrap_socket(sock, server_hostname=way.broker.host) as secure:
            certificate = secure.getpeercert() or {}
            version = secure.version()
    except ssl.SSLCertVerificationError as error:
        advice = "set broker.ca_file to the authority that signed it, and look at the clock of this device"
        raise Ended(f"the broker's certificate is not trusted: {error.verify_message}", advice) from None
    except (OSError, ValueError) as error:
        text = f"no TLS connection: {error}"
        raise Ended(text, "look whether this port speaks TLS, and at the files under [broker]") from None
    until = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    left = until - way.wall()
    day = time.strftime("%Y-%m-%d", time.gmtime(until))
    text = f"{version}, the broker's certificate is trusted and holds until {day}"
    if left < EXPIRES_SOON:
        yield Finding("broker", "warning", text, f"renew it: {left / 86400:.0f} days are left")
    else:
        yield Finding("broker", "ok", text)


def _spoken(way: Way) -> Iterator[Finding]:
    """Log in and publish, as the daemon does: MQTT 5, or 3.1.1 where the broker wants that."""
    said = _session(way, 5)
    if isinstance(said, p.Refused) and said.unsupported:
        yield Finding("broker", "note", "the broker speaks MQTT 3.1.1 only")
        said = _session(way, 4)
    if isinstance(said, p.Refused):
        raise Ended(said.text, "look at broker.user, broker.password_file, and the broker's own log")
    if isinstance(said, p.Lost):
        raise Ended(said.text, "look at the broker's own log")
    if said is Silence.CONNECT:
        text = f"no answer to our login within {way.broker.connect_timeout:g} s"
        raise Ended(text, "look whether an MQTT broker listens on this port, and at its load")
    yield Finding("broker", "ok", "it lets us in")
    if said is Silence.PUBLISH:
        text = f"no acknowledgement of a publish within {way.broker.connect_timeout:g} s"
        raise Ended(text, "the broker accepts and does not answer: look at its load and its log")
    if said.code >= p.FAILURE:
        reason = p.FAULTS.get(said.code, f"0x{said.code:02x}")
        text = f"the broker refuses a publish on {way.topic}: {reason}"
        raise Ended(text, "give this device the right to write below its own topic in the broker's rules")
    heard = "" if said.code != p.NO_SUBSCRIBERS else ", though nobody subscribed to it"
    yield Finding("broker", "ok", f"a publish on {way.topic} was acknowledged{heard}")


def _session(way: Way, protocol: int) -> p.Refused | p.Lost | p.Puback | Silence:
    """What ended a session of one publish: its PUBACK, a refusal or loss, or what the broker left
    unanswered until the time-out."""
    tally = Tally()
    connection = Connection(way.broker, trust_of(way.broker), p.Connect(protocol, way.topic, b""), tally)
    try:
        connection.open(protocol)
    except (OSError, ValueError) as error:
        connection.close(clean=False)
        return refusal(error)
    end = way.clock() + way.broker.connect_timeout
    unanswered = Silence.CONNECT
    try:
        while (left := end - way.clock()) > 0:
            while connection.events:
                event = connection.events.popleft()
                if isinstance(event, p.Connected):
                    unanswered = Silence.PUBLISH
                    connection.publish(p.Publish(1, way.topic, PAYLOAD, retain=False))
                elif isinstance(event, (p.Refused, p.Lost, p.Puback)):
                    return event
            _advance(connection, left)
        return unanswered
    finally:
        connection.close(clean=True)


def _advance(connection: Connection, seconds: float) -> None:
    """Let the connection do what its socket is ready for."""
    descriptor = connection.fileno()
    if descriptor is None:
        return
    poll = select.poll()
    poll.register(descriptor, connection.interest())
    for _, ready in poll.poll(min(seconds, 1.0) * 1000):
        connection.advance(ready)
