"""Strings from a device, made safe to print: no control, no escape sequence, nothing unseen.

A fleet's viewer prints names that others chose. A terminal obeys escape sequences in them, and a
bidirectional override or a zero-width character makes one name look like another.

Each run of such characters becomes one U+FFFD rather than nothing: a name that was tampered with
must not turn into the name of another device or series ("gpu\\u200b0" is not "gpu0"), and the reader
should see that something stood there.
"""

from __future__ import annotations

import re
import unicodedata

MARK = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI
    r"|\x1b[ -/]*[0-~]?"  # the short ones
)
_REFUSED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# Drawn as nothing, though Unicode does not call them format characters: joiners, fillers, selectors.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


def clean(text: str, limit: int = 256) -> str:
    """`text` with every escape sequence and every unprintable or invisible run as one U+FFFD.

    At most `limit` characters (at least 1); a longer text is cut and ends in an ellipsis. The cost
    is bounded by `limit`, not by the text: what lies behind the limit is never looked at. Plain
    text comes back as it is, and cleaning twice is cleaning once.
    """
    head = text[:limit]
    if not (head.isascii() and head.isprintable()):
        head = _marked(head)
    return head if len(text) <= limit else head[: limit - 1] + ELLIPSIS


def _marked(text: str) -> str:
    """`text` with what may not be printed replaced."""
    text = _UNSEEN.sub("\0", _ESCAPES.sub("\0", text))
    letters: list[str] = []
    for letter in text:
        if unicodedata.category(letter) not in _REFUSED:
            letters.append(letter)
        elif not letters or letters[-1] != MARK:
            letters.append(MARK)
    return "".join(letters)
