"""The thread that fetches pages: true servers on this host, good and bad ones beside each other."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from agent.config.collected import Metrics
from agent.config.endpoints import Endpoint
from agent.config.formats import Redact
from agent.config.settings import Alert, Config
from agent.poller import Clocks
from agent.scraping import Outlets, Scraping, cleaned
from agent.stats import window as windows
from agent.stats.histogram import Histogram as Exponential
from agent.stats.window import Summary, merge
from collectors.api import Reading, Series
from collectors.tally import Tally
from tests.source import ROOT
from tests.waiting import until

WHO = (("endpoint.name", "chat"), ("model.name", "m"), ("engine", "0"))
LATENCY = Series("gen_ai.server.request.duration", "s", "histogram", WHO)
STOPPED = Series("model.requests", "{request}", "counter", (*WHO, ("status", "stop")))


class Server:
    """A model server as vLLM tells of itself, on a port of this host."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["model_name", "engine"]
        self.latency = Histogram("vllm:e2e_request_latency_seconds", "L", labels, registry=self.registry)
        requests = Counter("vllm:request_success", "R", [*labels, "finished_reason"], registry=self.registry)
        self.requests = requests.labels("m", "0", "stop")
        self.server, self.thread = start_http_server(0, "127.0.0.1", self.registry)
        self.took: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/metrics"

    def serve(self, source: random.Random, count: int) -> None:
        for _ in range(count):
            self.took.append(source.expovariate(2))
            self.latency.labels("m", "0").observe(self.took[-1])
            self.requests.inc()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Rig:
    """Endpoints, and who fetches them."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.lines: list[tuple[str, str]] = []
        self.found: dict[Series, Summary] = {}
        self.began: list[Scraping] = []

    def scrape(self, *endpoints: Endpoint, config: Config = Config(), others: int = 0) -> Scraping:  # noqa: B008
        clocks = Clocks(time.monotonic, time.time, lambda: "synchronised")
        outlets = Outlets(lambda *line: self.lines.append(line), self.tally)
        scraping = Scraping(config._replace(endpoint=endpoints), clocks, outlets, lambda: others)
        self.began.append(scraping)
        scraping.start({})
        return scraping

    def gather(self, scraping: Scraping) -> dict[Series, Summary]:
        """All that was gathered until now."""
        for series, summary in scraping.gather(1.0).now.items():
            self.found[series] = merge(self.found[series], summary) if series in self.found else summary
        return self.found

    def counted(self, name: str) -> dict[tuple[str, ...], float]:
        """What the tally has of this name, by the values of its attributes."""
        return {
            tuple(value for _, value in each.attributes): each.value
            for each in self.tally.snapshot()
            if each.name == f"outrider.endpoints.{name}"
        }

    def pages(self, name: str) -> float:
        return self.counted("pages").get((name,), 0)


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    for scraping in made.began:
        assert scraping.stop(10)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def chat(url: str, **settings: object) -> Endpoint:
    return Endpoint("chat", url, "vllm", interval=0.05, **settings)  # type: ignore[arg-type]


def test_counts_and_sums_are_those_of_the_server(rig: Rig, server: Server) -> None:
    source = random.Random(1)
    server.serve(source, 100)
    scraping = rig.scrape(chat(server.url))
    until(lambda: rig.pages("chat") >= 1)
    before = len(server.took)
    for _ in range(5):
        server.serve(source, 40)
        seen = rig.pages("chat")
        until(lambda seen=seen: rig.pages("chat") >= seen + 2)  # type: ignore[misc]
        rig.gather(scraping)
    found, took = rig.gather(scraping), server.took[before:]
    latency, requests = found[LATENCY], found[STOPPED]
    assert isinstance(latency, Exponential)
    assert isinstance(requests, windows.Counter)
    assert latency.count == requests.delta == len(took) == 200
    assert latency.total == pytest.approx(sum(took))
    assert rig.counted("up") == {("chat",): 1}
    assert (rig.lines, scraping.refused, scraping.look(time.monotonic())) == ([], {}, ())


@contextmanager
def mute() -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/metrics"


def test_one_that_hangs_leaves_the_others_their_turn(rig: Rig, server: Server) -> None:
    with mute() as url:
        hung = [Endpoint(f"hung{n}", url, interval=0.05, timeout=0.2) for n in range(3)]
        scraping = rig.scrape(*hung, chat(server.url))
        until(lambda: len(scraping.refused) == 3 and rig.pages("chat") >= 10)
        assert set(scraping.refused.values()) == {"no page within 0.2 s"}
        assert rig.counted("up") == {("hung0",): 0, ("hung1",): 0, ("hung2",): 0, ("chat",): 1}
        assert scraping.look(time.monotonic())[0].startswith("endpoint hung")
        assert sum(reason == "timeout" for _, reason in rig.counted("failed")) == 3


def test_a_failure_is_told_once_and_its_end_too(rig: Rig) -> None:
    server = Server()
    scraping = rig.scrape(chat(server.url))
    until(lambda: rig.pages("chat") >= 1)
    port = server.server.server_port
    server.close()
    until(lambda: sum(rig.counted("failed").values()) >= 3)
    assert [level for level, _ in rig.lines] == ["warning"]
    assert rig.lines[0][1].startswith("endpoint chat: ")
    assert list(scraping.refused) == ["chat"]
    again, thread = start_http_server(port, "127.0.0.1", CollectorRegistry())
    try:
        until(lambda: not scraping.refused)
    finally:
        again.shutdown()
        again.server_close()
        thread.join()
    assert rig.lines[1] == ("info", "endpoint chat: its page comes again")


def test_other_hosts_are_not_asked(rig: Rig) -> None:
    scraping = rig.scrape(Endpoint("there", "http://192.0.2.1/metrics", interval=0.05))
    until(lambda: bool(scraping.refused))
    assert scraping.refused["there"] == "192.0.2.1 is not on this host (192.0.2.1): set remote = true"


def test_readings_for_rules(rig: Rig, server: Server) -> None:
    config = Config(alert=(Alert("a", "model.requests > 1/s"),))
    scraping = rig.scrape(chat(server.url), config=config)
    until(lambda: rig.pages("chat") >= 2)
    list(scraping.elsewhere.readings())
    server.serve(random.Random(2), 30)
    came: list[tuple[float, str, Reading]] = []

    def value(series: Series) -> list[object]:
        came.extend(scraping.elsewhere.readings())
        return [
            found
            for _, _, reading in came
            for each, found in zip(reading.series, reading.values, strict=True)
            if each == series
        ]

    until(lambda: 30.0 in value(STOPPED))
    assert {name for _, name, _ in came} == {"endpoint chat"}
    assert scraping.elsewhere.intervals == {"endpoint chat": 0.05}
    assert sum(each.count for each in value(LATENCY) if isinstance(each, Exponential)) == 30


def test_series_are_picked_and_bounded_as_those_of_collectors(rig: Rig, server: Server) -> None:
    server.serve(random.Random(3), 3)
    config = Config(metrics=Metrics(exclude=("model.requests",)))
    scraping = rig.scrape(chat(server.url), config=config, others=config.collect.max_series)
    until(lambda: rig.pages("chat") >= 2)
    server.serve(random.Random(3), 3)
    until(lambda: scraping.admission.refused == 1)
    assert rig.gather(scraping) == {}
    assert (scraping.admission.excluded, scraping.admission.kept) == (1, 0)


def test_labels_are_redacted_and_cut() -> None:
    clean = cleaned(Config(redact=Redact(patterns=("tenant-[0-9]+",))))
    assert clean("model_name", "meta-llama/Llama-3.1-8B-Instruct") == "meta-llama/Llama-3.1-8B-Instruct"
    assert clean("user", "jane@example.org") == "[email]"
    assert clean("zone", "tenant-77 a") == "[redacted] a"
    assert len(clean("prompt", "x" * 1000)) == 128
    # Of an address that lies where the text is cut, no half is left.
    users = ("a" * 60 + "@b.com ") * 7 + "and".ljust(40) + "jane@example.org"
    assert clean("users", users) == "[email] " * 7 + "and".ljust(40)


def test_a_server_that_is_stopped_for_is_not_waited_for(rig: Rig) -> None:
    with mute() as url:
        scraping = rig.scrape(Endpoint("hung", url, interval=1.0, timeout=0.5))
        until(lambda: any(thread.name == "endpoints" for thread in threading.enumerate()))
        assert scraping.stop(10)
    assert scraping.gather(0.0).now == {}


def test_it_loads_nothing_that_is_large() -> None:
    code = "import agent.scraping, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "agent.scrape.endpoint" in loaded
    assert loaded & {"numpy", "msgspec", "http.client", "email", "prometheus_client", "asyncio"} == set()
