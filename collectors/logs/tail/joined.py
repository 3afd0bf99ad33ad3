"""Records of several lines: stack traces, joined to the line that they belong to.

The line feeds inside a record become `JOINT`. Which lines go on with the one before: indented ones, a Python
traceback to the line of its exception, and the words by which traces of Java, Go and Node go on.
"""

from __future__ import annotations

import re
from typing import NamedTuple

JOINT = b"\x1e"
"""ASCII's record separator stands where a line feed was."""
SHOWN = " \N{DOWNWARDS ARROW WITH CORNER LEFTWARDS} "
_BREAKS = re.compile(r"[\x1e\r\n]+")
MOST_LINES = 512
TRACEBACK = b"Traceback (most recent call last):"
BETWEEN = (b"During handling of the above exception", b"The above exception was the direct cause")
GOES_ON = re.compile(rb"[ \t]|Caused by: |Suppressed: |\.\.\. \d+ more|goroutine \d+ \[|[})\]]\s*$")
# Where none of this is in a block, no line of it goes on with another.
CANDIDATE = re.compile(rb"\n(?:[ \t}\])]|Traceback |Caused by: |Suppressed: |\.\.\. \d|goroutine )")

WHOLE = re.compile(rb"\{.*\}\s*$|.* HTTP/[0-9.]+\"")
"""A JSON object, or a line of an access log: nothing belongs to it, so that it need not wait."""


class Joined(NamedTuple):
    """Records, each with one line feed at its end; the number of the first line of each; how many lines at
    the end are kept back, as more of their record may come; how many records were cut."""

    records: list[bytes]
    firsts: list[int]
    kept: int
    cut: int


def one_line(text: str) -> str:
    """A record for people: an arrow where its lines were put together, or a line feed stands in it."""
    return _BREAKS.sub(SHOWN, text)


def join_text(text: bytes, limit: int, *, last: bool, full: bool) -> tuple[bytes, int, int]:
    """As `join`, of lines in one piece: records, how many lines are kept back, how many were cut.

    `full`: there is no room to wait for more, so that something must be given.
    """
    if CANDIDATE.search(text) is None and GOES_ON.match(text) is None:
        start = text.rfind(b"\n", 0, len(text) - 1) + 1
        if last or WHOLE.match(text, start) or (full and not start):
            return text, 0, 0
        return text[:start], 1, 0
    lines = [line + b"\n" for line in text.split(b"\n")[:-1]]
    joined = join(lines, limit, last=last)
    if full and not joined.records:
        joined = join(lines, limit, last=True)
    return b"".join(joined.records), joined.kept, joined.cut


def join(lines: list[bytes], limit: int, *, last: bool) -> Joined:
    """Join whole lines to records of at most `limit` bytes and `MOST_LINES` lines.

    Unless nothing follows for now (`last`), the last record is kept back, if more may belong to it.
    """
    firsts = list(_firsts(lines))
    kept = 0
    if not last and firsts and not (firsts[-1] == len(lines) - 1 and WHOLE.match(lines[-1])):
        kept = len(lines) - firsts[-1]
        if kept > MOST_LINES:
            kept = 0
        else:
            del firsts[-1]
    cut = 0
    records = []
    for first, after in zip(firsts, [*firsts[1:], len(lines) - kept][: len(firsts)], strict=True):
        part = lines[first : min(after, first + MOST_LINES)]
        record = JOINT.join(line[:-1] for line in part) if len(part) > 1 else part[0][:-1]
        cut += len(record) > limit or after - first > MOST_LINES
        records.append(record[:limit] + b"\n")
    return Joined(records, firsts, kept, cut)


def _firsts(lines: list[bytes]) -> list[int]:
    """The numbers of the lines that begin a record."""
    firsts: list[int] = []
    inside = False  # a Python traceback, before the line of its exception
    after = False  # just behind one: another may follow
    for number, line in enumerate(lines):
        blank = not line.strip()
        if line.startswith(TRACEBACK) or (after and line.startswith(BETWEEN)):
            goes_on, inside, after = True, line.startswith(TRACEBACK), True
        elif inside:
            goes_on, inside, after = True, line[:1] in b" \t" or blank, True
        elif after and blank:
            goes_on = True
        else:
            goes_on, after = GOES_ON.match(line) is not None and not blank, False
        if not goes_on or not firsts:
            firsts.append(number)
    return firsts
