"""What is refused before it can cost anything: bounds on foreign bytes, and the one error of the wire.

Bytes from the network pass three gates: decompression that stops at a bound and believes no header,
a scan of the MessagePack that allocates nothing, and only then the unpacking. After it every field
is checked by the functions here when it is taken out.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any, NoReturn, cast

import msgpack

from agent.ship.words import WORDS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

VERSION = (1, 1)
"""Major and minor. Another major is refused; a newer minor only adds keys, which are skipped."""

ROOT = f"outrider/v{VERSION[0]}"
"""What every topic begins with."""

MESSAGE = 128 * 1024
"""Bytes of a payload as it comes from the broker."""

UNPACKED = 4 * 1024 * 1024
"""Bytes of a message after decompression."""

BODY = 1024 * 1024
"""Bytes of one encoded body, whole."""

ITEMS = 100_000
"""MessagePack items (numbers, texts, arrays, maps) in one message or body."""

NUMBERS = 262_144
"""Numbers in the columns of one body: about 50,000 windows, or 130,000 buckets."""

NESTING = 8
SERIES = 10_000
ATTRIBUTES = 32
STRING = 1_024
FRAMES = 4_096
BUCKETS = 4_096
EVENTS = 1_000
PARTS = 1_024
INTERVALS = 1_024
NAME = 128
STATUS = 64 * 1024
ALERT = 16 * 1024
"""Bytes of an alert; series that find no room are counted in it."""

NUMBER = 2**53
"""Record numbers, epochs and counts of messages are below it: exact in a double, so in JSON."""

WINDOW_LOG = 22
"""Decompression holds at most a window of 2^22 bytes, whatever the frame's header asks for."""

LEVEL = 9
"""Of zstd: with known words higher levels save nothing more, at several times the CPU."""

_WORDS = zstd.ZstdDict(WORDS, is_raw=True)
_KNOWN = _WORDS.as_digested_dict


REASONS = {
    "version": "another major version, or none",
    "too_large": "more bytes, items, series, ... than allowed",
    "compression": "no zstd frame, torn, or something behind it",
    "malformed": "no MessagePack, torn, or not laid out as it should be",
    "nesting": "nested too deeply",
    "type": "a field is of another type",
    "range": "a number outside its bounds, or not finite",
    "stream": "a stream that is not known here",
    "name": "a name that is no level of a topic",
    "parts": "parts that do not make one body",
    "checksum": "a body other than the one that was sent",
    "json": "plain JSON where MessagePack is expected, or no JSON where it is",
}
"""Why something is refused, by the slug that it is counted under."""


class WireError(ValueError):
    """Bytes that are no valid message, acknowledgement or body of ours.

    `reason` is one of `REASONS`; `detail` says which field, its bound and the value.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def fault(reason: str, detail: str) -> NoReturn:
    """Raise `WireError`."""
    raise WireError(reason, detail)


def compress(data: bytes, level: int = LEVEL) -> bytes:
    """One zstd frame, against the words that both sides know."""
    return zstd.compress(data, level, zstd_dict=_KNOWN)


def decompress(data: bytes, limit: int) -> bytes:
    """What one zstd frame holds, at most `limit` bytes; nothing may follow the frame.

    Raises:
        WireError: "compression" (no zstd, torn, something behind it) or "too_large".
    """
    reader = zstd.ZstdDecompressor(_WORDS, {int(zstd.DecompressionParameter.window_log_max): WINDOW_LOG})
    try:
        found: bytes = reader.decompress(data, limit + 1)
    except zstd.ZstdError as error:
        raise WireError("compression", f"not a zstd frame: {error}") from None
    if len(found) > limit:
        fault("too_large", f"more than {limit} bytes after decompression")
    if not reader.eof:
        fault("compression", f"the zstd frame is torn after {len(data)} bytes")
    if reader.unused_data:
        fault("compression", f"{len(reader.unused_data)} bytes behind the zstd frame")
    return found


def _sizes() -> Iterator[tuple[int, int, int]]:
    """MessagePack's first bytes: (width of the length field, fixed bytes, items inside).

    Fixed bytes of -1: the length field counts bytes. Items of -1 or -2: it counts items or pairs.
    """
    named = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
    named |= {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
    sized = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
    held = {0xDC: (2, -1), 0xDD: (4, -1), 0xDE: (2, -2), 0xDF: (4, -2)}
    for code in range(256):
        if code < 0x80 or code >= 0xE0:
            yield 0, 0, 0
        elif code < 0x90:
            yield 0, 0, 2 * (code & 15)
        elif code < 0xA0:
            yield 0, 0, code & 15
        elif code < 0xC0:
            yield 0, code & 31, 0
        elif code in named:
            yield 0, named[code], 0
        elif code in sized:
            yield sized[code], -1, 0
        elif code in held:
            yield held[code][0], 0, held[code][1]
        else:
            yield -1, 0, 0


_SIZES = tuple(_sizes())


def scan(data: bytes) -> None:
    """Check the shape of MessagePack without building anything: one item, whole, within bounds.

    Raises:
        WireError: "malformed" (torn, something behind it, an extension type), "nesting",
            "too_large" (more than `ITEMS` items).
    """
    at, seen, size = 0, 0, len(data)
    left = [1]
    while left:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        seen += 1
        if at >= size:
            fault("malformed", f"MessagePack ends early, at byte {size}")
        width, fixed, inside = _SIZES[data[at]]
        if width < 0:
            fault("malformed", f"MessagePack type 0x{data[at]:02x} at byte {at} is not used here")
        length = int.from_bytes(data[at + 1 : at + 1 + width], "big") if width else 0
        at += 1 + width + (length if fixed < 0 else fixed)
        inside = -inside * length if inside < 0 else inside
        if inside:
            if seen + inside > ITEMS:
                fault("too_large", f"more than {ITEMS} MessagePack items")
            if len(left) > NESTING:
                fault("nesting", f"MessagePack nests deeper than {NESTING}")
            left.append(inside)
    if at != size:
        fault("malformed", f"MessagePack ends at byte {at} of {size}")


def _unique(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """A map that names no key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        fault("malformed", "a map names a key twice")
    return found


