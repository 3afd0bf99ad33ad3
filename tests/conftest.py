"""What all tests share: real brokers on ports of their own, and a loud word on what is missing.

Tests that need a tool carry its mark (`fuse`, `gcc`, `strace`, `mosquitto`, `netns`, `nginx`, `systemd`,
`nspawn`) and are skipped where the tool is not there. OUTRIDER_REQUIRE=strace,mosquitto,systemd turns that
skip into a failure; CI sets it, so that a machine that lacks a tool cannot pass unseen.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from agent.view.broker import find_engine, free_port, mosquitto_program
from tests.brokers import Options, Secured, build, needs_mosquitto
from tests.deadmount import can_hang
from tests.machines import can_boot

# How long an example takes says how busy the machine is.
settings.register_profile("outrider", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# In CI the same examples each time, so that it judges the change alone; new ones are looked for by hand.
settings.register_profile("steady", settings.get_profile("outrider"), derandomize=True)
settings.load_profile("steady" if os.environ.get("CI") else "outrider")

# A third of the time that collecting the tests takes; until they are collected.
gc.disable()

OpenBroker = Callable[[Options], Secured]


def can_trace() -> bool:
    """Whether strace is there and may trace a process of ours."""
    if not shutil.which("strace"):
        return False
    tried = subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True, check=False)
    return tried.returncode == 0


def can_compile() -> bool:
    """Whether gcc is there, and the headers of the C library."""
    if not shutil.which("gcc"):
        return False
    command = ["gcc", "-fsyntax-only", "-x", "c", "-"]
    tried = subprocess.run(command, input=b"#include <stdio.h>\n", capture_output=True, check=False)
    return tried.returncode == 0


def can_separate() -> bool:
    """Whether we may make a network of our own, and drop packets in it."""
    if not (shutil.which("unshare") and shutil.which("nft")):
        return False
    command = ["unshare", "--net", "nft", "list", "ruleset"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


TOOLS: dict[str, Callable[[], bool]] = {
    "atheris": lambda: find_spec("atheris") is not None,
    "fuse": can_hang,
    "gcc": can_compile,
    "onnxruntime": lambda: find_spec("onnxruntime") is not None,
    "oracles": lambda: all(map(shutil.which, ("vmstat", "mpstat", "ip", "findmnt", "df"))),
    "mosquitto": lambda: mosquitto_program() is not None,
    "nginx": lambda: shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None,
    "netns": can_separate,
    "parquet": lambda: find_spec("pyarrow") is not None,
    "science": lambda: all(map(find_spec, ("river", "scipy", "sklearn"))),
    "strace": can_trace,
    "systemd": lambda: shutil.which("systemd-analyze") is not None,
    "nspawn": can_boot,
}


def missing_tools() -> list[str]:
    """The tools that some tests need and this machine lacks."""
    return [name for name, there in TOOLS.items() if not there()]


def required_tools() -> set[str]:
    """The tools that must be there, from OUTRIDER_REQUIRE."""
    return {name for name in os.environ.get("OUTRIDER_REQUIRE", "").split(",") if name}


def pytest_report_header(config: pytest.Config) -> str:
    """One line at the head of the run: which broker, and which tools are missing."""
    missing = missing_tools()
    return f"broker: {find_engine()}; missing tools: {', '.join(missing) or 'none'}"


def pytest_collection_finish() -> None:
    """The million objects of modules and tests stay: the garbage collector need not walk them each time."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run here, unless its tool is required."""
    missing = set(missing_tools())
    for item in items:
        for name in missing & {mark.name for mark in item.iter_markers()}:
            if name not in required_tools():
                item.add_marker(pytest.mark.skip(reason=f"{name} is not available on this machine"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly, last of all, which tests this machine could not run."""
    missing = missing_tools()
    if not missing:
        return
    skipped = len(terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(
        f"!!! {', '.join(missing)} not available: {skipped} tests were NOT run; the broker was "
        f"{find_engine()}. On Debian: apt-get install gcc libc6-dev mosquitto nftables nginx-light strace "
        "systemd systemd-container iproute2",
        red=True,
        bold=True,
    )


@pytest.fixture
def port() -> int:
    """A loopback port that nobody uses now."""
    return free_port()


@pytest.fixture
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBroker]:
    """Opens a broker with options; all of them end with the test.

    `brokers(Options(tls=True)).url`; `.broker` has `kill`, `start`, `pause` (SIGSTOP) and `resume`.
    """
    opened: list[Secured] = []

    def start(options: Options = Options()) -> Secured:  # noqa: B008 - frozen
        if needs_mosquitto(options):
            if "mosquitto" in required_tools():
                pytest.fail("OUTRIDER_REQUIRE names mosquitto, and it is not installed")
            pytest.skip("only Debian's mosquitto can do this; apt-get install mosquitto")
        made = build(tmp_path_factory.mktemp("broker"), options)
        made.broker.start()
        opened.append(made)
        return made

    yield start
    for made in opened:
        made.broker.stop()


@pytest.fixture
def broker(brokers: OpenBroker, request: pytest.FixtureRequest) -> Secured:
    """A real broker, plain unless parametrised: `parametrize("broker", [Options(...)], indirect=True)`."""
    return brokers(getattr(request, "param", Options()))


@pytest.fixture
def repository() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent
