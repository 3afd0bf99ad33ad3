"""The real daemon at a real `/metrics`: what the store has in the end is what the server counted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from agent.stats import window as windows
from agent.stats.histogram import Histogram as Exponential
from agent.stats.window import Summary, merge
from agent.view.broker import free_port
from collectors.api import Series
from tests.daemons import Daemon
from tests.histories import reading
from tests.waiting import until


class Looks(Collector):
    """Counts how often the page was made."""

    def __init__(self) -> None:
        self.count = 0

    def collect(self) -> Iterator[Family]:
        self.count += 1
        yield from ()

    def passed(self, more: int) -> None:
        """Return when it was made so often from now on."""
        enough = self.count + more
        until(lambda: self.count >= enough)


class Server:
    """TGI as it tells of itself, begun anew by `begin` as after a restart."""

    def __init__(self, port: int, looks: Looks) -> None:
        self.port, self.looks = port, looks
        self.took: list[float] = []
        self.begin()

    def begin(self) -> None:
        registry = CollectorRegistry()
        registry.register(self.looks)
        self.duration = Histogram("tgi_request_duration", "D", registry=registry)
        self.success = Counter("tgi_request_success", "S", registry=registry)
        self.server, self.thread = start_http_server(self.port, "127.0.0.1", registry)

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def serve(self, source: random.Random, count: int) -> None:
        for _ in range(count):
            self.took.append(source.expovariate(2))
            self.duration.observe(self.took[-1])
            self.success.inc()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(free_port(), Looks())
    yield made
    made.end()


def stored(state: Path) -> dict[Series, Summary]:
    """All that the store has of the endpoint."""
    found: dict[Series, Summary] = {}
    with reading(state) as reader:
        for each in reader.stored(streams=("windows",)):
            for frame in each.content().frames:
                for series, summary in frame.windows.items():
                    if ("endpoint.name", "chat") in series.attributes:
                        found[series] = merge(found[series], summary) if series in found else summary
    return found


def test_what_is_stored_is_what_the_server_counted(tmp_path: Path, server: Server) -> None:
    file = tmp_path / "outrider.toml"
    url = f"http://127.0.0.1:{server.port}/metrics"
    file.write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:{free_port()}"\n[window]\nspan = "1s"\n'
        f'[[endpoint]]\nname = "chat"\nurl = "{url}"\npreset = "tgi"\ninterval = "1s"\ntimeout = "1s"\n'
    )
    daemon = Daemon(tmp_path, ["--config", str(file)])
    try:
        daemon.start()
        server.looks.passed(2)
        source = random.Random(1)
        for _ in range(2):
            server.serve(source, 40)
            server.looks.passed(2)
        server.end()
        server.begin()
        server.serve(source, 7)
        server.looks.passed(2)
        assert daemon.stop() == 0
    finally:
        daemon.close()
    found = stored(daemon.state)
    duration = found[Series("gen_ai.server.request.duration", "s", "histogram", (("endpoint.name", "chat"),))]
    requests = found[
        Series("model.requests", "{request}", "counter", (("endpoint.name", "chat"), ("status", "success")))
    ]
    assert isinstance(duration, Exponential)
    assert isinstance(requests, windows.Counter)
    assert (duration.count, requests.delta, requests.resets) == (87, 87, 1)
    assert duration.total == pytest.approx(sum(server.took))
    exact = sorted(server.took)
    assert duration.quantile(0.5) == pytest.approx(exact[43], rel=0.5)
    assert duration.low <= exact[0] <= exact[-1] <= duration.high * 1.01
