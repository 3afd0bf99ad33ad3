"""kill -9 costs the seconds of a restart: what was polled since the last window comes back from the ring."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.daemon import RING
from agent.stats.frame import Frame
from agent.stats.ring import Ring
from agent.stats.window import Gauge
from tests.e2e.conftest import OpenDaemon
from tests.histories import events, reading
from tests.waiting import until

POLLED = 6
LOAD = "system.memory.usage"


def frames(state: Path) -> Iterator[Frame]:
    """All stored frames."""
    with reading(state) as reader:
        contents = [each.content() for each in reader.stored(streams=("windows",))]
    yield from (frame for content in contents for frame in content.frames)


def polls(runtime: Path) -> list[float]:
    return Ring.view(runtime / RING).times


def polled(runtime: Path, times: int) -> None:
    """Return when it has polled so often from now on."""
    enough = len(polls(runtime)) + times
    until(lambda: len(polls(runtime)) >= enough)


@pytest.mark.parametrize("kills", [1, 3])
def test_after_kill_9_the_gap_is_below_three_seconds(daemons: OpenDaemon, kills: int) -> None:
    daemon = daemons(["--span", "1h", "--broker", "mqtt://127.0.0.1:1"]).start()
    deaths = []
    for _ in range(kills):
        polled(daemon.runtime, POLLED)
        deaths.append(time.clock_gettime(time.CLOCK_BOOTTIME))
        daemon.kill()
        daemon.start()
    assert daemon.stop() == 0
    found = sorted(frames(daemon.state), key=lambda frame: frame.span.start)
    ends = [max(frame.span.end for frame in found if frame.span.end <= death) for death in deaths]
    gaps = [death - end for death, end in zip(deaths, ends, strict=True)]
    assert max(gaps) < 3.0, gaps
    assert [event.name for event in events(daemon.state)].count("agent.recovered") == kills
    spans = [(frame.span.start, frame.span.end) for frame in found]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans)), spans
    counted = sum(
        window[0]
        for frame in found
        for series, window in frame.windows.items()
        if series.name == LOAD
        and isinstance(window, Gauge)
        and ("system.memory.state", "used") in series.attributes
    )
    assert daemon.log.read_text().count("come from the ring") == kills
    assert counted == len(polls(daemon.runtime))
