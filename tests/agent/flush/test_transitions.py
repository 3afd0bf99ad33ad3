from __future__ import annotations

from agent.flush.transitions import tell
from collectors.runner import Transition


def test_each_is_an_event_and_what_this_host_lacks_one_line() -> None:
    events: list[tuple[object, ...]] = []
    lines: list[tuple[str, str]] = []
    changes = (
        Transition("thermal", 1.0, "absent", "no sensor"),
        Transition("memory", 1.0, "failing", "OSError: gone"),
        Transition("power", 1.0, "absent", "no battery"),
        Transition("sockets", 1.0, "governed", "switched off: memory is past limits.memory"),
    )
    tell(changes, lambda *event: events.append(event), lambda *line: lines.append(line))
    assert [event[0] for event in events] == [
        "collector.absent",
        "collector.failing",
        "collector.absent",
        "collector.governed",
    ]
    assert events[1] == ("collector.failing", "OSError: gone", (("outrider.collector", "memory"),))
    assert lines == [
        ("warning", "collector memory: failing OSError: gone"),
        ("info", "collector sockets: switched off: memory is past limits.memory"),
        ("info", "nothing here for thermal, power; `outrider test` tells why"),
    ]
