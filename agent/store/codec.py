"""Content as the store keeps it: the wire's body with every number exact, compressed."""

from __future__ import annotations

from agent.ship import body
from agent.stats.frame import Content


def pack(content: Content) -> bytes:
    """`content` as bytes.

    Raises:
        ValueError: it is beyond the limits that its reader will hold it to.
    """
    return body.pack(body.encode_body(content, None))


def unpack(data: bytes) -> Content:
    """The content that `data` packs.

    Raises:
        ValueError: not what `pack` makes, or beyond the limits.
    """
    return body.decode_body(body.unpack(data))
