"""Whole lines of a file as one looks at them at once: unwrapped, and stack traces joined. For who follows no
file but explains one; nothing waits for more."""

from __future__ import annotations

from typing import NamedTuple

from collectors.logs.tail.joined import join
from collectors.logs.tail.wrapped import Wrapper, unwrap


class Records(NamedTuple):
    """Records, each with a line feed at its end, and when each was written where its wrapper says so."""

    lines: list[bytes]
    times: list[float | None] | None


def records(text: bytes, wrapper: Wrapper, limit: int, *, joins: bool) -> Records:
    """What whole lines hold, each cut to `limit` bytes."""
    times: list[float | None] | None = None
    if wrapper == "none":
        lines = [line + b"\n" for line in text.split(b"\n")[:-1]]
    else:
        found = unwrap(text, wrapper, limit, 0, force=True)
        lines, times = found.lines, found.times
    if joins:
        joined = join(lines, limit, last=True)
        lines = joined.records
        times = [times[first] for first in joined.firsts] if times is not None else None
    return Records(lines, times)
