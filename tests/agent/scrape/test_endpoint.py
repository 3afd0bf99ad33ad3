"""A true server of the client library, whose every observation is known: counts and sums are exact."""

from __future__ import annotations

import gc
import random
from collections.abc import Mapping
from math import inf, isclose, isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import Summary as Sizes
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from agent.scrape.endpoint import Endpoint
from agent.stats import window as windows
from agent.stats.histogram import Histogram as Exponential
from agent.stats.window import Summary, merge
from collectors.api import Series
from collectors.endpoints.plan import Choice, Plan


class Server:
    """A model server, as vLLM tells of itself; `took` keeps what was observed."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["model_name", "engine"]
        self.requests = Counter(
            "vllm:request_success", "R", [*labels, "finished_reason"], registry=self.registry
        )
        self.waiting = Gauge("vllm:num_requests_waiting", "W", labels, registry=self.registry)
        self.latency = Histogram("vllm:e2e_request_latency_seconds", "L", labels, registry=self.registry)
        self.summary = Sizes("app_size_bytes", "S", registry=self.registry)
        self.took: list[float] = []

    def serve(self, source: random.Random, requests: int) -> None:
        """Serve so many requests."""
        for _ in range(requests):
            seconds = source.lognormvariate(-1, 1)
            self.took.append(seconds)
            self.latency.labels("m", "0").observe(seconds)
            self.requests.labels("m", "0", source.choice(["stop", "length"])).inc()
            self.summary.observe(100)
        self.waiting.labels("m", "0").set(requests)

    def page(self, *, open_metrics: bool = False) -> bytes:
        """Its page."""
        made: bytes = (generate_openmetrics if open_metrics else generate_latest)(self.registry)
        return made


def endpoint(**choice: object) -> Endpoint:
    return Endpoint(Plan(Choice(preset="vllm", attributes=(("endpoint.name", "chat"),), **choice)))  # type: ignore[arg-type]


WHO = (("endpoint.name", "chat"), ("model.name", "m"), ("engine", "0"))
LATENCY = Series("gen_ai.server.request.duration", "s", "histogram", WHO)
WAITING = Series("model.queue.length", "{request}", "gauge", WHO)


def requests(status: str) -> Series:
    return Series("model.requests", "{request}", "counter", (*WHO, ("status", status)))


def gathered(into: dict[Series, Summary], windows: Mapping[Series, Summary]) -> None:
    """Add the windows of one page to those of the minute."""
    for series, summary in windows.items():
        into[series] = merge(into[series], summary) if series in into else summary


def test_counts_and_sums_are_those_of_the_server() -> None:
    server, source, seen = Server(), random.Random(1), endpoint()
    server.serve(source, 50)
    first = seen.take(server.page(), 0.0, 1e9)
    assert (first.malformed, first.refused, first.other) == (0, 0, 0)
    assert set(first.windows) == {WAITING}, "the first page tells nothing of totals"
    assert {LATENCY, WAITING, requests("stop"), requests("length")} == set(first.series)
    before, whole, n = len(server.took), Exponential(), 0.0
    for minute in range(1, 6):
        found: dict[Series, Summary] = {}
        for scrape in range(4):
            server.serve(source, source.randrange(30))
            at = minute * 60.0 + scrape * 15
            gathered(found, seen.take(server.page(), at, 1e9 + at).windows)
        latency = found[LATENCY]
        assert isinstance(latency, Exponential)
        whole = whole.merged(latency)
        for status in ("stop", "length"):
            counter = found[requests(status)]
            assert isinstance(counter, windows.Counter)
            n += counter.delta
            assert counter.count == 4
        gauge = found[WAITING]
        assert isinstance(gauge, windows.Gauge)
        assert gauge.count == 4
    took = server.took[before:]
    assert whole.count == n == len(took)
    assert isclose(whole.total, sum(took))
    assert whole.low <= min(took)
    exact = sorted(took)
    for q in (0.5, 0.9, 0.99):
        assert whole.quantile(q) == pytest.approx(exact[int(q * (len(took) - 1))], rel=0.35)


def test_open_metrics_is_read_alike() -> None:
    # Names with a colon are written without one there; so the summary stands for all.
    server, source = Server(), random.Random(2)
    plain, open_one = endpoint(include=("app_*",)), endpoint(include=("app_*",))
    for at in (0.0, 15.0):
        server.serve(source, 10)
        one = plain.take(server.page(), at, 1e9)
        two = open_one.take(server.page(open_metrics=True), at, 1e9)
    size = Series("app_size.sum", "By", "counter", (("endpoint.name", "chat"),))
    assert one.windows[size] == two.windows[size] == windows.Counter(1, 1000.0, 1000.0 / 15, 0)


def test_a_server_that_restarts() -> None:
    source, seen = random.Random(3), endpoint()
    server = Server()
    server.serve(source, 100)
    seen.take(server.page(), 0.0, 1e9)
    server = Server()
    server.serve(source, 7)
    latency = seen.take(server.page(), 15.0, 1e9 + 15).windows[LATENCY]
    assert isinstance(latency, Exponential)
    assert latency.count == 7
    assert isclose(latency.total, sum(server.took))


def test_a_page_of_garbage_changes_nothing() -> None:
    server, source, seen = Server(), random.Random(5), endpoint()
    server.serve(source, 5)
    seen.take(server.page(), 0.0, 1e9)
    taken = seen.take(b"<html>\nvllm:request_success_total{ oops\n", 15.0, 1e9)
    assert (taken.windows, taken.series, taken.malformed) == ({}, (), 2)
    server.serve(source, 9)
    latency = seen.take(server.page(), 30.0, 1e9).windows[LATENCY]
    assert isinstance(latency, Exponential)
    assert latency.count == 9


def test_it_stays_small() -> None:
    """Series that come and go without end leave nothing behind."""
    seen = Endpoint(Plan(Choice(most=50)))

    def page(at: int) -> bytes:
        lines = [f'a_total{{u="{at}.{n}"}} {n}\n' for n in range(200)]
        lines += [f'h_bucket{{u="{at}",le="{le}"}} {at}\n' for le in ("1", "2", "+Inf")]
        return ("# TYPE h histogram\n" + "".join(lines)).encode()

    def held() -> int:
        gc.collect()
        return len(gc.get_objects())

    for at in range(30):
        seen.take(page(at), at * 15.0, 1e9)
    before = held()
    for at in range(30, 80):
        seen.take(page(at), at * 15.0, 1e9)
    assert held() < before + 1000


LINES = st.sampled_from(
    """
