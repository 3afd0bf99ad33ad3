"""Windows of logs and models: summaries by series."""

from __future__ import annotations

from agent.logs.limits import MINUTE
from agent.stats.window import Counter, Summary
from collectors.api import Series

Windows = dict[Series, Summary]


def grown(count: int, delta: float) -> Counter:
    """A counter that grew by so much within a minute."""
    return Counter(count, float(delta), float(delta) / MINUTE, 0)
