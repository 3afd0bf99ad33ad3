from __future__ import annotations

import pytest

from agent.flush.entered import entered
from agent.ledger import Entry
from agent.store.account import Change, What


def change(what: What, stream: str) -> Change:
    return Change(what, stream, "age", records=3, size=100, start=1.0, end=2.0)


@pytest.mark.parametrize("what", ["lost", "deleted"])
@pytest.mark.parametrize("stream", ["windows", "events"])
def test_what_is_gone_is_an_entry_of_its_stream(what: What, stream: str) -> None:
    assert entered(change(what, stream)) == Entry(what, stream, "age", "store", 3, 100, (1.0, 2.0))


def test_windows_that_were_joined_are_coarser_and_events_lost_nothing() -> None:
    found = entered(change("joined", "windows"))
    assert found is not None
    assert found.what == "merged"
    assert entered(change("joined", "events")) is None
