"""Screenshots of the terminal view and of `outrider top`, from real daemons: run by `make screenshots`.

Four daemons run on this machine for two minutes, as a fleet of four devices. One has an alert rule that
fires after a while, so that its capture has two sides; it is killed and started again, which leaves a gap.
One is killed and stays away, one follows the log of a model. The pictures go to `agent/view/screenshots/`
and are looked at before they are kept.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.text import Text
from textual.pilot import Pilot

from agent.cli.fleet import _build, _endpoint
from agent.config import load
from agent.onlooker import Onlooker, daemon_words
from agent.poller import Clocks
from agent.service.child import Child
from agent.view.app import Viewer
from agent.view.broker import Broker
from agent.view.ink import STYLES, Line
from agent.view.listbox import Listbox
from agent.view.top import Top, render

SHOTS = Path(__file__).parents[1] / "agent" / "view" / "screenshots"
SIZE = (100, 28)
FLEET = (("gate-7", "line-4"), ("gate-8", "line-4"), ("press-11", "line-4"), ("robot-3", "yard"))
SPAN = "2s"
BEFORE, DOWN, AFTER = 60.0, 14.0, 60.0
"""Seconds before, during and after the time in which gate-7 is down."""

RULES = """
[[alert]]
name = "disk-filling"
when = "system.filesystem.utilization > 5% for 20s"
severity = "warning"
summary = "the disk fills up; logs and models share it"
runbook = "https://wiki.example/runbooks/disk"
[recorder]
after = "20s"
[collectors.filesystem]
interval = "1s"
"""
MODEL = """
[[logs]]
name = "api"
paths = ["{log}"]
format = "json"
[[alert]]
name = "failing"
when = "share(model.errors, model.requests) > 5% for 10s"
summary = "one request in twenty fails"
"""
TROUBLE = ("no memory for batch {} of eve@example.org", "timeout of 10.0.0.7 after {} ms")
FONTS = re.compile(r"\s*@font-face \{.*?\n\s*\}", re.DOTALL)


class Fleet:
    """The broker and its daemons, in one directory, from `with` to its end."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.broker = stack.enter_context(Broker(directory))
        self.daemons = {name: self.daemon(name, fleet) for name, fleet in FLEET}
        for daemon in self.daemons.values():
            daemon.start()
            stack.callback(daemon.stop)

    def daemon(self, name: str, fleet: str) -> Child:
        """A daemon that is not started yet."""
        here = self.directory / name
        here.mkdir(exist_ok=True)
        settings = here / "outrider.toml"
        rules = {"gate-7": RULES, "robot-3": MODEL.format(log=self.log)}.get(name, "")
        settings.write_text(f'[device]\nname = "{name}"\nfleet = "{fleet}"\nsite = "hall 3"\n{rules}')
        command = [sys.executable, "-m", "agent", "run", "--config", str(settings), "--span", SPAN]
        command += ["--broker", self.broker.url, *self.places(name)]
        return Child(name, command, here / "daemon.log")

    @property
    def log(self) -> Path:
        """What the model of robot-3 prints."""
        return self.directory / "api.log"

    def places(self, name: str) -> list[str]:
        """Where a daemon has its files, as words of the command line."""
        here = self.directory / name
        return ["--state-dir", str(here / "state"), "--runtime-dir", str(here / "run")]

    def again(self, name: str) -> None:
        """Start a daemon that was killed."""
        self.daemons[name] = self.daemon(name, dict(FLEET)[name])
        self.daemons[name].start()


