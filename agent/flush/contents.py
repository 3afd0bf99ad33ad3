"""What goes into one flush, dated."""

from __future__ import annotations

from collections.abc import Mapping

from agent.stats.clocks import Clock, clock_event, corrected
from agent.stats.frame import Content
from agent.store.store import Store


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
