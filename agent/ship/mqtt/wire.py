"""What a TCP connection took on the wire, both ways, as the kernel counts it: struct tcp_info.

    sent       payload with all that was sent again, segments and their headers; before Linux 4.19, which
               does not say it: what was acknowledged, what is not yet, and what was sent again, in segments
    received   payload once, and the headers of all segments that came

Headers are those of IP and TCP, with timestamps where both sides use them; other options (SYN, SACK) are
few. What goes after the last look, the end of a connection that was cut, is put down as four bare segments.
"""

from __future__ import annotations

import socket
import sys
from typing import Any, NamedTuple

# Where Linux keeps its options, bytes_received, segs_out, segs_in, bytes_sent; the first three since 4.2.
OPTIONS_AT, RECEIVED_AT, SEGMENTS_OUT_AT, SEGMENTS_IN_AT, SENT_AT, SIZE = 5, 128, 136, 140, 200, 256
# And the largest segment to be sent, segments not acknowledged, segments sent again, bytes acknowledged.
SEGMENT_AT, FLYING_AT, AGAIN_AT, ACKNOWLEDGED_AT = 16, 24, 100, 120
TIMESTAMPS = 1
TCP, TIMESTAMP, IPV4, IPV6 = 20, 12, 20, 40
# A SYN has this much more than a segment: segment size, SACK permitted, window scale.
SYN_OPTIONS = 8
FAREWELL_SEGMENTS = 4
LAST_READS = 4
# Two questions (A, AAAA) and their answers about a name, of which the kernel tells us nothing.
QUESTION, ANSWER = 28 + 18, 28 + 18 + 120
UDP_ROUNDS = 2


class Count(NamedTuple):
    """Bytes so far: payload each way, and all together with headers."""

    sent: int = 0
    received: int = 0
    wire: int = 0


def counted(sock: Any, *, over: bool = False) -> Count | None:
    """What the kernel has counted; with the end of the connection if it is `over`. None where it is too
    old to say."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SIZE)
    if len(info) < SEGMENTS_IN_AT + 4:
        return None
    sent, received = _sent(info), _long(info, RECEIVED_AT)
    segments = _word(info, SEGMENTS_OUT_AT) + _word(info, SEGMENTS_IN_AT)
    header = TCP + (IPV6 if sock.family == socket.AF_INET6 else IPV4)
    header += TIMESTAMP if info[OPTIONS_AT] & TIMESTAMPS else 0
    segments += FAREWELL_SEGMENTS if over else 0
    return Count(sent, received, sent + received + segments * header + 2 * SYN_OPTIONS)


def _sent(info: bytes) -> int:
    """Bytes of payload, with what was sent again."""
    if len(info) >= SENT_AT + 8:
        return _long(info, SENT_AT)
    again = _word(info, AGAIN_AT) + _word(info, FLYING_AT)
    return _long(info, ACKNOWLEDGED_AT) + again * _word(info, SEGMENT_AT)


def _long(info: bytes, at: int) -> int:
    return int.from_bytes(info[at : at + 8], sys.byteorder)


def _word(info: bytes, at: int) -> int:
    return int.from_bytes(info[at : at + 4], sys.byteorder)


def drained(sock: socket.socket, patience: float) -> bool:
    """Say that we are through, and read until the far side is too: nothing goes after that. False if that
    takes longer than `patience` s."""
    try:
        # Of a TLS socket, this leaves the bare one.
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(patience)
        for _ in range(LAST_READS):
            if not sock.recv(4096):
                return True
    except OSError:
        return False
    return False


def asked(host: str) -> int:
    """Bytes that the resolver takes about this name, if it asks at all; none for an address."""
    if _is_address(host):
        return 0
    return UDP_ROUNDS * (QUESTION + ANSWER + 2 * len(host))


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False