async def watch(fleet: Fleet) -> None:
    """Look at the fleet through all of it, and take the pictures at the end."""
    paths = ("user", "password_file", "ca_file", "certificate_file", "key_file")
    args = Namespace(broker=fleet.broker.url, fleet="+", device="*", **dict.fromkeys(paths))
    app = Viewer(_build(args, _endpoint(args)), time.monotonic)
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(BEFORE)
        fleet.daemons["gate-7"].kill()
        fleet.daemons["press-11"].kill()
        await asyncio.sleep(DOWN)
        fleet.again("gate-7")
        await asyncio.sleep(AFTER)
        app.screen.query_one("#body", Listbox).point_at("gate-7")
        await shot(app, pilot, "devices", pilot.pause)
        await pilot.press("enter")
        await shot(app, pilot, "device", lambda: asyncio.sleep(1.0))
        await find(pilot, "utilization")
        await shot(app, pilot, "series", lambda: pick(app, pilot, "cpu.utilization", "user"))
        await shot(app, pilot, "capture", lambda: pilot.press("c"))
        await pilot.press("escape", "escape")
        await find(pilot, "collect.duration")
        await shot(app, pilot, "histogram", lambda: pick(app, pilot, "collect.duration", "network"))
        await pilot.press("escape", "escape", "escape")
        app.screen.query_one("#body", Listbox).point_at("robot-3")
        await pilot.press("enter")
        await shot(app, pilot, "models", lambda: asyncio.sleep(1.0))


def serve(log: Path, over: threading.Event) -> None:
    """Print what a server of two models prints, twenty lines a second, until it is over."""
    chance = random.Random(7)
    with log.open("a", buffering=1) as file:
        for number in count():
            failed = chance.random() < 0.08
            line = {
                "time": time.time(),
                "model": chance.choice(("resnet", "detector")),
                "latency_ms": round(chance.lognormvariate(3.5, 0.5), 2),
                "status": 503 if failed else 200,
            }
            if failed:
                line["message"] = chance.choice(TROUBLE).format(number)
            file.write(f"{json.dumps(line)}\n")
            if over.wait(0.05):
                return


async def find(pilot: Pilot[str], text: str) -> None:
    """Filter the page."""
    await pilot.press("slash", *("full_stop" if letter == "." else letter for letter in text), "enter")
    await pilot.pause(1.0)


async def pick(app: Viewer, pilot: Pilot[str], *words: str) -> None:
    """Open the first series with all these words in it."""
    body = app.screen.query_one("#body", Listbox)
    key = next(key for _, key in body._stops if all(word in str(key) for word in words))
    body.point_at(key)
    await pilot.press("enter")
    await pilot.pause(2.0)


async def shot(app: Viewer, pilot: Pilot[str], name: str, act: Callable[[], Awaitable[None]]) -> None:
    """Do this, and keep what is seen."""
    await act()
    await pilot.pause(1.0)
    keep(name, app.export_screenshot(title="outrider view"))


def keep(name: str, picture: str) -> None:
    """Write a picture without the fonts that it would fetch from elsewhere."""
    SHOTS.mkdir(exist_ok=True)
    (SHOTS / f"{name}.svg").write_text(FONTS.sub("", picture))


def top_of(fleet: Fleet, name: str, stack: ExitStack) -> None:
    """`outrider top` beside one of the daemons."""
    here = fleet.directory / name
    places = {"store.directory": str(here / "state"), "runtime.directory": str(here / "run")}
    config = load([str(here / "outrider.toml")], {**places, "window.span": SPAN})
    clocks = Clocks(lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.time, lambda: "unknown")
    looker = Onlooker(config, clocks, here / "run" / "ring", here / "state", daemon_words(config))
    looker.look()
    lines = render(Top(time.time(), looker.source, looker.chosen(time.time())), *SIZE)
    out = stack.enter_context((here / "top").open("w"))
    console = Console(record=True, width=SIZE[0], height=SIZE[1], file=out, force_terminal=True)
    for each in lines:
        console.print(inked(each), no_wrap=True, overflow="crop")
    keep("top", console.export_svg(title="outrider top"))


def inked(of: Line) -> Text:
    """A line as Rich has it."""
    return Text.assemble(*((piece.text, " ".join(STYLES[piece.style])) for piece in of))


if __name__ == "__main__":
    with ExitStack() as stack:
        running = Fleet(
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outrider-shots-"))), stack
        )
        over = threading.Event()
        server = threading.Thread(target=serve, args=(running.log, over))
        server.start()
        stack.callback(server.join)
        stack.callback(over.set)
        asyncio.run(watch(running))
        top_of(running, "gate-7", stack)
    for path in sorted(SHOTS.glob("*.svg")):
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")
