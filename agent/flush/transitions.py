"""What collectors go through, told to people: an event for each transition, and lines in the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from collectors.api import Attributes
from collectors.runner import Transition


def tell(
    transitions: Sequence[Transition],
    event: Callable[[str, str, Attributes], None],
    say: Callable[[str, str], None],
) -> None:
    """An event for each; in the log a line, but one for all of which there is nothing on this host."""
    absent = []
    for change in transitions:
        event(f"collector.{change.state}", change.reason, (("outrider.collector", change.name),))
        if change.state == "absent":
            absent.append(change.name)
            continue
        level = "warning" if change.up is False else "info"
        told = change.reason if change.state == "governed" else f"{change.state} {change.reason}"
        say(level, f"collector {change.name}: {told}")
    if absent:
        say("info", f"nothing here for {', '.join(absent)}; `outrider test` tells why")
