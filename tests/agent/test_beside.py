"""The parts beside the collectors, as the daemon has them: what is there, and what bounds them together."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from agent.beside import Beside
from agent.config.collected import Collect
from agent.config.endpoints import NONE, Endpoint
from agent.config.logs import Logs
from agent.config.settings import Config
from agent.poller import Clocks
from collectors.api import Attributes
from collectors.tally import Tally
from tests.waiting import until


def event(_: str, __: str, ___: Attributes) -> None:
    """Nobody listens."""


def beside(config: Config, polled: int = 0) -> Beside:
    clocks = Clocks(time.monotonic, time.time, lambda: "synchronised")
    return Beside(config, clocks, event, lambda *_: None, Tally(), lambda: polled, lambda _: None)


def test_without_logs_and_endpoints_there_is_nothing() -> None:
    none = beside(Config())
    assert none.parts == ()
    assert none.elsewhere.intervals == {}
    assert list(none.elsewhere.readings()) == []
    assert none.look(0.0) == ()


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"".join(b"queue_%d 1\n" % each for each in range(20)))

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


def test_the_series_of_all_are_bounded_together(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f'{{"status": "{each}", "model": "m{each}"}}\n' for each in range(20)))
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        config = Config(
            collect=Collect(max_series=25),
            logs=(Logs("a", (str(log),), start="start", multiline=False),),
            endpoint=(Endpoint("e", url, NONE, interval=1.0),),
        )
        both = beside(config, polled=10)
        assert set(both.elsewhere.intervals) == {"logs", "endpoint e"}
        both.start({})

        def full() -> bool:
            for part in both.parts:
                part.gather(5)
            return both.kept == 15

        until(full)
        both.stop(5)
        server.shutdown()
    assert both.refused >= 5
