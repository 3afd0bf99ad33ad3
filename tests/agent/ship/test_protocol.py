from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from agent.ship import protocol as p
from agent.ship.link import ASLEEP, ENDED, Link


def test_every_event_means_something_in_some_state() -> None:
    heard = {event for _, event in Link.TABLE}
    assert heard == set(get_args(p.Event)) - {p.Tick, p.Spent}, (
        "a tick only lets deadlines be looked at, and what is spent is so in any state"
    )


def test_nothing_is_heard_after_the_end() -> None:
    assert {state for state, _ in Link.TABLE} == set(range(ASLEEP, ENDED))


@pytest.mark.parametrize("group", [p.ROW_FAULTS, p.RULE_FAULTS, (p.PACKET_TOO_LARGE,)])
def test_every_failure_code_has_a_name_to_count_by(group: tuple[int, ...]) -> None:
    assert all(code >= p.FAILURE and code in p.FAULTS for code in group)


def test_everything_that_is_counted_of_the_link_is_documented() -> None:
    page = (Path(p.__file__).parents[2] / "collectors/README.md").read_text()
    assert [
        name for name in get_args(p.Happening) if f"| `outrider.ship.{name}` | `reason` |" not in page
    ] == []
