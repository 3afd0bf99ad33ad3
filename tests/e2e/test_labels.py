"""Labels that come late, in another file: a daemon is killed between, its disk is full, its store is damaged,
and a sink counts each pair once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from agent.store.files import store_file
from agent.tailing import LOST
from agent.view.fleet import FleetStore
from tests.agreement import disagreements
from tests.brokers import Secured
from tests.e2e.conftest import DEVICE, OpenSink
from tests.endings import ended
from tests.histories import windows_pass
from tests.tailing import append
from tests.torture import labels
from tests.waiting import until

Zoo = tuple[Path, Path, list[str]]
REQUESTS, STEPS, LIVES = 20_000, 6, 3

NO_SPACE = ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e")


@pytest.fixture
def zoo(broker: Secured, configured: Callable[[str], list[str]], tmp_path: Path) -> Zoo:
    """The folder of the logs, that of the daemon, and its words."""
    logs, home = tmp_path / "logs", tmp_path / "daemon"
    logs.mkdir()
    home.mkdir()
    words = configured(broker.url)
    config = Path(words[1])
    roomy = config.read_text().replace("1 MiB", "8 MiB")  # what waits for labels takes 10 B each
    config.write_text(roomy + labels.followed(logs, REQUESTS))
    return logs, home, words


def numbered(first: int, last: int, **says: str) -> Iterator[str]:
    """Lines of these requests, and what they say."""
    for number in range(first, last):
        yield json.dumps({"time": time.time(), "request_id": f"r{number}", "status": 200, **says})


@pytest.mark.strace
def test_flushes_that_fail_cost_no_pair(sinks: OpenSink, broker: Secured, zoo: Zoo) -> None:
    logs, home, words = zoo
    sink = sinks(broker.url).start().subscribed()
    with closing(labels.living(home, words)) as daemon:
        assert daemon.stop() == 0
    append(logs / "requests.log", *numbered(0, 1000, prediction="ant"))
    failing = (*NO_SPACE, "inject=pwrite64:error=ENOSPC:when=30..32")
    with closing(labels.living(home, words, failing)) as daemon, closing(sink.fleet()) as fleet:
        until(lambda: "free space" in daemon.child.tail(99), daemon.child.tail)
        append(logs / "labels.log", *numbered(0, 1000, label="ant"))
        until(lambda: joined(fleet) >= 1000, lambda: joined(fleet))
        assert "the store works again" in daemon.child.tail(99)
        ended(daemon, fleet, DEVICE)
        assert joined(fleet) == 1000


def test_a_damaged_store_takes_what_waited_with_it_and_counts_no_pair_again(
    sinks: OpenSink, broker: Secured, zoo: Zoo
) -> None:
    logs, home, words = zoo
    sink = sinks(broker.url).start().subscribed()
    append(logs / "requests.log", *numbered(0, 1000, prediction="ant"))
    append(logs / "labels.log", *numbered(0, 500, label="ant"))
    with closing(sink.fleet()) as fleet:
        with closing(labels.living(home, words)) as daemon:
            until(lambda: joined(fleet) >= 500, lambda: joined(fleet))
            assert daemon.stop() == 0
        store_file(daemon.state).write_bytes(b"\xa5" * 20_000)
        with closing(labels.living(home, words)) as daemon:
            until(lambda: LOST in daemon.child.tail(99), daemon.child.tail)
            windows_pass(daemon.state, 1)
            append(logs / "labels.log", *numbered(500, 600, label="ant"))
            append(logs / "requests.log", *numbered(1000, 1100, prediction="ant"))
            append(logs / "labels.log", *numbered(1000, 1100, label="ant"))
            until(lambda: joined(fleet) >= 600, lambda: joined(fleet))
            ended(daemon, fleet, DEVICE)
        assert joined(fleet) == 600


def joined(fleet: FleetStore) -> int:
    """Pairs that the sink has."""
    return labels.counted(content for _, content in fleet.contents(DEVICE, 0.0)).confusion.total()


@pytest.mark.strace
def test_each_pair_counts_once_at_the_sink_over_kills_an_hour_late_too(
    sinks: OpenSink, broker: Secured, zoo: Zoo
) -> None:
    logs, home, words = zoo
    wanted = labels.script(REQUESTS, STEPS, time.time(), 1)
    *most, last = labels.parted(wanted.steps, LIVES)
    sink = sinks(broker.url).start().subscribed()
    within = labels.suffer(home, words, logs, most, Random(1))
    assert within == LIVES // 2
    with closing(labels.living(home, words)) as daemon, closing(sink.fleet()) as fleet:

        def found() -> labels.Found:
            return labels.counted(content for _, content in fleet.contents(DEVICE, 0.0))

        for step in last:
            labels.write(logs, step)
        until(lambda: found().outcomes["joined"] >= wanted.outcomes["joined"], found)
        append(logs / "requests.log", *labels.crowd(REQUESTS, time.time()))
        until(lambda: found().outcomes["crowded"] >= wanted.outcomes["crowded"], found)
        ended(daemon, fleet, DEVICE)
        assert disagreements(daemon.state, fleet, DEVICE) == []
        assert wanted.late > REQUESTS * 0.008
        assert labels.faults(found(), wanted) == []
