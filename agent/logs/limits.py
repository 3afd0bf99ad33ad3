"""What bounds the summaries of a log."""

from __future__ import annotations

from typing import NamedTuple

DAY = 86400.0
MINUTE = 60.0


class Limits(NamedTuple):
    """The bounds of one log.

    Args:
        groups: combinations of model, version and attributes that are told apart; the rest is `other`.
        late: s; lines that are older, or more than a minute ahead, count at the time of reading.
        templates: error texts that are told apart.
        messages: texts of errors that are looked at in one chunk; the rest is counted only.
        rows: records that wait, as columns, before they are summed up.
    """

    groups: int = 20
    late: float = DAY
    templates: int = 64
    messages: int = 1000
    rows: int = 8192


DEFAULT = Limits()
