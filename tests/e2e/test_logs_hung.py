"""A log on a mount that dies: the others go on, people are told, and each line comes once over all of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.brokers import Secured
from tests.deadmount import dead_mount
from tests.e2e.conftest import OpenDaemon, OpenSink
from tests.e2e.test_servers import seen
from tests.e2e.test_store import said
from tests.histories import events
from tests.waiting import until

LOGS = """
[collect]
hang_after = "1s"
[[logs]]
name = "there"
paths = ["THERE"]
from = "start"
format = "json"
[[logs]]
name = "here"
paths = ["HERE"]
from = "start"
format = "json"
"""


def lines(count: int) -> bytes:
    """They count when they are read."""
    return b"".join(json.dumps({"status": "ok", "number": n}).encode() + b"\n" for n in range(count))


@pytest.mark.fuse
@pytest.mark.usefixtures("fast_look")
def test_a_mount_that_dies_costs_its_own_log_until_it_lives_again_and_no_line(
    daemons: OpenDaemon,
    sinks: OpenSink,
    broker: Secured,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    here = tmp_path / "here.log"
    sink = sinks(broker.url).start().subscribed()
    with dead_mount(tmp_path / "mount", lines(10), wholly=True) as mount, closing(sink.fleet()) as fleet:
        words = configured(broker.url)
        with Path(words[1]).open("a") as file:
            file.write(LOGS.replace("THERE", str(mount.file)).replace("HERE", str(here)))
        daemon = daemons(words).start()

        def counted(**expected: int) -> bool:
            return expected == {name: seen(daemon.state, name).statuses["ok"] for name in expected}

        def goes_on(count: int) -> None:
            with here.open("ab") as file:
                file.write(lines(count))

        goes_on(3)
        until(lambda: counted(here=3, there=10))
        mount.die()
        mount.write(lines(5))
        goes_on(4)
        until(lambda: counted(here=7, there=10), daemon.child.tail)
        until(lambda: said(fleet)["reasons"] == ["logs: there does not answer"], lambda: said(fleet))
        daemon.kill()
        daemon.start()
        goes_on(4)
        until(lambda: counted(here=11, there=10), daemon.child.tail)
        mount.revive()
        until(lambda: counted(here=11, there=15), daemon.child.tail)
        until(lambda: said(fleet)["state"] == "online")
        assert [each.name for each in events(daemon.state)].count("logs.stale") >= 2
        assert daemon.stop() == 0
        assert counted(here=11, there=15)
