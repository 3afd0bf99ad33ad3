"""Real model servers beside a real daemon: does it count what the client counts, how far are latencies apart?

    python tests/servers/compare.py                all of them, each installed into an environment of its own
    python tests/servers/compare.py bentoml --requests 1000
    python tests/servers/compare.py torchserve --keep DIRECTORY --torch 'torch==2.13.0+cpu'

Every tenth request fails in the model, every twenty-fifth asks for what there is not. By hand, not in CI: it
installs hundreds of megabytes. Exit code 1: a count differs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter as Counts
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from math import nan
from pathlib import Path
from string import Template
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from agent.service.child import Child  # noqa: E402
from agent.stats.histogram import Histogram  # noqa: E402
from agent.stats.window import Counter, merge  # noqa: E402
from agent.view.broker import free_port  # noqa: E402
from tests.daemons import Daemon  # noqa: E402
from tests.histories import reading  # noqa: E402
from tests.servers.served import OUTPUT, SERVERS, Server  # noqa: E402
from tests.waiting import until  # noqa: E402

FAILS, ASTRAY = 10, 25
"""Every so-manieth request is one that the model refuses, or one for another path."""
PATIENCE = 120.0
QUANTILES = (0.5, 0.9, 0.99)


class Seen(NamedTuple):
    """What requests came to.

    Args:
        statuses: how many answers had each.
        latencies: ms at 50, 90 and 99 %.
    """

    statuses: dict[str, int]
    latencies: tuple[float, ...]


class Client:
    """Asks one server, and keeps what came of it."""

    def __init__(self, server: Server, port: int) -> None:
        self._server, self._port = server, port
        self.statuses: Counts[str] = Counts()
        self._seconds: list[float] = []

    def ask(self, value: float, path: str) -> str:
        """The status of one answer.

        Raises:
            OSError, HTTPException: there is none.
        """
        body = Template(self._server.body).substitute(value=value)
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)) as connection:
            kind = "application/json" if body.startswith("{") else "application/octet-stream"
            began = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            answer.read()
            self._seconds.append(time.perf_counter() - began)
        self.statuses[str(answer.status)] += 1
        return str(answer.status)

    def answered(self) -> bool:
        """Whether the model answers by now."""
        with suppress(OSError, HTTPException):
            return self.ask(1.0, self._server.path) == "200"
        return False

    def go(self, requests: int) -> None:
        """Ask so often, one after the other."""
        for at in range(1, requests + 1):
            path = "/nothing/of/that/name" if at % ASTRAY == 0 else self._server.path
            self.ask(-1.0 if at % FAILS == 0 else at, path)

    @property
    def seen(self) -> Seen:
        """What came of all."""
        ordered = sorted(self._seconds)
        picked = [1e3 * ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in QUANTILES]
        return Seen(dict(self.statuses), tuple(picked))


def stored(state: Path, log: str) -> Seen:
    """What a daemon has stored of a log."""
    statuses: Counts[str] = Counts()
    whole = Histogram.of([])
    with reading(state) as reader:
        for record in reader.stored(streams=("windows",)):
            for frame in record.content().frames:
                for series, summary in frame.windows.items():
                    attributes = dict(series.attributes)
                    if attributes.get("log.name") != log:
                        continue
                    if series.name == "model.requests" and isinstance(summary, Counter):
                        statuses[attributes["status"]] += int(summary.delta)
                    elif series.name == "http.server.request.duration" and isinstance(summary, Histogram):
                        whole = merge(whole, summary)  # type: ignore[assignment]  # of one kind
    picked = [whole.quantile(share) for share in QUANTILES]
    return Seen(dict(statuses), tuple(nan if value is None else 1e3 * value for value in picked))


def serving(server: Server, home: Path, programs: Path) -> tuple[Child, int]:
    """A server that has been started, and its port."""
    names = ("port", "port1", "port2", "port3", "port4")
    words = {"bin": str(programs), "home": str(home), **{name: str(free_port()) for name in names}}

    def filled(text: str) -> str:
        return Template(text).safe_substitute(words)

    for name, text in server.files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(filled(text))
    environ = {name: filled(value) for name, value in server.environ.items()}
    environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    for command in filter(None, (server.prepare,)):
        subprocess.run(
            [filled(word) for word in command], cwd=home, env={**os.environ, **environ}, check=True
        )
    command = ["env", "-C", str(home), *(filled(word) for word in server.command)]
    child = Child(server.preset, command, home / OUTPUT, environ=environ)
    child.start()
    return child, int(words["port"])


def configuration(server: Server, home: Path) -> str:
    """Follows all its logs."""
    rows = ['[window]\nspan = "1s"\n[store]\nwrite_budget = "1 TB/day"']
    for log in server.logs:
        rows += ["[[logs]]", f'name = "{Path(log).name}"', f'paths = ["{home / log}"]']
        rows += [f'format = "{server.preset}"', 'from = "start"']
    return "\n".join([*rows, ""])


def compare(server: Server, home: Path, programs: Path, requests: int) -> Iterator[str]:
    """Serve, ask and follow; what differs, in words."""
    (home / "outrider.toml").write_text(configuration(server, home))
    words = ["--config", str(home / "outrider.toml"), "--broker", f"mqtt://127.0.0.1:{free_port()}"]
    daemon = Daemon(home / "daemon", words)
    child, port = serving(server, home, programs)
    try:
        daemon.start()
        client = Client(server, port)
        until(client.answered, lambda: child.tail(20), PATIENCE)
        client.go(requests)
        due = client.seen

        def all_stored() -> bool:
            return all(stored(daemon.state, Path(log).name).statuses == due.statuses for log in server.logs)

        with suppress(AssertionError):
            until(all_stored)
    finally:
        child.stop()
        with suppress(ProcessLookupError):  # TorchServe's launcher leaves its Java behind.
            os.killpg(child.pid, signal.SIGKILL)
        daemon.close()
    row("client", due)
    for log in server.logs:
        found = stored(daemon.state, Path(log).name)
        row(log, found)
        explained(server, home / log)
        if found.statuses != due.statuses:
            yield f"{server.preset}: {log}: {found.statuses}, but the client had {due.statuses}"


def row(name: str, seen: Seen) -> None:
    """Print a row of the table."""
    statuses = " ".join(f"{status}: {count}" for status, count in sorted(seen.statuses.items()))
    latencies = " ".join(f"{value:9.2f}" for value in seen.latencies)
    print(f"  {name:<22} {statuses:<34} {latencies}")  # noqa: T201 - a table


def explained(server: Server, log: Path) -> None:
    """Print how many lines of a log were not understood, and which."""
    words = [
        sys.executable,
        "-m",
        "agent",
        "logs",
        "explain",
        str(log),
        "--format",
        server.preset,
        "--lines",
        "0",
    ]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
    for line in told:
        if "not understood" in line or "model.errors" in line or " times: " in line:
            print(f"      {line.strip()[:150]}")  # noqa: T201


def installed(server: Server, folder: Path, torch: str) -> Path:
    """The programs of an environment that has the server, made if there is none."""
    if not (folder / "installed").exists():
        needs = [torch if need == "torch" else need for need in server.needs]
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin/pip"), "install", "--quiet", *needs], check=True)
        (folder / "installed").touch()
    return folder / "bin"


def main(argv: Sequence[str] | None = None) -> int:
    """Compare the servers that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("servers", nargs="*", choices=[*SERVERS, []], help="which (default: all)")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="a folder whose environments are used, or made, and kept")
    parser.add_argument("--torch", default="torch", help="what pip installs for it (default: torch)")
    args = parser.parse_args(argv)
    faults = []
    with tempfile.TemporaryDirectory(prefix="outrider-servers-") as scratch:
        for name in args.servers or SERVERS:
            server, home = SERVERS[name], Path(scratch) / name
            programs = installed(server, (args.keep or Path(scratch) / "venv") / name, args.torch)
            home.mkdir()
            print(f"{name}: statuses, and ms at {', '.join(f'{100 * q:g} %' for q in QUANTILES)}")  # noqa: T201
            faults += list(compare(server, home, programs.resolve(), args.requests))
    print("\n".join(faults) or "each count is the client's")  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
