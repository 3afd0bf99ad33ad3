"""A paho client that no broker can make grow: small packets, few of them, no QoS 2, answers that are read;
and that takes any reason for a refusal.

MQTT lets a packet have 256 MB, and paho reads whatever comes; what CONNECT says of our limits binds
honest brokers alone. It also resumes a TLS session, and shows each socket that fails before it is closed,
so that what it took is counted. The methods are paho's inner ones: the tests hold what they are for.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any, Literal

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from agent.ship.mqtt.dial import dial

LARGEST = 65_536
UNREAD = 1_000
CREDIT, EACH = 10_000, 100
"""Packets that a broker may send us beyond what we ask for, and how many more each of ours makes."""

PUBLISH, PINGREQ = 0x30, 0xC0
QOS_2 = 0x04
UNSPECIFIED = 0x80


class BoundedClient(Client):
    """Its `loop_read` raises ValueError for what goes beyond the limits; the connection is of no use then.

    `largest` is how many bytes a packet may have, `code` what the last PUBACK said. `session` is resumed if
    the broker agrees; `failed` is called with a socket that never became a connection.
    """

    largest = LARGEST
    code = 0
    credit = CREDIT
    session: ssl.SSLSession | None = None
    failed: Callable[[socket.socket], None] = staticmethod(lambda _sock: None)

    def _create_socket_connection(self) -> socket.socket:
        return dial(self._host, self._port, self.connect_timeout, self.failed)

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        context = self._ssl_context
        if context is None:
            raise ValueError("TLS without a context")
        sock = context.wrap_socket(
            tcp_sock, server_hostname=self._host, do_handshake_on_connect=False, session=self.session
        )
        try:
            sock.settimeout(self.connect_timeout)
            sock.do_handshake()
        except (OSError, ValueError):
            self.failed(sock)
            sock.close()
            raise
        return sock

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > self.largest:
            raise ValueError(f"a packet of {bufsize} bytes; at most {self.largest} are taken")
        return super()._sock_recv(bufsize)

    def _packet_queue(
        self, command: int, packet: bytes | bytearray, mid: int, qos: int, info: Any = None
    ) -> MQTTErrorCode:
        if command & 0xF0 in (PUBLISH, PINGREQ):
            self.credit = min(CREDIT, self.credit + EACH)
        return super()._packet_queue(command, packet, mid, qos, info)

    def _packet_handle(self) -> MQTTErrorCode:
        # Each costs CPU, and some an answer: a flood of them would stop the collectors, not the broker.
        self.credit -= 1
        if self.credit < 0:
            raise ValueError("far more packets than anybody asked for")
        if len(self._out_packet) > UNREAD:
            raise ValueError(f"packets, while it leaves {UNREAD} answers unread")
        return super()._packet_handle()

    def _handle_publish(self) -> MQTTErrorCode:
        # Nobody asks for QoS 2, whose messages wait in memory until the broker releases them.
        if self._in_packet["command"] & QOS_2:
            raise ValueError("a message of a quality of service that nobody asked for")
        return super()._handle_publish()

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        """A code that MQTT has no name for in a PUBACK ends the connection in paho, and the same publish
        would end the next one: Mosquitto 2.0 says 0x95, packet too large."""
        packet = bytearray(self._in_packet["packet"])
        self.code = packet[2] if self._protocol == MQTTv5 and len(packet) > 2 else 0
        try:
            ReasonCode(PacketTypes.PUBACK, identifier=self.code)
        except (KeyError, ValueError):
            packet[2] = UNSPECIFIED
            self._in_packet["packet"] = packet
        return super()._handle_pubackcomp(cmd)
