"""The sink's side of MQTT: subscribe, take, commit, and only then acknowledge.

One thread drives paho's socket by `select`, so the order is plain to read: a delivery is stored,
then acknowledged to the broker, then the device is answered. A crash between any two of these
repeats a delivery, and the record algebra counts it once.

A session is clean and ends with its connection: a member of a `$share` group that stays away would
swallow its share of the messages otherwise. MQTT 5 is spoken, and 3.1.1 where the broker lacks it.
While the store is busy or its disk full, deliveries wait unacknowledged, in order, and are tried
again; the broker sends no more than the window of unacknowledged ones meanwhile.
"""

from __future__ import annotations

import select
import sqlite3
import ssl
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from paho.mqtt import MQTTException
from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.ship.ack import encode_ack
from agent.ship.backoff import Backoff
from agent.ship.limits import ROOT
from agent.ship.mqtt.bounded import BoundedClient
from agent.ship.mqtt.tls import Papers, context
from agent.view.intake import MESSAGE_LIMIT, Intake, Say, parse_topic
from agent.view.pace import Pace

CONNECT_TIMEOUT = 5.0
READY_TIMEOUT = 15.0
BACKOFF = (1.0, 60.0)
STORE_BACKOFF = (0.1, 5.0)
STORE_PATIENCE = 5.0
WINDOW = 32
WAITING = 256
LARGEST_PACKET = 4 * MESSAGE_LIMIT
ACK_INTERVAL = 5.0
ACK_LIMIT = 4096
FLAGS = Papers("--ca-file", "--certificate-file", "--key-file")


class Endpoint(NamedTuple):
    """Where the broker is and how one gets in; `keepalive` in seconds.

    With `tls` the broker's certificate is checked, see `Papers`.
    """

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = None
    papers: Papers = Papers()
    keepalive: int = 30


def filters(fleet: str, group: str | None = None, device: str = "+") -> tuple[str, str]:
    """The topic filters of data and status; `fleet` and `device` may be "+", `group` shares the data."""
    share = f"$share/{group}/" if group else ""
    return f"{share}{ROOT}/{fleet}/{device}/data", f"{ROOT}/{fleet}/{device}/status"


def alert_filter(fleet: str, device: str = "+") -> str:
    """The topic filter of alerts, which are retained: what fires comes with the subscription."""
    return f"{ROOT}/{fleet}/{device}/alert/+"


def _is_alert(topic: str) -> bool:
    """Whether an alert is said there; a fleet or a device may be called "alert" too."""
    parts = parse_topic(topic)
    return parts is not None and parts.channel == "alert"


class Delivery(NamedTuple):
    """A message from the broker that is not acknowledged yet, and the connection it came by."""

    client: Client
    topic: str
    payload: bytes
    mid: int
    qos: int


