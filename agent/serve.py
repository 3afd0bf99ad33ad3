"""A daemon's life in a process: signals, reload, watchdog, the end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import ClassVar

from agent.config import Faults
from agent.config.settings import Config
from agent.control_socket import ControlSocket
from agent.daemon import Daemon
from agent.observed import host
from agent.service.notify import Notifier
from agent.service.release import release
from agent.store.errors import StoreError
from collectors.host import printable
from collectors.tally import Tally

LOOK_EVERY = 10.0
LEVELS = ("error", "warning", "info", "debug")
FAILED = 1
RELEASE = release()  # as this process was started: an upgrade changes what lies there, not what runs


class Signals:
    """SIGTERM, SIGINT and SIGHUP as words to wait for; handlers are in place before anything else."""

    NAMES: ClassVar = {signal.SIGTERM: "stop", signal.SIGINT: "stop", signal.SIGHUP: "reload"}

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._seen: list[str] = []
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in self.NAMES:
            signal.signal(number, self._take)

    def wait(self, seconds: float, control: ControlSocket | None = None) -> str:
        """The next word, or "" when the time is over or somebody asks something by `control`; to stop comes
        before to reload."""
        if not self._seen:
            ears = [self._read] if control is None else [self._read, control.fileno()]
            select.select(ears, [], [], seconds)
        # Blocking would mean that nothing was written: the time is over.
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 512)
        seen, self._seen = self._seen, []
        return "stop" if "stop" in seen else seen[0] if seen else ""

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self._seen.append(self.NAMES[signal.Signals(number)])


def serve(load: Callable[[], Config]) -> int:
    """Run until told to stop; `load` reads the configuration, at the start and at each reload.

    Returns:
        The exit code: 0 after a stop, 1 if the daemon could not start.

    Raises:
        Faults: the first configuration is bad. A bad one at a reload keeps the old one.
    """
    signals = Signals()
    config = load()
    tally = Tally()
    with contextlib.closing(Notifier(os.environ, tally, os.getpid())) as notifier:
        daemon = _started(config, tally, "started")
        if daemon is None:
            return FAILED
        notifier.ready(_words(daemon))
        beat = min(LOOK_EVERY, notifier.watchdog_interval or LOOK_EVERY)
        while (word := signals.wait(beat, daemon.control)) != "stop":
            if daemon.control is not None:
                daemon.control.hear()
            if word == "reload":
                daemon = _reloaded(daemon, load, notifier, tally)
                if daemon is None:
                    return FAILED
            if daemon.look():
                notifier.watchdog()
            notifier.status(_words(daemon))
        notifier.stopping("writing the last window")
        daemon.stop("told to stop")
    return 0


def say(level: str, text: str) -> None:
    """A line on stderr, which is the journal under systemd; "<n>" is the priority it reads there. What a log
    or a server put into it is no escape sequence."""
    priority = {"error": 3, "warning": 4, "info": 6, "debug": 7}[level]
    prefix = f"<{priority}>" if "JOURNAL_STREAM" in os.environ else f"outrider: {level}: "
    shown = "\n".join(printable(line, len(line)) for line in text.split("\n"))
    sys.stderr.write(f"{prefix}{shown}\n")
    sys.stderr.flush()


def _started(config: Config, tally: Tally, why: str, former: Daemon | None = None) -> Daemon | None:
    """A running daemon of this configuration; None after saying why there is none."""

    def heard(level: str, text: str) -> None:
        if LEVELS.index(level) <= LEVELS.index(config.log.level):
            say(level, text)

    try:
        daemon = Daemon(config, host(config), tally, heard)
        if former is not None:
            daemon.succeed(former)
        daemon.start(why)
    except (StoreError, OSError, ValueError) as error:
        say("error", f"cannot start: {error}")
        return None
    say("info", _words(daemon))
    return daemon


def _reloaded(daemon: Daemon, load: Callable[[], Config], notifier: Notifier, tally: Tally) -> Daemon | None:
    """The daemon of the new configuration; the old one goes on if the new one is bad."""
    notifier.reloading(time.monotonic())
    try:
        config = load()
    except Faults as faults:
        tally.add("outrider.config.refused")
        say("error", f"the configuration is bad, the old one stays in force:\n{faults}")
        notifier.ready(_words(daemon))
        return daemon
    old = daemon.config
    daemon.stop("reload")
    fresh = _started(config, tally, "reloaded", daemon)
    fresh = fresh or _started(old, tally, "back to the configuration before", daemon)
    if fresh is not None:
        notifier.ready(_words(fresh))
    return fresh


def _words(daemon: Daemon) -> str:
    """What it does, and what is the matter with it."""
    config = daemon.config
    words = (
        f"outrider {RELEASE}: {daemon.name} of fleet {config.device.fleet}: "
        f"polls each {config.collect.interval:g} s, "
        f"windows of {config.window.span:g} s, broker {config.broker.url}"
    )
    return f"{words}; degraded: {'; '.join(daemon.condition)}" if daemon.condition else words
