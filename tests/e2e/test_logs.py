"""Model logs on the whole way: a service writes and rotates, a daemon is killed, a sink counts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.agreement import arrived, disagreements, of_device
from tests.brokers import Secured
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.loglines import faults, followed, sums
from tests.torture import logwriter
from tests.waiting import until

SECONDS, RATE, OFTEN, KILLS = 4.0, 3_000, 0.008, 2


def test_lines_of_a_log_are_counted_once_over_kills_and_rotations(
    daemons: OpenDaemon,
    sinks: OpenSink,
    broker: Secured,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    words = configured(broker.url)
    with Path(words[1]).open("a") as file:
        file.write(followed(folder))
    sink = sinks(broker.url).start().subscribed()
    daemon = daemons(words).start()
    command = [sys.executable, logwriter.__file__, str(folder), str(SECONDS), str(RATE), "3", str(OFTEN)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        for _ in range(KILLS):
            time.sleep(SECONDS / (KILLS + 1))
            daemon.kill()
            daemon.start()
        told = json.loads(writer.communicate()[0])
    assert sum(said["lines"] for said in told.values()) > SECONDS * RATE / 2

    def wrong() -> list[str]:
        return faults(sums(of_device(daemon.state).contents.values()), told)

    until(lambda: wrong() == [], wrong)
    with closing(sink.fleet()) as fleet:
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        assert daemon.stop() == 0
        assert wrong() == []
        until(lambda: arrived(daemon.state, fleet, DEVICE))
        assert disagreements(daemon.state, fleet, DEVICE) == []
        assert faults(sums(content for _, content in fleet.contents(DEVICE, 0.0)), told) == []
