"""What the ledger says of the changes that the store made to its rows."""

from __future__ import annotations

from agent.ledger import Entry
from agent.store.account import Change


def entered(change: Change) -> Entry | None:
    """What the ledger says of a change in the store: not that events were put together, which loses none."""
    what = "merged" if change.what == "joined" else change.what
    if what == "merged" and change.stream != "windows":
        return None
    span = (change.start, change.end)
    return Entry(what, change.stream, change.reason, "store", change.records, change.size, span)
