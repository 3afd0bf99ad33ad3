"""A log in another format than the configuration says: all who are asked tell it, with the first line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.brokers import Secured
from tests.e2e.conftest import OpenDaemon, OpenSink
from tests.e2e.test_store import said
from tests.terminals import Terminal
from tests.waiting import until

FOLLOWED = '[[logs]]\nname = "api"\npaths = ["LOG"]\nfrom = "start"\nformat = "vllm"\n'
LINE = "weather of bob@example.org: rain"
TOLD = "nothing of api is understood, such as: weather of [email]: rain"


@pytest.mark.usefixtures("fast_look")
def test_a_preset_that_does_not_fit_is_told_with_the_first_line_redacted(
    daemons: OpenDaemon,
    sinks: OpenSink,
    broker: Secured,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    log = tmp_path / "api.log"
    log.write_text(f"{LINE}\n" + "weather: sun\n" * 149)
    words = configured(broker.url)
    with Path(words[1]).open("a") as file:
        file.write(FOLLOWED.replace("LOG", str(log)))
    doctor = [sys.executable, "-m", "agent", "doctor", "--offline", *words]
    with subprocess.Popen(doctor, stdout=subprocess.PIPE, text=True) as examined:
        sink = sinks(broker.url).start().subscribed()
        daemon = daemons(words).start()
        until(lambda: f"degraded: logs: {TOLD}" in daemon.told("STATUS"))
        assert f"logs: {TOLD}" in daemon.child.tail(50)
        with closing(sink.fleet()) as fleet:
            until(lambda: fleet.devices(0.0) != [], sink.said)
            until(lambda: said(fleet).get("reasons") == [f"logs: {TOLD}"], lambda: said(fleet))
        with Terminal([sys.executable, "-m", "agent", "view", "--broker", broker.url]) as view:
            view.until("dut")
            view.press("\r")
            view.until(TOLD)
        found = " ".join(examined.communicate()[0].split())
    assert (
        "log api: 0 of the last 150 lines are understood as vllm; not so: weather of [email]: rain" in found
    )
