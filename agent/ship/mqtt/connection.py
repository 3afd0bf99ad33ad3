"""One connection to a broker: a paho client whose callbacks only put events into a queue."""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.ship import protocol as p
from agent.ship.mqtt.bounded import LARGEST, BoundedClient
from agent.ship.mqtt.tls import Papers, Trust
from agent.ship.mqtt.wire import Count, asked, counted, drained
from collectors.tally import Tally

FAREWELL = 0.5
READS = 8
"""Packets that TLS has decrypted already which are read at once, beside those that a poll tells of."""

SETTINGS = Papers("broker.ca_file", "broker.certificate_file", "broker.key_file")
UNSUPPORTED = 0x84
# Wrong identifier, password, rights, banned, authentication method: time alone mends none of them.
FINAL = (0x85, 0x86, 0x87, 0x8A, 0x8C)


class Broker(NamedTuple):
    """Where the broker is and how to be let in; times in seconds.

    `credentials` gives user and password ("" for none) and is asked at each connection, so that a
    new secret works without a restart; it may raise OSError or ValueError. `ca_file` empty: the
    system's certificates.
    """

    host: str
    port: int
    client_id: str
    tls: bool = False
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    credentials: Callable[[], tuple[str, str]] = lambda: ("", "")
    keepalive: int = 60
    connect_timeout: float = 15.0


class Connection:
    """One connection: a paho client whose callbacks only put events into `events`."""

    def __init__(self, broker: Broker, trust: Trust, command: p.Connect, tally: Tally) -> None:
        self.events: deque[p.Event] = deque()
        self._broker = broker
        self._trust = trust
        self._tally = tally
        self._tokens: dict[int, int] = {}
        self._accepted = self._over = self._closed = self._leaving = False
        self._error = ""
        self._counted = Count()
        self._spent = 0
        self._client = self._make(command)

    def _make(self, command: p.Connect) -> BoundedClient:
        client = BoundedClient(
            CallbackAPIVersion.VERSION2,
            self._broker.client_id,
            clean_session=None if command.protocol == 5 else True,
            protocol=MQTTv5 if command.protocol == 5 else MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._broker.connect_timeout
        # The link keeps the window; these stand behind it.
        client.max_inflight_messages = 32
        client.max_queued_messages = 32
        client.will_set(command.will_topic, command.will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_close = lambda _client, _data, sock: self._ended(sock)
        client.failed = self._failed
        client.on_log = self._on_log
        return client

    def open(self, protocol: int) -> None:
        """Connect and send CONNECT; the answer comes as an event.

        Raises:
            OSError: name, network, TLS (`ssl.SSLError`) or a file.
            ValueError: the credentials or the address are malformed.
        """
        user, password = self._broker.credentials()
        if user:
            self._client.username_pw_set(user, password or None)
        if self._broker.tls:
            self._client.tls_set_context(self._trust.context())
            self._client.session = self._trust.session
        self._spent += asked(self._broker.host)
        where = (self._broker.host, self._broker.port, self._broker.keepalive)
        if protocol == 5:
            self._client.connect(*where, clean_start=True, properties=_connect_properties())
        else:
            self._client.connect(*where)

    def fileno(self) -> int | None:
        """The socket's descriptor; None when it is closed."""
        sock = self._client.socket()
        return sock.fileno() if sock is not None and not self._closed else None

    @property
    def keepalive(self) -> int:
        """Seconds of silence before a ping, as the broker may have set it."""
        return self._client.keepalive

    def interest(self) -> int:
        """What to poll the socket for."""
        return select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)

    def advance(self, ready: int) -> None:
        """Read and write what the socket has and takes."""
        try:
            if ready & ~select.POLLOUT:
                self._client.loop_read()
                for _ in range(READS):
                    if not self.buffered():
                        break
                    self._client.loop_read()
            if ready & select.POLLOUT:
                self._client.loop_write()
        except (ValueError, LookupError, struct.error) as error:
            self._lose("protocol", f"the broker sent what is not MQTT: {error}")
            # Left open it would stay readable, and nobody would read it.
            self.close(clean=False)

    def buffered(self) -> bool:
        """Whether there is something to be read that does not show in poll: TLS has decrypted it already."""
        sock = self._client.socket()
        return not self._closed and isinstance(sock, ssl.SSLSocket) and bool(sock.pending())

    def keep_alive(self) -> None:
        """Send a ping if it is time, and notice a missing answer."""
        if not self._closed:
            self._client.loop_misc()

    def publish(self, command: p.Publish) -> None:
        """Hand one publish over; its PUBACK comes as an event."""
        info = self._client.publish(command.topic, command.payload, qos=1, retain=command.retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            # Callbacks run only in `advance`, in this thread: no PUBACK can come before this.
            self._tokens[info.mid] = command.token
        else:
            self._lose("publish", f"the client did not take a publish: {info.rc.name}")

    def subscribe(self, command: p.Subscribe) -> None:
        """Subscribe with QoS 1."""
        self._client.subscribe(command.topic, qos=1)

    def close(self, *, clean: bool) -> None:
        """End it, with DISCONNECT if `clean`; waits at most twice `FAREWELL` seconds for the socket."""
        if self._closed:
            return
        self._over = True
        self._leaving = clean
        if clean:
            self._client.disconnect()
            poll = select.poll()
            sock = self._client.socket()
            if sock is not None and self._client.want_write():
                poll.register(sock.fileno(), select.POLLOUT)
                if poll.poll(FAREWELL * 1000):
                    self._client.loop_write()
        sock = self._client.socket()
        if sock is not None:
            self._ended(sock)
        self._closed = True
        self._silence()
        if sock is not None:
            sock.close()

    def _silence(self) -> None:
        """Nothing more is heard, and no circle of references waits for the collector."""
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = client.on_message = None
        client.on_socket_close = client.on_log = None

    def count(self) -> None:
        """Add the bytes since the last count, as the kernel counts them, to the tally."""
        sock = self._client.socket()
        if sock is not None and not self._closed:
            self._count(counted(sock))

    def take_spent(self) -> int:
        """Bytes on the wire since the last time this was asked."""
        spent, self._spent = self._spent, 0
        return spent

    def _ended(self, sock: Any) -> None:
        """The last look at a socket that was a connection."""
        if self._broker.tls and self._accepted:
            self._trust.keep(sock)
        through = self._leaving and drained(sock, FAREWELL)
        self._count(counted(sock, over=not through))

    def _failed(self, sock: socket.socket) -> None:
        """A socket that never became a connection; the next one begins anew."""
        self._trust.forget()
        self._count(counted(sock))
        self._counted = Count()

    def _count(self, now: Count | None) -> None:
        if now is None:
            return
        # What was in flight is an estimate on an old kernel, and may have been too much.
        now = Count(*map(max, now, self._counted))
        before, self._counted = self._counted, now
        self._tally.add("outrider.ship.sent", now.sent - before.sent)
        self._tally.add("outrider.ship.received", now.received - before.received)
        self._tally.add("outrider.ship.wire", now.wire - before.wire)
        self._spent += now.wire - before.wire

    # --- paho's callbacks

    def _on_connect(self, _client: Client, _data: object, _flags: object, reason: Any, limits: Any) -> None:
        if reason.value == 0:
            self._accepted = True
            most = getattr(limits, "MaximumPacketSize", None)
            self.events.append(p.Connected(most, getattr(limits, "ReceiveMaximum", None)))
            return
        self._over = True
        slug = str(reason).lower().replace(" ", "_")
        text = f"the broker refused the connection: {reason} (0x{reason.value:02x})"
        self.events.append(p.Refused(slug, text, reason.value in FINAL, reason.value == UNSUPPORTED))

    def _on_disconnect(self, _client: Client, _data: object, flags: Any, reason: Any, _more: object) -> None:
        if flags.is_disconnect_packet_from_server:
            self._lose("closed", f"the broker ended the connection: {reason}", reason.value)
        elif reason.getName() == "Keep alive timeout":
            self._lose("keepalive", "the broker did not answer a ping")
        elif reason.getName() == "Protocol error":
            self._lose("protocol", "the broker sent what is not MQTT")
        else:
            why = (self._error or "closed") + self._hint()
            # A reason of its own: each is said once, and a refused certificate must be.
            kind = "tls" if "[SSL" in self._error else "closed"
            self._lose(kind, f"the connection to the broker is lost: {why}")

    def _hint(self) -> str:
        """What may be wrong where the broker hangs up on us before it answers."""
        if self._accepted or not self._broker.tls or self._broker.certificate_file:
            return ""
        return "; if the broker asks for a certificate, set broker.certificate_file"

    def _lose(self, reason: str, text: str, code: int | None = None) -> None:
        if not self._over:
            self._over = True
            self.events.append(p.Lost(reason, text, code))

    def _on_publish(self, _client: Client, _data: object, mid: int, _reason: Any, _more: object) -> None:
        self.events.append(p.Puback(self._tokens.pop(mid, 0), self._client.code))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.events.append(p.Received(message.topic, bytes(message.payload)))

    def _on_log(self, _client: Client, _data: object, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._error = text


def trust_of(broker: Broker) -> Trust:
    """How the broker is checked, and what we show of ourselves."""
    return Trust(Papers(broker.ca_file, broker.certificate_file, broker.key_file), SETTINGS)


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0
    properties.MaximumPacketSize = LARGEST
    return properties


def refusal(error: OSError | ValueError) -> p.Refused:
    """Why no connection could be opened, in words, and whether waiting may help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"the broker's certificate is not trusted: {error.verify_message}; set broker.ca_file"
        return p.Refused("certificate", text, final=True)
    if isinstance(error, ssl.SSLError):
        return p.Refused("tls", f"no TLS connection to the broker: {error}")
    if isinstance(error, socket.gaierror):
        return p.Refused("name", f"the broker's name cannot be resolved: {error.strerror}")
    if isinstance(error, TimeoutError):
        return p.Refused("timeout", "the broker cannot be reached: no answer in time")
    if isinstance(error, ConnectionError):
        return p.Refused("connection", f"the broker cannot be reached: {error.strerror or error}")
    if isinstance(error, OSError) and error.filename is None:
        return p.Refused("network", f"the broker cannot be reached: {error.strerror or error}")
    return p.Refused("settings", f"the connection cannot be set up: {error}", final=True)
