from __future__ import annotations

import pytest

from agent.ship.holds import Holds


@pytest.mark.parametrize("holds", [Holds("b", 5.0), Holds("b", None, 7.5), Holds("b", 5.0, 7.5)])
def test_it_comes_back_from_the_store(holds: Holds) -> None:
    state = holds.dump()
    assert state is not None
    assert Holds.load(state) == holds


def test_where_nothing_is_held_nothing_is_stored() -> None:
    assert Holds("b").dump() is None


@pytest.mark.parametrize(
    "state", [b"", b"{}", b"[]", b'{"boot":1}', b'{"boot":"b","rest":"x"}', b'{"boot":"b","clock":NaN}']
)
def test_what_is_no_state_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="no state of what is held"):
        Holds.load(state)
