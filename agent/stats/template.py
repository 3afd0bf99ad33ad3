"""Templates of error texts: what differs from one occurrence to the next is masked.

Words with a digit, quoted texts, paths and the values of `key=value` become `*`. That needs no model and
gives the same template, and the same identifier, on every device, so that counts merge across a fleet.
"""

from __future__ import annotations

import re
from hashlib import blake2b

LONGEST = 512
"""Characters of a text that are looked at."""
LONGEST_TEMPLATE = 200

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_DIGIT = re.compile(r"\d")
_ENDS = ".,:;!?)]}>\"'"


def masked(text: str) -> str:
    """The template of a text, cut to `LONGEST_TEMPLATE` characters."""
    words = _QUOTED.sub("*", text[:LONGEST]).split()
    return " ".join([word if word.isalpha() else _masked(word) for word in words])[:LONGEST_TEMPLATE]


def _masked(word: str) -> str:
    key, is_pair, _ = word.partition("=")
    if is_pair and key and not _DIGIT.search(key):
        return f"{key}=*"
    if _DIGIT.search(word) or "/" in word.strip("/") or word.startswith("/"):
        end = word[len(word.rstrip(_ENDS)) :]
        return f"*{end}"
    return word


def identifier(template: str) -> str:
    """Sixteen hexadecimal digits, the same everywhere."""
    return blake2b(template.encode("utf-8", "replace"), digest_size=8).hexdigest()
