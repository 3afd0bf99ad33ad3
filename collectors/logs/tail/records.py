"""Whole lines of a file as one looks at them at once: unwrapped, and stack traces joined. For who follows no
file but explains one; nothing waits for more."""

from __future__ import annotations

from typing import NamedTuple

from collectors.logs.tail.joined import join, join_text
from collectors.logs.tail.lines import shortened
from collectors.logs.tail.wrapped import Wrapper, unwrap


class Records(NamedTuple):
    """Records, each with a line feed at its end, and when each was written where its wrapper says so."""

    text: bytes
    times: list[float | None] | None


def records(text: bytes, wrapper: Wrapper, limit: int, *, joins: bool) -> Records:
    """What whole lines hold, each cut to `limit` bytes; the end of the last may be missing."""
    if text and not text.endswith(b"\n"):
        text += b"\n"
    if wrapper == "none":
        short, *_ = shortened(text, limit)
        return Records(join_text(short, limit, last=True, full=True)[0] if joins else short, None)
    found = unwrap(text, wrapper, limit, 0, force=True)
    lines, times = found.lines, found.times
    if joins:
        joined = join(lines, limit, last=True)
        lines, times = joined.records, [times[first] for first in joined.firsts]
    return Records(b"".join(lines), times)
