from __future__ import annotations

from agent.logs.windows import grown
from agent.stats.window import Counter


def test_what_a_counter_grew_by_in_a_minute_came_at_a_sixtieth_of_it_a_second() -> None:
    assert grown(3, 120) == Counter(3, 120.0, 2.0, 0)
