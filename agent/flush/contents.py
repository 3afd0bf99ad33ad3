"""What goes into one flush, dated, and what of it the link is handed while it is still in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.ship.records import RAW, Key
from agent.stats.clocks import Clock, clock_event, corrected
from agent.stats.frame import Content
from agent.store.store import Flushed, Store


def dated(
    store: Store, now: Clock, at: float, contents: Mapping[str, Content]
) -> tuple[Clock | None, dict[str, Content]]:
    """The contents dated by what is known of the clock, and what readers must hear of it, if anything: that
    goes with them as an event. `at` is the boot clock in s.

    Raises:
        StoreError: the store cannot say what it knows.
    """
    told = store.clock_to_tell(now, contents.values())
    known = {**store.clocks, **({told.boot: told} if told else {})}
    made = {stream: corrected(content, known) for stream, content in contents.items()}
    if told is not None:
        made["events"] = Content(events=(*made["events"].events, clock_event(told, at)))
    return told, made


def fresh(flushed: Flushed, contents: Mapping[str, Content]) -> dict[Key, Content]:
    """The records of this flush by key, but for captures, which are large and wait in the store."""
    own = flushed.epochs[0]
    return {
        row.key: contents[row.key.stream]
        for row in flushed.added
        if row.tombstone is None
        and row.key.stream != RAW
        and row.key.epoch == own.id
        and row.key.first == row.key.last == own.next[row.key.stream] - 1
        and any(contents[row.key.stream])
    }


def recorded_in(epoch: int) -> Callable[[Key], bool]:
    """What waits for the clock: all that a life has recorded, but for what alerts have to say."""
    return lambda key: key.epoch == epoch and key.stream != "alerts"
