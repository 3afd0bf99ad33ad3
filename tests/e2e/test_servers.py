"""Real servers, real requests, and a daemon that reads their logs: counts and latencies are the client's."""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import reduce
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.service.child import Child
from agent.stats import window
from agent.stats.histogram import Histogram
from agent.view.broker import free_port
from tests.agreement import of_device
from tests.e2e.conftest import OpenDaemon
from tests.e2e.served import PAUSE
from tests.waiting import until

MODULE = "tests.e2e.served"
STATUSES = (200, 200, 200, 404, 503) * 6
PLACE = Path(__file__).parents[2]
GUNICORN = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
NGINX = """
daemon off;
master_process off;
pid {home}/nginx.pid;
error_log {home}/nginx.err;
events {{}}
http {{
    log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                     '"$http_referer" "$http_user_agent" $request_time';
    access_log {home}/nginx.log timed;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{behind}; }}
    }}
}}
"""
CONFIGURATION = """
[window]
span = "1s"
[broker]
url = "mqtt://127.0.0.1:1"
[[format]]
name = "micros"
kind = "regex"
patterns = ['\\S+ \\S+ \\S+ \\[(?P<time>[^\\]]+)\\] "[^"]*" (?P<status>\\d+) .* (?P<latency_us>\\d+)$']
family = "http"
"""


class Client(NamedTuple):
    """How often each status was answered, and how long each answer took, s."""

    statuses: Counter[str]
    seconds: list[float]


def ask(port: int) -> Client:
    """Real requests, one after another."""
    found = Client(Counter(), [])
    for status in STATUSES:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.connect()
        began = time.perf_counter()
        connection.request("GET", f"/{status}", headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        found.seconds.append(time.perf_counter() - began)
        found.statuses[str(answer.status)] += 1
        connection.close()
    return found


def answers(port: int) -> bool:
    """Whether a server listens there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.connect()
    except OSError:
        return False
    connection.close()
    return True


@contextmanager
def serving(name: str, command: Sequence[str], log: Path, port: int) -> Iterator[int]:
    """A server that runs, and its port."""
    child = Child(name, command, log, environ={"PYTHONPATH": str(PLACE)})
    child.start()
    try:
        until(lambda: answers(port), lambda: child.tail(20))
        yield port
    finally:
        child.stop()


def uvicorn(port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", f"{MODULE}:asgi", "--port", str(port)]


def gunicorn(port: int, form: str) -> list[str]:
    words = [sys.executable, "-m", "gunicorn", f"{MODULE}:wsgi", "--bind", f"127.0.0.1:{port}"]
    return [*words, "--access-logfile", "-", "--access-logformat", form]


class Seen(NamedTuple):
    """Requests by status, and the distribution of latencies, s, of a log."""

    statuses: Counter[str]
    latency: Histogram | None


def seen(state: Path, log: str) -> Seen:
    """What the windows of a store say."""
    statuses: Counter[str] = Counter()
    latencies: list[Histogram] = []
    for content in of_device(state).contents.values():
        for frame in content.frames:
            for series, summary in frame.windows.items():
                attributes = dict(series.attributes)
                if attributes.get("log.name") != log:
                    continue
                if series.name == "model.requests" and isinstance(summary, window.Counter):
                    statuses[attributes["status"]] += int(summary.delta)
                elif series.name == "http.server.request.duration" and isinstance(summary, Histogram):
                    latencies.append(summary)
    return Seen(statuses, reduce(_both, latencies) if latencies else None)


def _both(one: Histogram, two: Histogram) -> Histogram:
    both = window.merge(one, two)
    assert isinstance(both, Histogram)
    return both


@pytest.mark.nginx
def test_counts_and_latencies_of_real_servers_are_those_of_their_client(
    daemons: OpenDaemon, tmp_path: Path
) -> None:
    ports = {name: free_port() for name in ("uvicorn", "gunicorn", "micros", "nginx")}
    settings = tmp_path / "nginx.conf"
    settings.write_text(NGINX.format(home=tmp_path, port=ports["nginx"], behind=ports["uvicorn"]))
    commands = {
        "uvicorn": uvicorn(ports["uvicorn"]),
        "gunicorn": gunicorn(ports["gunicorn"], f"{GUNICORN} %(L)s"),
        "micros": gunicorn(ports["micros"], f"{GUNICORN} %(D)s"),
        "nginx": ["/usr/sbin/nginx", "-c", str(settings), "-p", str(tmp_path)],
    }
    configuration = tmp_path / "outrider.toml"
    logs = [
        f'[[logs]]\nname = "{name}"\npaths = ["{tmp_path}/{name}.log"]\nfrom = "start"\nformat = "{name}"\n'
        for name in ports
    ]
    configuration.write_text(CONFIGURATION + "".join(logs))
    with ExitStack() as servers:
        daemon = daemons(["--config", str(configuration)]).start()
        for name, port in ports.items():
            log = tmp_path / f"{name}.log" if name != "nginx" else tmp_path / "nginx.out"
            servers.enter_context(serving(name, commands[name], log, port))
        asked = {name: ask(port) for name, port in ports.items()}
        # What nginx was asked it asked of uvicorn.
        asked["uvicorn"].statuses.update(asked["nginx"].statuses)
        for name, client in asked.items():
            until(
                lambda name=name, client=client: seen(daemon.state, name).statuses == client.statuses,  # type: ignore[misc]
                lambda name=name: (name, seen(daemon.state, name).statuses),  # type: ignore[misc]
            )
        assert daemon.stop() == 0
    for name in ("gunicorn", "micros", "nginx"):
        latency, own = seen(daemon.state, name).latency, asked[name].seconds
        assert latency is not None
        assert latency.count == len(own)
        said = latency.quantile(0.5)
        assert said is not None
        sys.stdout.write(f"{name}: p50 {said:.4f} s, of the client {statistics.median(own):.4f} s\n")
        # On a busy machine either side waits for its turn, after the answer or before it is read.
        assert PAUSE * 0.95 <= said <= statistics.median(own) * 1.5
