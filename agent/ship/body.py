"""A record's content as bytes, self-contained: the series table, then frames of columns, then events.

The same content gives the same bytes. `encode_body(content, None)` keeps every double, for the
device's own store; with `digits` floats are cut to so many significant digits and times to
milliseconds, for the wire, while counts and whole deltas of counters stay exact. Every field is
written down in README.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agent.ship.bits import Room
from agent.ship.columns import CODECS, read_block, write_block
from agent.ship.decimals import MOST_DIGITS, Decimals
from agent.ship.limits import (
    ATTRIBUTES,
    BODY,
    EVENTS,
    FRAMES,
    NUMBER,
    VERSION,
    WireError,
    compress,
    decompress,
    fault,
    listed,
    mapping,
    number,
    octets,
    packed,
    scan,
    text,
    unpacked,
    whole,
)
from agent.ship.sheet import is_sheet, read_sheet, write_sheet
from agent.ship.table import Table, read_table, write_table
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.window import Summary
from collectors.api import Series

__all__ = ["WireError", "decode_body", "encode_body", "pack", "unpack"]

QUALITIES = ("synchronised", "unsynchronised", "unknown")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def encode_body(content: Content, digits: int | None) -> bytes:
    """The bytes of a content, not compressed.

    Args:
        content: frames and events; all numbers finite, texts of at most 1,024 bytes.
        digits: significant digits of what is no whole number, 1 to 15; None keeps all.

    Raises:
        WireError: the content is beyond the limits that its reader will hold it to.
    """
    if digits is not None and not 1 <= digits <= MOST_DIGITS:
        fault("range", f"digits must be within [1, {MOST_DIGITS}], not {digits}")
    decimals = None if digits is None else Decimals(digits)
    if len(content.frames) > FRAMES or len(content.events) > EVENTS:
        fault("too_large", f"a body holds at most {FRAMES} frames and {EVENTS} events")
    room = Room()
    fields, table = write_table((series for frame in content.frames for series in frame.windows), room)
    spans = [frame.span for frame in content.frames]
    boots = list(dict.fromkeys([span.boot for span in spans] + [event.boot for event in content.events]))
    sheet = _write_sheet(content.frames, table, boots, decimals, room) if is_sheet(content.frames) else None
    frames = () if sheet else content.frames
    body = {
        "v": list(VERSION),
        "q": digits,
        "t": fields,
        "u": [_boot(boot) for boot in boots],
        "f": [_write_frame(frame, table, boots, decimals, room) for frame in frames],
        "s": sheet,
        "e": [_write_event(event, boots.index(event.boot), digits) for event in content.events],
        "x": whole(content.dropped, "dropped events"),
    }
    data = packed({key: value for key, value in body.items() if value or key in "vt"})
    if len(data) > BODY:
        fault("too_large", f"a body of {len(data)} bytes, at most {BODY} are allowed")
    scan(data)
    return data


def decode_body(data: bytes, room: Room | None = None) -> Content:
    """The content of a body.

    Args:
        data: what `encode_body` gave.
        room: shared by several bodies that may hold so many numbers together.

    Raises:
        WireError: it is no body, or one beyond the limits; see `limits` for the reasons.
    """
    if len(data) > BODY:
        fault("too_large", f"a body of {len(data)} bytes, at most {BODY} are allowed")
    fields = unpacked(data)
    digits = fields.get("q")
    if digits is not None:
        whole(digits, "digits `q`", MOST_DIGITS, 1)
    room = room or Room()
    table = read_table(fields.get("t"), room)
    boots = [_read_boot(boot) for boot in listed(fields.get("u", []), "boots `u`", FRAMES + EVENTS)]
    frames = listed(fields.get("f", []), "frames `f`", FRAMES)
    ticks = _read_sheet(fields["s"], table, boots, digits, room) if "s" in fields else []
    events = listed(fields.get("e", []), "events `e`", EVENTS)
    return Content(
        (*[_read_frame(frame, table, boots, digits, room) for frame in frames], *ticks),
        tuple([_read_event(event, boots, digits) for event in events]),
        whole(fields.get("x", 0), "dropped events `x`"),
    )


def pack(body: bytes) -> bytes:
    """A body compressed for keeping; in a message it is compressed with all the rest instead."""
    return compress(body)


def unpack(blob: bytes) -> bytes:
    """The inverse of `pack`.

    Raises:
        WireError: "compression" or "too_large".
    """
    return decompress(blob, BODY)


def _boot(boot: str) -> bytes | str:
    """A boot id as the kernel prints it in 16 bytes; any other as it is."""
    return bytes.fromhex(boot.replace("-", "")) if _UUID.fullmatch(boot) else text(boot, "boot")


def _read_boot(value: Any) -> str:
    if isinstance(value, str):
        return text(value, "boot")
    digits = octets(value, "boot", 16).hex()
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def _time(seconds: float, digits: int | None) -> float | int:
    """Seconds where all is exact, else whole milliseconds."""
    exact = _near(float(seconds), "a time")
    return exact if digits is None else round(exact * 1000)


def _read_time(value: Any, digits: int | None, what: str) -> float:
    return _near(value, what) if digits is None else whole(value, what, NUMBER, -NUMBER) / 1000


def _near(value: Any, what: str) -> float:
    """A time of at most 2^53 ms either way, so that sums and differences of times are finite."""
    seconds = number(value, what)
    if abs(seconds) > NUMBER / 1000:
        fault("range", f"{what} must be within 2^53 ms, not {seconds} s")
    return seconds


def _write_frame(
    frame: Frame, table: Table, boots: list[str], decimals: Decimals | None, room: Room
) -> dict[str, Any]:
    span, digits = frame.span, decimals.digits if decimals else None
    times = [_time(t, digits) for t in (span.start, span.end, span.covered, span.offset)]
    _check_span(span)
    if digits:
        times[1] -= times[0]
    blocks = {
        letter: write_block(letter, series, frame.windows, decimals, room) for letter, series in table.items()
    }
    found = {letter: block for letter, block in blocks.items() if block}
    return {"s": [boots.index(span.boot), *times, _quality(span.quality)], **found}


def _quality(quality: str) -> int | str:
    return QUALITIES.index(quality) if quality in QUALITIES else text(quality, "quality")


def _read_quality(value: Any) -> str:
    return text(value if isinstance(value, str) else QUALITIES[whole(value, "quality", 2)], "quality")


def _write_sheet(
    frames: Sequence[Frame], table: Table, boots: list[str], decimals: Decimals | None, room: Room
) -> list[Any]:
    """The clock that all these frames share, and their sheet."""
    span, digits = frames[0].span, decimals.digits if decimals else None
    for frame in frames:
        _near(frame.span.start, "a time")
        _near(frame.span.end, "a time")
    clock = [boots.index(span.boot), _time(span.offset, digits), _quality(span.quality)]
    return [*clock, *write_sheet(frames, table, decimals, room)]


def _read_sheet(value: Any, table: Table, boots: list[str], digits: int | None, room: Room) -> list[Frame]:
    boot, offset, quality, *block = listed(value, "sheet `s`", 64, 5)
    clock = (
        boots[whole(boot, "boot of a sheet", len(boots) - 1)],
        _read_time(offset, digits, "offset of a sheet"),
        _read_quality(quality),
    )
    ticks = read_sheet(block[:2], table, None if digits is None else Decimals(digits), room)
    return [Frame(Span(clock[0], t.start, t.end, t.end - t.start, *clock[1:]), t.windows) for t in ticks]


def _read_frame(value: Any, table: Table, boots: list[str], digits: int | None, room: Room) -> Frame:
    fields = mapping(value, "frame")
    span = _read_span(listed(fields.get("s"), "span `s`", 64, 6), boots, digits)
    decimals = None if digits is None else Decimals(digits)
    windows: dict[Series, Summary] = {}
    for letter in CODECS:
        if letter in fields:
            windows.update(read_block(letter, fields[letter], table.get(letter, []), decimals, room))
    return Frame(span, windows)


def _read_span(value: list[Any], boots: list[str], digits: int | None) -> Span:
    boot = boots[whole(value[0], "boot of a span", len(boots) - 1)]
    start, end, covered, offset = [_read_time(t, digits, "a time of a span") for t in value[1:5]]
    if digits is not None:
        end = (value[1] + value[2]) / 1000
    span = Span(boot, start, end, covered, offset, _read_quality(value[5]))
    _check_span(span)
    return span


def _check_span(span: Span) -> None:
    if not (span.covered >= 0 and span.end >= span.start):
        fault("range", f"a span from {span.start} to {span.end} s with {span.covered} s covered")


def _write_event(event: Event, boot: int, digits: int | None) -> list[Any]:
    words = [text(word, "event") for pair in event.attributes for word in pair]
    listed(words, "attributes of an event", 2 * ATTRIBUTES)
    at, offset = _time(event.at, digits), _time(event.offset, digits)
    return [boot, at, offset, text(event.name, "event"), words, text(event.text, "event")]


def _read_event(value: Any, boots: list[str], digits: int | None) -> Event:
    boot, at, offset, name, words, said = listed(value, "event", 64, 6)[:6]
    words = [text(word, "attribute of an event") for word in listed(words, "attributes", 2 * ATTRIBUTES)]
    if len(words) % 2:
        fault("malformed", "an attribute of an event has no value")
    return Event(
        boots[whole(boot, "boot of an event", len(boots) - 1)],
        _read_time(at, digits, "time of an event"),
        _read_time(offset, digits, "offset of an event"),
        text(name, "name of an event"),
        tuple(zip(words[::2], words[1::2], strict=True)),
        text(said, "text of an event"),
    )
