"""`outrider demo`: a broker, a model with its clients, the daemon and the live view, without configuration.

All of it lies in one temporary directory and ends together: with the view, with Ctrl-C, with
SIGTERM or a closed terminal, and, by the kernel's word, even if the demo itself is killed.
"""

from __future__ import annotations

import argparse
import importlib.util
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from agent.cli import INTERRUPTED, READER_GONE
from agent.demo.stage import Stage, missing
from agent.demo.traffic import Course
from agent.demo.watched import settings
from agent.service.child import Child
from agent.view.broker import Broker, BrokerError

EXAMPLES = """examples:
  outrider demo                  watch this machine, one window a second
  outrider demo --json           the same as JSON lines, for a pipe
  outrider demo --port 1883      so that other clients find the broker
  outrider demo --calm 10s       the model gets slow, fails and is wrong sooner
  outrider demo --without-model  this machine alone
"""

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDED_BY_USER = (0, INTERRUPTED, READER_GONE, -signal.SIGINT)
HIGHEST_PORT = 65_535
POLL = 0.2
"""Seconds between two looks at the children while the view has the terminal."""


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """Register the arguments of `demo`."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--port", type=_port, default=0, help="port of the broker on 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--span", type=_span, default="1s", metavar="1s", help="length of a window (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines instead of the live view")
    parser.add_argument(
        "--calm",
        type=_calm,
        default="60s",
        metavar="60s",
        help="until the model is in trouble (default: %(default)s)",
    )
    parser.add_argument("--without-model", action="store_true", help="start no model and no clients of it")
    parser.set_defaults(run=run)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port, allowed: 1 to {HIGHEST_PORT}, or 0 for a free one"
        )
    return int(text)


def _span(text: str) -> str:
    """As the daemon would take it: what it refuses is said before anything is started."""
    from agent.config import Faults, load

    try:
        load((), {"window.span": text})
    except Faults as faults:
        words = "; ".join(f"{fault.reason}, allowed: {fault.allowed}" for fault in faults.faults)
        raise argparse.ArgumentTypeError(words) from None
    return text


def _calm(text: str) -> float:
    from agent.config.quantity import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error}, allowed: 0s, 30s, 5m") from None


def run(args: argparse.Namespace) -> int:
    """Start all, wait for the view to end, end the rest.

    Returns:
        0 when the user ended it, 1 when a part of it failed (its last lines are on stderr).
    """
    try:
        with ended_by_signals(), tempfile.TemporaryDirectory(prefix="outrider-demo-") as name:
            stage = None if args.without_model else stage_of(Path(name), args.calm)
            return play(Path(name), args.port, args.span, stage, json=args.json)
    except KeyboardInterrupt:
        return 0
    except BrokerError as error:
        say(f"outrider demo: {error}")
        return 1


def stage_of(directory: Path, calm: float) -> Stage | None:
    """The model, its server and its clients; None, and a word on why, where they cannot run."""
    lacking = missing()
    if lacking:
        say(f"outrider demo: no model without {' and '.join(lacking)}: pip install 'outrider[demo]'")
        return None
    return Stage(directory, Course(calm))


def play(directory: Path, port: int, span: str, stage: Stage | None, *, json: bool) -> int:
    """The demo inside its directory; the exit code.

    Raises:
        BrokerError: no broker installed, or it did not start.
    """
    with Broker(directory, port=port) as broker:
        daemon = daemon_of(directory, broker.url, span, settings(stage) if stage else "")
        view = view_of(directory, broker.url, json=json)
        textual = json or has_textual()
        if not textual:
            say("outrider demo: this is `outrider top`; for the view: pip install 'outrider[view]'")
        say(f"broker  {broker.engine} at {broker.url} (this machine only), pid {broker.child.pid}")
        try:
            if stage:
                stage.prepare()
            daemon.start()
            say(f"daemon  one window each {span}, files in {directory}, pid {daemon.pid}")
            if stage:
                stage.start()
                say(f"model   {stage.url}, well for {stage.course.calm:g} s, pid {stage.server.pid}")
            say(f"view    outrider view --broker {broker.url}; Ctrl-C ends all")
            while not textual and daemon.ended(POLL) is None and not ticked(directory / "run" / "ring"):
                pass
            view.start()
            return watch(view, [broker.child, daemon, *(stage.children if stage else ())])
        finally:
            end(view, daemon)
            if stage:
                stage.stop()


def end(view: Child, daemon: Child) -> None:
    """End what was started; Ctrl-C reached the view too, and it may be putting the screen back."""
    if view.started and view.ended(1.0) is None:
        view.stop()
    if daemon.started:
        daemon.stop()


def daemon_of(directory: Path, url: str, span: str, watched: str = "") -> Child:
    """The daemon, with all its files below `directory`; `watched` is further configuration."""
    configuration = directory / "outrider.toml"
    # A commit each second is beyond what a card bears in a day; here it is for minutes.
    configuration.write_text('[store]\nwrite_budget = "1 TB/day"\n' + watched)
    command = [sys.executable, "-m", "agent", "run", "--config", str(configuration)]
    command += ["--broker", url, "--span", span]
    command += ["--state-dir", str(directory / "state"), "--runtime-dir", str(directory / "run")]
    return Child("daemon", command, directory / "daemon.log")


def view_of(directory: Path, url: str, *, json: bool) -> Child:
    """What has the terminal: the live view, or `outrider top` where the view's Textual is not installed."""
    command = [sys.executable, "-m", "agent", "view", "--broker", url]
    if json:
        command.append("--json")
    elif not has_textual():
        command = [sys.executable, "-m", "agent", "top"]
        command += ["--state-dir", str(directory / "state"), "--runtime-dir", str(directory / "run")]
    return Child("view", command, directory / "view.log", terminal=True)


def has_textual() -> bool:
    """Whether the view in the terminal can run."""
    return importlib.util.find_spec("textual") is not None


def ticked(ring: Path) -> bool:
    """Whether the daemon has polled."""
    from agent.stats.ring import Ring
    from agent.stats.ringfile import RingError

    try:
        return bool(Ring.view(ring).times)
    except (OSError, RingError):
        return False


def watch(view: Child, others: list[Child]) -> int:
    """Wait for the view to end by the user's will; whatever ends otherwise is said with its last lines."""
    while (status := view.ended(POLL)) is None and not ended(others):
        pass
    if status in ENDED_BY_USER:
        return 0
    if status is not None:
        say(f"outrider demo: {view.name} ended with {status}")
    else:
        view.stop()
    for child in ended(others):
        say(f"outrider demo: {child.name} ended with {child.ended()}\n{child.tail()}")
    return 1


def ended(children: list[Child]) -> list[Child]:
    """Those that run no more."""
    return [child for child in children if child.ended() is not None]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal as Ctrl-C, so that everything is cleared away."""
    before = [signal.signal(number, interrupt) for number in ENDS]
    try:
        yield
    finally:
        for number, handler in zip(ENDS, before, strict=True):
            signal.signal(number, handler)


def interrupt(number: int, frame: FrameType | None) -> None:
    """A signal's handler: end as Ctrl-C does, and let nothing interrupt the clearing away."""
    for other in ENDS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def say(line: str) -> None:
    """A line for the user, beside what the view prints."""
    print(line, file=sys.stderr, flush=True)
