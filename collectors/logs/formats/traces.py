"""Exceptions in lines of text: the last line of a stack trace names the type and says why."""

from __future__ import annotations

import re

from collectors.logs.tail.joined import JOINT

Spans = dict[str, tuple[int, int]]

LONGEST = 512
_EXCEPTION = re.compile(
    rb"(?:[a-zA-Z_]\w{0,63}\.){0,8}"
    rb"(?P<exception>(?=[A-Z])\w{0,48}(?:Error|Exception|Interrupt|Timeout|Exit))(?::[ ](?P<message>.*))?$"
)


def head_of(line: bytes) -> bytes:
    """The first line of a record of several."""
    place = line.find(JOINT)
    return line if place < 0 else line[:place]


def exception_in(line: bytes) -> Spans | None:
    """Where the last line of a record names an exception, and where its message stands; None: nowhere."""
    begin = line.rfind(JOINT) + 1
    found = _EXCEPTION.match(line[begin : begin + LONGEST])
    if found is None:
        return None
    spans = {name: found.span(name) for name in ("exception", "message")}
    return {name: (begin + span[0], begin + span[1]) for name, span in spans.items() if span[0] >= 0}