def unpacked(data: bytes) -> dict[str, Any]:
    """A MessagePack map of ours, scanned and its version checked.

    Raises:
        WireError: it is no such map.
    """
    scan(data)
    try:
        found = msgpack.unpackb(data, strict_map_key=True, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise WireError("malformed", "a text is not UTF-8") from None
    except (ValueError, TypeError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError("malformed", f"not MessagePack: {error}") from None
    return versioned(found)


def packed(fields: dict[str, Any]) -> bytes:
    """MessagePack; characters that UTF-8 cannot carry are written as `\\udc80` and the like."""
    return cast("bytes", msgpack.packb(fields, unicode_errors="backslashreplace"))


def versioned(fields: Any) -> dict[str, Any]:
    """A map that carries our version.

    Raises:
        WireError: "type" for no map, "version" for a newer or missing one.
    """
    if not isinstance(fields, dict):
        fault("type", f"a map is expected, not {type(fields).__name__}")
    version = fields.get("v")
    if not (isinstance(version, list) and version and type(version[0]) is int):
        fault("version", "no version in `v`")
    if version[0] != VERSION[0]:
        fault("version", f"major version {version[0]}; this is version {VERSION[0]}.{VERSION[1]}")
    return fields


def whole(value: Any, what: str, most: int = NUMBER - 1, least: int = 0) -> int:
    """An integer within [least, most]."""
    if type(value) is not int:
        fault("type", f"{what} must be an integer, not {type(value).__name__}")
    if not least <= value <= most:
        fault("range", f"{what} must be within [{least}, {most}], not {value}")
    return int(value)


def number(value: Any, what: str) -> float:
    """A finite number as a float."""
    if type(value) is int:
        return float(whole(value, what, NUMBER, -NUMBER))
    if type(value) is not float:
        fault("type", f"{what} must be a number, not {type(value).__name__}")
    if not math.isfinite(value):
        fault("range", f"{what} must be finite, not {value}")
    return float(value)


def text(value: Any, what: str, most: int = STRING) -> str:
    """A text of at most `most` bytes of UTF-8."""
    if type(value) is not str:
        fault("type", f"{what} must be a text, not {type(value).__name__}")
    if len(value) > most or (not value.isascii() and len(value.encode("utf-8", "backslashreplace")) > most):
        fault("too_large", f"{what} is longer than {most} bytes")
    return str(value)


def octets(value: Any, what: str, most: int) -> bytes:
    """At most `most` bytes."""
    if type(value) is not bytes:
        fault("type", f"{what} must be bytes, not {type(value).__name__}")
    if len(value) > most:
        fault("too_large", f"{what} is {len(value)} bytes, at most {most} are allowed")
    return bytes(value)


def listed(value: Any, what: str, most: int, exactly: int | None = None) -> list[Any]:
    """A list of at most `most` items, or of at least `exactly`: a newer version may add some."""
    if type(value) is not list:
        fault("type", f"{what} must be a list, not {type(value).__name__}")
    if len(value) > most:
        fault("too_large", f"{what} has {len(value)} items, at most {most} are allowed")
    if exactly is not None and len(value) < exactly:
        fault("malformed", f"{what} has {len(value)} items, {exactly} are needed")
    return list(value)


def mapping(value: Any, what: str) -> dict[str, Any]:
    """A map."""
    if not isinstance(value, dict):
        fault("type", f"{what} must be a map, not {type(value).__name__}")
    return value


def level_name(value: Any, what: str) -> str:
    """A name that can be one level of a topic: 1 to 128 characters, none of `/ + #` or NUL."""
    name = text(value, what, 4 * NAME)
    if not 1 <= len(name) <= NAME or any(c in "/+#\0" for c in name):
        fault("name", f"{what} must be 1 to {NAME} characters without / + # and NUL")
    return name
