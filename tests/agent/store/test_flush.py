from __future__ import annotations

from agent.store.account import Change
from agent.store.flush import Flushed


def test_counts_are_of_what_happened_and_of_losses_by_their_reasons() -> None:
    changes = (
        Change("merged", "windows", "age", records=4, size=400, start=0.0, end=9.0),
        Change("merged", "events", "space", records=2, size=200, start=0.0, end=9.0),
        Change("lost", "windows", "full", records=3, size=300, start=0.0, end=9.0),
    )
    assert Flushed((), (), (), changes, 0).counts == {"merged": 6, "full": 3}
