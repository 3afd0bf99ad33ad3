"""Which bytes of a block are whole lines, and what of a line that is too long is left out."""

from __future__ import annotations

from typing import NamedTuple


class Lines(NamedTuple):
    """Whole lines, and the bytes they took.

    Args:
        text: lines, each with its line feed; nothing else is changed, CR and invalid UTF-8 are passed on.
        used: bytes of the block that are done with.
        skipping: the next bytes belong to a line that was cut.
        cut: lines cut at the limit.
        dropped: bytes of them that are left out.
        torn: last lines that never got a line feed, and have been given one.
    """

    text: bytes
    used: int
    skipping: bool = False
    cut: int = 0
    dropped: int = 0
    torn: int = 0


def whole(block: bytes, limit: int, *, skipping: bool = False, last: bool = False) -> Lines:
    """The whole lines of a block, each of at most `limit` bytes.

    A line is cut to the same bytes whether it came at once or in pieces. With `last` nothing follows the
    block: what has no line feed is a line too.
    """
    start = 0
    if skipping:
        start = block.find(b"\n") + 1
        if not start:
            return Lines(b"", len(block), not last, dropped=len(block))
    end = block.rfind(b"\n") + 1
    if end > start:
        text, cut, dropped = shortened(block[start:end], limit)
        return Lines(text, end, cut=cut, dropped=dropped + max(0, start - 1))
    rest = block[start:]
    if len(rest) > limit:
        return Lines(rest[:limit] + b"\n", start + limit, skipping=True, cut=1, dropped=start)
    if last and rest:
        return Lines(rest + b"\n", len(block), torn=1, dropped=start)
    return Lines(b"", start, dropped=start)


def shortened(text: bytes, limit: int) -> tuple[bytes, int, int]:
    """Whole lines with at most `limit` bytes each; how many were cut, and by how many bytes in all.

    It looks for the last line feed in each stretch of the limit's length, so lines that are short cost
    next to nothing.
    """
    pieces: list[bytes] = []
    at = kept = cut = 0
    while at + limit < len(text):
        end = text.rfind(b"\n", at, at + limit + 1) + 1
        if not end:
            pieces.append(text[kept : at + limit])
            kept = text.index(b"\n", at + limit)
            cut += 1
            end = kept + 1
        at = end
    if not cut:
        return text, 0, 0
    short = b"".join((*pieces, text[kept:]))
    return short, cut, len(text) - len(short)