# TYPE h histogram
# TYPE a counter
# TYPE s summary
a_total 5
a_total 2
a_total -3
a_total{x="1"} 1e308
a NaN
h_bucket{le="1"} 3
h_bucket{le="2"} 2
h_bucket{le="+Inf"} 4
h_bucket{le="+Inf"} 1
h_sum 7
h_sum -1e308
h_sum Inf
h_count 4
g 1e308
g -1e308
g{a="b"} 3
junk{
process_start_time_seconds 1e9
process_start_time_seconds 1000000020
x_info 1
s_sum 3
""".splitlines()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(LINES, max_size=12), max_size=6))
def test_whatever_pages_follow_each_other(pages: list[list[str]]) -> None:
    seen, all_of_it = Endpoint(Plan(Choice(most=5))), dict[Series, Summary]()
    for at, lines in enumerate(pages):
        gathered(all_of_it, seen.take("\n".join(lines).encode(), at * 15.0, 1e9 + at * 15).windows)
    for series, summary in all_of_it.items():
        if isinstance(summary, windows.Counter):
            assert series.kind == "counter"
            assert 0 <= summary.delta < inf
            assert 0 <= summary.rate < inf
        elif isinstance(summary, Exponential):
            assert series.kind == "histogram"
            assert summary.count == summary.zero + sum(summary.positive.values()) > 0
            assert isfinite(summary.total)
        else:
            assert isinstance(summary, windows.Gauge)
            assert all(map(isfinite, summary))
