"""A paho client that no broker can make grow: small packets, no QoS 2, answers that are read.

MQTT lets a packet have 256 MB, and paho reads whatever comes; what CONNECT says of our limits binds
honest brokers alone. The two methods are paho's inner ones: the tests hold what they are for.
"""

from __future__ import annotations

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

LARGEST = 65_536
UNREAD = 1_000
QOS_2 = 0x04


class BoundedClient(Client):
    """Its `loop_read` raises ValueError for what goes beyond the limits; the connection is of no use then.

    `largest` is how many bytes a packet may have.
    """

    largest = LARGEST

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > self.largest:
            raise ValueError(f"a packet of {bufsize} bytes; at most {self.largest} are taken")
        return super()._sock_recv(bufsize)

    def _handle_publish(self) -> MQTTErrorCode:
        # Nobody asks for QoS 2, whose messages wait in memory until the broker releases them.
        if self._in_packet["command"] & QOS_2:
            raise ValueError("a message of a quality of service that nobody asked for")
        if len(self._out_packet) > UNREAD:
            raise ValueError(f"messages, while it leaves {UNREAD} answers unread")
        return super()._handle_publish()
