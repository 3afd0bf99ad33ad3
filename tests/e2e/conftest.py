"""The real process against a real broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.daemons import Daemon
from tests.sinks import Sink

OpenDaemon = Callable[..., Daemon]
OpenSink = Callable[..., Sink]
DEVICE = "dut"

# A window a second, every number of it exact on the wire, and little patience with the broker.
EXACT = """
[window]
span = "1s"
[device]
name = "dut"
[ship]
confirm = "sink:main"
digits = 0
[store]
max_size = "1 MiB"
write_budget = "1 TB/day"
tiers = { 8 = "1d" }
[broker]
url = "URL"
backoff_min = "100ms"
backoff_max = "500ms"
ack_timeout = "2s"
connect_timeout = "2s"
keepalive = "5s"
"""


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], list[str]]:
    """Makes a configuration file of `EXACT` for the broker at a URL; the words of `run` that name it."""

    def make(url: str) -> list[str]:
        path = tmp_path / "outrider.toml"
        path.write_text(EXACT.replace("URL", url))
        return ["--config", str(path)]

    return make


@pytest.fixture
def daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDaemon]:
    """Makes daemons, not yet started; all of them end with the test.

    `daemons(["--broker", broker.url, "--span", "1s"]).start()`; a second argument runs it under strace.
    """
    made: list[Daemon] = []

    def make(arguments: Sequence[str] = (), before: Sequence[str] = ()) -> Daemon:
        made.append(Daemon(tmp_path_factory.mktemp("daemon"), arguments, before))
        return made[-1]

    yield make
    for daemon in made:
        daemon.close()


@pytest.fixture
def sinks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSink]:
    """Makes sinks, not yet started; all of them end with the test.

    `sinks(broker.url).start().subscribed()`; see `tests.sinks.Sink` for more arguments.
    """
    made: list[Sink] = []

    def make(url: str, arguments: Sequence[str] = (), **more: Path | float) -> Sink:
        made.append(Sink(tmp_path_factory.mktemp("sink"), url, arguments, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for sink in made:
        sink.close()


@pytest.fixture
def fast_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon looks after its threads each quarter of a second, as a strict watchdog makes it do."""
    monkeypatch.setenv("WATCHDOG_USEC", "500000")
