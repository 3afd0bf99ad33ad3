"""Two daemons of one name, and a store that was copied: told by the epoch, said, and nothing is mixed.

A store that went back is in `test_store.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing

from agent.view.fleet import FleetStore
from tests.agreement import arrived, disagreements
from tests.brokers import Secured
from tests.daemons import Daemon
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.endings import ended
from tests.histories import reading, windows_pass
from tests.waiting import until

Configured = Callable[[str], list[str]]
SHORT = 3.0
USED_TWICE = f"another client seems to use the name {DEVICE}"


def own_epochs(daemon: Daemon) -> set[int]:
    """The lives that its store knows."""
    with reading(daemon.state) as reader:
        return {epoch.id for epoch in reader.epochs()}


def alone(daemon: Daemon, fleet: FleetStore, device: str = DEVICE) -> None:
    """With nobody else there it says all it has; the sink then holds its history, each number once."""
    daemon.start()
    until(lambda: arrived(daemon.state, fleet, device), daemon.child.tail)
    ended(daemon, fleet, device)
    assert disagreements(daemon.state, fleet, device, restored=True) == []


def notices(fleet: FleetStore) -> set[str]:
    return {notice.name for notice in fleet.notices(DEVICE)}


def test_two_daemons_of_one_name_are_told_apart_and_both_and_the_sink_say_so(
    broker: Secured, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    sink = sinks(broker.url, hole_after=SHORT).start().subscribed()
    pair = [daemons(configured(broker.url)).start() for _ in range(2)]
    with closing(sink.fleet()) as fleet:
        until(lambda: any(USED_TWICE in each.log.read_text() for each in pair), pair[0].child.tail)
        until(lambda: "twins" in notices(fleet), sink.said)
        assert f"twins {DEVICE}: two devices seem to use this name" in sink.said()
        for each in pair:
            assert each.child.ended() is None
            assert each.stop() == 0
        for each in pair:
            alone(each, fleet)
        assert own_epochs(pair[0]).isdisjoint(own_epochs(pair[1]))
        assert fleet.spans(DEVICE, "aside") == []


def test_a_copied_store_on_another_board_is_told_by_its_epoch_and_nothing_counts_twice(
    broker: Secured, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    sink = sinks(broker.url, hole_after=SHORT).start().subscribed()
    one, other = (daemons(configured(broker.url)) for _ in range(2))
    with closing(sink.fleet()) as fleet:
        one.start()
        windows_pass(one.state, 2)
        assert one.stop() == 0
        shutil.copytree(one.state, other.state, dirs_exist_ok=True)
        shared = own_epochs(one)
        for each in (one, other):
            each.start()
        until(lambda: "restored" in notices(fleet), sink.said)
        for each in (one, other):
            windows_pass(each.state, 1)
            assert each.stop() == 0
        for each in (one, other):
            alone(each, fleet)
        assert own_epochs(one) & own_epochs(other) == shared
        assert fleet.spans(DEVICE, "aside") == []
        assert f"restored {DEVICE}: went back to an older store" in sink.said()


def test_a_copied_store_under_another_name_brings_nothing_of_the_first_with_it(
    broker: Secured, daemons: OpenDaemon, sinks: OpenSink, configured: Configured
) -> None:
    sink = sinks(broker.url, hole_after=SHORT).start().subscribed()
    one = daemons(configured(broker.url))
    other = daemons([*configured(broker.url), "--device", "other"])
    with closing(sink.fleet()) as fleet:
        one.start()
        windows_pass(one.state, 2)
        assert one.stop() == 0
        alone(one, fleet)
        shutil.copytree(one.state, other.state, dirs_exist_ok=True)
        former = own_epochs(one)
        for each in (one, other):
            each.start()
        for each in (one, other):
            windows_pass(each.state, 2)
        until(lambda: bool(fleet.spans("other", "data")), sink.said)
        for each in (one, other):
            assert each.stop() == 0
        held = {key.epoch for key in fleet.spans("other", "data") if key.stream == "windows"}
        assert held == own_epochs(other) - former
        assert "this store was written as the device default/dut" in other.log.read_text()
        alone(one, fleet)
        assert notices(fleet) == set()
