"""`outrider top`: this device, each second, in a plain terminal; from the daemon's ring or by itself."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config import Config
    from agent.onlooker import Onlooker
    from agent.poller import Clocks

EXAMPLES = """examples:
  outrider top                       live, from the polls of the daemon on this device
  outrider top --once                one picture as plain text, for a pipe or a ticket
  outrider top --poll                collect in this process, whether a daemon runs or not
  ssh edge-7 -t outrider top         over a slow line: only what changed is sent

keys: j and k or the arrows scroll, / shows the series with a text in their names, p pauses, q ends.
It asks as root or as the daemon's user; without a daemon it collects by itself, and says so."""
SETTLE = 2.2
"""Seconds in which each collector has polled twice, as a rate needs."""

PERIOD = 1.0
WIDTH = 80


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """The arguments of `top`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES
    add_flags(parser, ("--state-dir", "--runtime-dir", "--device"))
    parser.add_argument("--once", action="store_true", help="print one picture and end; so it is in a pipe")
    parser.add_argument("--poll", action="store_true", help="collect in this process")
    parser.set_defaults(run=top)


def top(args: argparse.Namespace) -> int:
    """Show the device until `q` or Ctrl-C, or once."""
    from agent.cli.flags import settings
    from agent.observed import host
    from agent.poller import Clocks
    from agent.trust import Trust

    config = settings(args)
    trust = Trust.of(host(config))
    clocks = Clocks(
        lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.time, lambda: trust.quality(time.time())
    )
    with ExitStack() as stack:
        onlooker, look, alone = _source(config, clocks, stack, poll=args.poll)
        if args.once or not sys.stdout.isatty():
            return _once(onlooker, look, settle=alone)
        _live(onlooker, look)
    return 0


def _source(
    config: Config, clocks: Clocks, stack: ExitStack, *, poll: bool
) -> tuple[Onlooker, Callable[[], None], bool]:
    """What is looked at, how to look again, and whether it has only begun to collect."""
    from pathlib import Path

    from agent.daemon import RING
    from agent.onlooker import Alone, Onlooker, daemon_here, daemon_words

    why = "--poll" if poll else daemon_here(config, clocks.boot)
    if why:
        alone = stack.enter_context(Alone(config, clocks, why))
        return alone.onlooker, alone.look, True
    ring, store = Path(config.runtime.directory) / RING, Path(config.store.directory)
    onlooker = Onlooker(config, clocks, ring, store, daemon_words(config))
    return onlooker, onlooker.look, False


def _once(onlooker: Onlooker, look: Callable[[], None], *, settle: bool) -> int:
    """One picture, as long as it is; 1 if nothing could be read."""
    from shutil import get_terminal_size

    from agent.view.ink import fit, plain
    from agent.view.top import Top, document, header

    if settle:
        time.sleep(SETTLE)
    look()
    width = max(40, get_terminal_size((WIDTH, 24)).columns)
    state = Top(time.time(), onlooker.source, onlooker.chosen(time.time()))
    for each in (header(state, width), *document(state, width)):
        print(plain(fit(each, width)).rstrip())
    return 0 if state.chosen.rows else 1


def _live(onlooker: Onlooker, look: Callable[[], None]) -> None:
    """The picture each second, and at once after a key."""
    from agent.view.console import Canvas, alternate_screen, pressed, standard_input
    from agent.view.ink import sgr
    from agent.view.top import Top, deepest, render
    from agent.view.top import pressed as after

    colour = not os.environ.get("NO_COLOR")
    keyboard, canvas = standard_input(), Canvas(sys.stdout)
    look()
    state = Top(time.time(), onlooker.source, onlooker.chosen(time.time()))

    def picture(width: int, height: int) -> list[str]:
        nonlocal state
        state = state._replace(top=min(state.top, deepest(state, width, height)))
        return [sgr(each, colour=colour) for each in render(state, width, height)]

    with alternate_screen(sys.stdout, keyboard):
        due = time.monotonic()
        while True:
            canvas.draw(picture)
            for key in pressed(keyboard, max(0.0, due - time.monotonic())):
                changed = after(state, key, time.time())
                if changed is None:
                    return
                state = changed
            if time.monotonic() >= due:
                due = max(due + PERIOD, time.monotonic())
                look()
                now = time.time()
                state = state._replace(now=now, source=onlooker.source)
                if state.paused is None:
                    state = state._replace(chosen=onlooker.chosen(now))
