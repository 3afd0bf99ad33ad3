"""Pictures in text: a line is a row of inked pieces, and what they look like is said by name.

The views compose lines, which are pure; `sgr` draws one on a plain terminal, the Textual view in its
own way. A style says again what a mark, a word or a shape says already: colour is never the only carrier.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agent.view.units import columns, cut

STYLES: dict[str, tuple[str, ...]] = {
    "": (),
    "title": ("bold",),
    "dim": ("dim",),
    "accent": ("cyan",),
    "head": ("bold", "cyan"),
    "good": ("green",),
    "warn": ("yellow",),
    "bad": ("bold", "red"),
    "late": ("dim", "italic"),
    "spark": ("blue",),
    "chosen": ("reverse",),
}
"""What a style's name means, in words that Rich and `_CODES` know: the terminal's own sixteen colours."""

_CODES = {"bold": 1, "dim": 2, "italic": 3, "reverse": 7}
_CODES |= {name: 31 + n for n, name in enumerate(("red", "green", "yellow", "blue", "magenta", "cyan"))}


class Ink(NamedTuple):
    """A piece of text without line breaks or escapes, and the name of its style."""

    text: str
    style: str = ""


Line = tuple[Ink, ...]


def line(*pieces: Ink | str) -> Line:
    """A line of pieces; what has no style is plain, what is empty is left out."""
    inked = (Ink(piece) if isinstance(piece, str) else piece for piece in pieces)
    return tuple(piece for piece in inked if piece.text)


def plain(pieces: Iterable[Ink]) -> str:
    """The text of a line."""
    return "".join(piece.text for piece in pieces)


def span(pieces: Iterable[Ink]) -> int:
    """The cells that a line takes."""
    return sum(columns(piece.text) for piece in pieces)


def fit(pieces: Line, width: int) -> Line:
    """A line in at most `width` cells; what does not fit ends in an ellipsis."""
    if span(pieces) <= width:
        return pieces
    kept: list[Ink] = []
    room = width
    for piece in pieces:
        size = columns(piece.text)
        if size >= room and (size > room or piece is not pieces[-1]):
            # One cell wider than there is, so that the ellipsis stands where something follows.
            text = cut(piece.text if size > room else piece.text + " ", room)
            return (*kept, Ink(text, piece.style)) if text else tuple(kept)
        kept.append(piece)
        room -= size
    return tuple(kept)


def fill(pieces: Line, width: int) -> Line:
    """A line in exactly `width` cells."""
    fitted = fit(pieces, width)
    left = width - span(fitted)
    return (*fitted, Ink(" " * left)) if left > 0 else fitted


def spread(left: Line, right: Line, width: int) -> Line:
    """Two ends of a line with blanks between; the right one stands as long as there is room for it."""
    room = width - span(right)
    if room < 2:
        return fit(left, width)
    return (*fill(left, room), *right)


def aside(left: Iterable[Line], right: Iterable[Line], width: int, gap: int = 2) -> list[Line]:
    """Two columns of lines; the left one takes `width` cells."""
    one, two = list(left), list(right)
    height = max(len(one), len(two))
    one += [()] * (height - len(one))
    two += [()] * (height - len(two))
    blank = Ink(" " * gap)
    return [(*fill(a, width), blank, *b) if b else a for a, b in zip(one, two, strict=True)]


def changed(before: Line, after: Line) -> tuple[int, int] | None:
    """The cells, from and up to, in which one line differs from another; None if it does not."""
    if before == after:
        return None
    one = [(letter, piece.style) for piece in before for letter in piece.text]
    two = [(letter, piece.style) for piece in after for letter in piece.text]
    same = next(
        (n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two))
    )
    while same and not all(columns(each[same][0]) for each in (one, two) if same < len(each)):
        same -= 1  # a mark without a cell of its own changes the cell before it
    start = columns("".join(letter for letter, _ in two[:same]))
    end = max(span(before), span(after))
    if span(before) == span(after):
        tail = zip(reversed(one[same:]), reversed(two[same:]), strict=False)
        alike = next((n for n, (a, b) in enumerate(tail) if a != b), 0)
        while alike and not columns(two[len(two) - alike][0]):
            alike -= 1
        end -= columns("".join(letter for letter, _ in two[len(two) - alike :]))
    return (start, end) if end > start else None


def sgr(pieces: Iterable[Ink], *, colour: bool) -> str:
    """A line as a terminal draws it; plain text without colour."""
    if not colour:
        return plain(pieces)
    return "".join(_drawn(piece) for piece in pieces)


def _drawn(piece: Ink) -> str:
    codes = ";".join(str(_CODES[word]) for word in STYLES[piece.style])
    return f"\x1b[{codes}m{piece.text}\x1b[0m" if codes else piece.text