class Setback:
    """The store fails for a while: when to try again, and whether that is worth a word."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._since: float | None = None
        self._said = False
        self.due = 0.0

    def failed(self, fault: str, now: float) -> bool:
        """Wait longer; True the first time, where a lock may pass unsaid for a while."""
        self._since = now if self._since is None else self._since
        self.due = now + self._backoff.next()
        patience = STORE_PATIENCE if "locked" in fault else 0.0
        first = not self._said and now - self._since >= patience
        self._said |= first
        return first

    def worked(self) -> bool:
        """Forget it; True if it had been said that the store fails."""
        said = self._said
        self._said, self._since = False, None
        self._backoff.reset()
        return said


class Subscriber:
    """Call `step` for ever; it never raises for what the broker or a device does.

    Args:
        broker: where to connect.
        topics: the filters to subscribe to, see `filters`.
        intake: what takes the deliveries.
        say: called as (what, device, text); `what` is "subscribed", "disconnected", "store".
        clock: monotonic seconds. wall: seconds since 1970. random: numbers in [0, 1) for jitter.

    `subscribed` says whether deliveries come, `state` the same in words for people.
    """

    def __init__(
        self,
        broker: Endpoint,
        topics: Sequence[str],
        intake: Intake,
        say: Say,
        clock: Callable[[], float],
        wall: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._broker = broker
        self._topics = tuple(topics)
        self._intake = intake
        self._say = say
        self._clock = clock
        self._wall = wall
        self._client: Client | None = None
        self._version = MQTTv5
        self._connected = False
        self._deadline = clock()
        self._backoff = Backoff(*BACKOFF, random)
        self._waiting: deque[Delivery] = deque()
        self._setback = Setback(Backoff(*STORE_BACKOFF, random))
        self._answers = Pace(ACK_INTERVAL)
        self._fault = ""
        self.subscribed = False
        self.state = "connecting"

    def step(self, timeout: float, also: Sequence[int] = ()) -> list[int]:
        """Wait at most `timeout` seconds for something to do, and do it.

        Returns the descriptors of `also` that became readable. Connecting may take 5 s longer.

        Raises:
            sqlite3.DatabaseError: the store is broken, not only busy or full.
        """
        now = self._clock()
        if self._client is None and now >= self._deadline and self._has_room():
            self._connect()
        elif self._client is not None and not self.subscribed and now >= self._deadline:
            self._lost(f"no answer from {self._broker.host}:{self._broker.port} within {READY_TIMEOUT:.0f} s")
        readable = self._wait(self._patience(timeout), also)
        self._misc()
        self._drain()
        self._send_answers()
        return readable

    @property
    def waiting(self) -> int:
        """Deliveries that are not stored yet, and not acknowledged."""
        return len(self._waiting)

    def close(self) -> None:
        """End the connection; what is unacknowledged stays so."""
        self._drop()

    def _drop(self) -> None:
        """Say DISCONNECT if the socket takes it, and close it in any case."""
        client, self._client = self._client, None
        self.subscribed = False
        if client is not None:
            client.on_message = None
            client.disconnect()
            sock = client.socket()
            if sock is not None:
                sock.close()

    def _patience(self, timeout: float) -> float:
        """The longest one may sleep without missing something that is due, in seconds."""
        now = self._clock()
        waits = [timeout]
        if self.subscribed:
            waits.append(self._answers.wait(now))
        elif self._client is not None or self._has_room():
            waits.append(self._deadline - now)
        if self._waiting:
            waits.append(self._setback.due - now)
        return max(0.0, min(waits))

    def _has_room(self) -> bool:
        """Whether a new connection may bring more deliveries."""
        return len(self._waiting) < WAITING // 2

    def _wait(self, timeout: float, also: Sequence[int]) -> list[int]:
        """`select` over the broker's socket and `also`, then let paho read and write."""
        client = self._client
        sock = client.socket() if client else None
        if client is None or sock is None:
            return select.select(also, (), (), timeout)[0]
        # A TLS socket may have read ahead: select does not see what lies in its buffer.
        buffered = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        link = sock.fileno()
        writing = (link,) if client.want_write() else ()
        readable, writable, _ = select.select((link, *also), writing, (), 0.0 if buffered else timeout)
        try:
            if buffered or link in readable:
                client.loop_read()
            if writable:
                client.loop_write()
        except (MQTTException, OSError, ValueError, IndexError, struct.error) as fault:
            self._lost(f"the broker sent what is no MQTT: {fault}")
        return [ready for ready in readable if ready != link]

    def _misc(self) -> None:
        """Keep-alive, and the end of a connection that paho or a callback has given up."""
        if self._client is None:
            return
        self._client.loop_misc()
        if self._fault or self._client.socket() is None:
            self._lost(self._fault or "connection closed")

    def _connect(self) -> None:
        """Open a connection; its outcome comes by callback, its failure is a `_lost`."""
        self.state = "connecting"
        self._connected = False
        self._fault = ""
        try:
            self._client = self._new_client()
            self._client.connect(
                self._broker.host, self._broker.port, self._broker.keepalive, **self._session()
            )
        except (OSError, ValueError) as fault:
            self._connected = True  # nothing is known against this version of the protocol
            self._lost(f"cannot connect to {self._broker.host}:{self._broker.port}: {fault}")
            return
        self._deadline = self._clock() + READY_TIMEOUT

    def _new_client(self) -> Client:
        """A client for one connection: none outlives it, so nothing of an old one is resent."""
        broker = self._broker
        clean = None if self._version == MQTTv5 else True
        client = BoundedClient(
            CallbackAPIVersion.VERSION2,
            clean_session=clean,
            protocol=MQTTProtocolVersion(self._version),
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT
        client.largest = LARGEST_PACKET
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set_context(context(broker.papers, FLAGS))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _session(self) -> dict[str, Any]:
        """What CONNECT says in MQTT 5: a session that ends with its connection, and our limits."""
        if self._version != MQTTv5:
            return {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.SessionExpiryInterval = 0
        properties.ReceiveMaximum = WINDOW
        properties.MaximumPacketSize = LARGEST_PACKET
        return {"clean_start": True, "properties": properties}

    def _lost(self, why: str) -> None:
        """Give the connection up and come back later; try the other MQTT if this one was not met."""
        self._drop()
        if not self._connected:
            self._version = MQTTv311 if self._version == MQTTv5 else MQTTv5
        delay = self._backoff.next()
        self._deadline = self._clock() + delay
        self.state = why
        self._say("disconnected", "", f"{why}; trying again in {delay:.1f} s")

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._connected = reason != "Unsupported protocol version"
            self._fault = f"the broker refused the connection: {reason}"
            return
        self._connected = True
        self._forget_alerts()
        if self._version == MQTTv5:
            client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._topics])
        else:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _forget_alerts(self) -> None:
        """What fires comes again with the subscription; what an older connection brought may be over."""
        self._intake.alerts.clear()
        self._waiting = deque(each for each in self._waiting if not _is_alert(each.topic))

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        for topic, reason in zip(self._topics, reasons, strict=True):
            if reason.is_failure:
                self._fault = f"the broker refused the subscription {topic}: {reason}"
                return
        self.subscribed = True
        self.state = "subscribed"
        self._backoff.reset()
        version = "5" if self._version == MQTTv5 else "3.1.1"
        place = f"{self._broker.host}:{self._broker.port} by MQTT {version}"
        self._say("subscribed", "", f"{' and '.join(self._topics)} at {place}")

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if len(self._waiting) >= WAITING:
            self._fault = f"{WAITING} messages wait for the store, and the broker sends on unacknowledged"
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # the intake refuses it like any other that is not ours
        self._waiting.append(Delivery(client, topic, bytes(message.payload), message.mid, message.qos))

    def _drain(self) -> None:
        """Store what waits, in order; acknowledge each after its commit."""
        while self._waiting and (now := self._clock()) >= self._setback.due:
            delivery = self._waiting[0]
            try:
                answer = self._intake.take(delivery.topic, delivery.payload, self._wall())
            except sqlite3.OperationalError as fault:
                if self._setback.failed(str(fault), now):
                    self._say("store", "", f"{fault}: nothing is acknowledged, tried again until it works")
                return
            if self._setback.worked():
                self._say("store", "", "the store works again")
            self._waiting.popleft()
            if delivery.client is self._client:
                delivery.client.ack(delivery.mid, delivery.qos)
            if answer is not None:
                self._answers.offer(answer.topic, encode_ack(answer.ack, ACK_LIMIT), self._clock())

    def _send_answers(self) -> None:
        """Acknowledge to the devices, without the broker's guarantee: the next message asks again."""
        if self._client is not None and self.subscribed:
            for topic, payload in self._answers.take(self._clock()):
                self._client.publish(topic, payload, qos=0)
