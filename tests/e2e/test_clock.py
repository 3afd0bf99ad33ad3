"""A real daemon on a board without a real-time clock: it boots in 1970 or 2038, and the clock is set later.

telegraf#5335, #2221, netdata#4109: such a step stopped collection, wiped the store, or left records of 1970
for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.stats.frame import Frame
from agent.view.fleet import FleetStore
from tests.agreement import arrived, disagreements
from tests.brokers import Secured
from tests.clocks import WallClock
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.histories import events, reading, windows_pass
from tests.waiting import until

Configured = Callable[[str], list[str]]
pytestmark = pytest.mark.gcc
NEAR = 5.0


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[WallClock]:
    made = WallClock(tmp_path)
    yield made
    made.close()


def in_1970() -> float:
    return 1000.0 - time.time()


def in_2038() -> float:
    return 2.0**31 + 1000.0 - time.time()


def frames(fleet: FleetStore) -> list[Frame]:
    return [frame for _, content in fleet.contents(DEVICE, float("-inf")) for frame in content.frames]


def starts(state: Path) -> list[float]:
    """When the windows that the device's own history holds began, in its order."""
    with reading(state) as reader:
        contents = [each.content() for each in reader.stored(0.0, streams=("windows",))]
    return [frame.span.wall[0] for content in contents for frame in content.frames]


@pytest.mark.parametrize("wrong", [in_1970, in_2038])
def test_records_of_a_wrong_clock_wait_and_go_with_the_right_time(
    wrong: Callable[[], float],
    clock: WallClock,
    daemons: OpenDaemon,
    sinks: OpenSink,
    broker: Secured,
    configured: Configured,
) -> None:
    sink = sinks(broker.url).start().subscribed()
    began = time.time()
    clock.shift(wrong())
    daemon = daemons(configured(broker.url), clock.before).start()
    pid = daemon.child.pid
    windows_pass(daemon.state, 4)
    with closing(sink.fleet()) as fleet:
        until(lambda: [each.state for each in fleet.devices(time.time())] == ["online"])
        assert fleet.spans(DEVICE, "data") == []
        assert fleet.holes(DEVICE, time.time() + 3600.0) == []
        clock.shift(0.0)
        until(lambda: len(fleet.spans(DEVICE, "data")) >= 4, daemon.log.read_text)
        windows_pass(daemon.state, 2)
        assert daemon.child.pid == pid
        assert daemon.stop() == 0
        until(lambda: arrived(daemon.state, fleet, DEVICE), daemon.log.read_text)
        assert disagreements(daemon.state, fleet, DEVICE) == []
        held = frames(fleet)
    ended = time.time()
    assert all(began - NEAR < frame.span.wall[0] < frame.span.wall[1] < ended + NEAR for frame in held)
    assert {frame.span.quality for frame in held} == {"unknown"}
    found = starts(daemon.state)
    assert found == sorted(found)
    assert began - NEAR < found[0]
    assert [event.name for event in events(daemon.state)].count("clock") == 1


def test_what_was_shipped_marked_is_dated_at_the_sink_once_the_clock_is_known(
    clock: WallClock, daemons: OpenDaemon, sinks: OpenSink, broker: Secured, configured: Configured
) -> None:
    sink = sinks(broker.url).start().subscribed()
    began = time.time()
    clock.shift(in_1970())
    daemon = daemons(configured(broker.url), clock.before).start()
    windows_pass(daemon.state, 3)
    daemon.kill()
    daemon.start()
    with closing(sink.fleet()) as fleet:
        until(lambda: len(frames(fleet)) >= 3, daemon.log.read_text)
        marked = frames(fleet)
        assert {frame.span.quality for frame in marked} == {"unsynchronised"}
        assert all(frame.span.wall[1] < began / 2 for frame in marked)
        windows_pass(daemon.state, 2)
        clock.shift(0.0)
        windows_pass(daemon.state, 2)
        assert daemon.stop() == 0
        until(lambda: arrived(daemon.state, fleet, DEVICE), daemon.log.read_text)
        assert disagreements(daemon.state, fleet, DEVICE) == []
        held = frames(fleet)
    assert len(held) > len(marked)
    assert all(began - NEAR < frame.span.wall[0] for frame in held)
    assert {frame.span.quality for frame in held} == {"unknown"}
