"""Labels that come late, in another file: a daemon is killed between, and a sink counts each pair once."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.agreement import arrived, disagreements
from tests.brokers import Secured
from tests.e2e.conftest import DEVICE, OpenSink
from tests.tailing import append
from tests.torture import labels
from tests.waiting import until

REQUESTS, STEPS, LIVES = 20_000, 6, 3


@pytest.mark.strace
def test_each_pair_counts_once_at_the_sink_over_kills_an_hour_late_too(
    sinks: OpenSink, broker: Secured, configured: Callable[[str], list[str]], tmp_path: Path
) -> None:
    logs, home = tmp_path / "logs", tmp_path / "daemon"
    logs.mkdir()
    home.mkdir()
    words = configured(broker.url)
    config = Path(words[1])
    roomy = config.read_text().replace("1 MiB", "8 MiB")  # what waits for labels takes 20 B each
    config.write_text(roomy + labels.followed(logs, REQUESTS))
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
        assert daemon.stop() == 0
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        assert disagreements(daemon.state, fleet, DEVICE) == []
        assert wanted.late > REQUESTS * 0.008
        assert labels.faults(found(), wanted) == []
