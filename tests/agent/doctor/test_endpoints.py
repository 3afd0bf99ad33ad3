"""What the doctor says of endpoints, on true servers of this host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from agent.config.endpoints import Endpoint
from agent.doctor.endpoints import ADVICE, examine, known, look, series
from agent.doctor.finding import Finding


@contextmanager
def serving(registry: CollectorRegistry) -> Iterator[str]:
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def url() -> Iterator[str]:
    """Of a vLLM that tells little yet."""
    made = CollectorRegistry()
    waiting = Gauge("vllm:num_requests_waiting", "W", ["model_name"], registry=made)
    waiting.labels("m").set(2)
    tokens = Counter("vllm:prompt_tokens", "T", ["model_name"], registry=made)
    for model in ("m", "n"):
        tokens.labels(model).inc()
    with serving(made) as found:
        yield found


def found(endpoint: Endpoint) -> list[Finding]:
    return list(examine([look(endpoint, {})]))


def test_a_page_that_comes(url: str) -> None:
    (finding,) = found(Endpoint("chat", url, "vllm"))
    assert (finding.check, finding.level) == ("endpoints", "note")
    assert finding.text.startswith("endpoint chat: 3 series; the preset's vllm:e2e_request_latency_seconds, ")
    assert finding.text.endswith(" are not there")
    assert found(Endpoint("chat", url)) == [Finding("endpoints", "ok", "endpoint chat: 3 series")]


def test_a_preset_that_does_not_fit(url: str) -> None:
    (finding,) = found(Endpoint("chat", url, "triton"))
    assert (finding.level, finding.text) == ("warning", "endpoint chat: nothing of its page is taken")


def test_too_many_series(url: str) -> None:
    texts = [each.text for each in found(Endpoint("chat", url, max_series=1))]
    assert texts[1:] == ["endpoint chat: 2 series are counted under `other`"]


def test_lines_that_are_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                sock.sendall(b"HTTP/1.1 200 OK\r\n\r\na 1\na{ 2\n")

        threading.Thread(target=answer, daemon=True).start()
        last = found(Endpoint("odd", f"http://127.0.0.1:{listener.getsockname()[1]}/"))[-1]
    assert (last.level, last.text) == (
        "warning",
        "endpoint odd: 1 lines are no samples, 0 samples are refused",
    )


def test_a_page_that_does_not_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (finding,) = found(Endpoint("chat", f"http://127.0.0.1:{port}/"))
    assert (finding.level, finding.advice) == ("problem", ADVICE["connection"])
    (finding,) = found(Endpoint("chat", "http://192.0.2.1/"))
    assert "192.0.2.1 is not on this host" in finding.text
    (finding,) = found(Endpoint("chat", "http://localhost/", token_file="/nowhere/token"))
    assert "/nowhere/token" in finding.text


def test_what_rules_may_be_about(url: str) -> None:
    looked = [look(Endpoint("chat", url, "vllm"), {}), look(Endpoint("down", "http://192.0.2.1/", "tgi"), {})]
    assert {each.name for each in series(looked)} == {"model.queue.length", "model.tokens"}
    names = {each.name for each in known(looked)}
    assert {"outrider.endpoints.up", "model.preemptions", "model.batch.size"} <= names
