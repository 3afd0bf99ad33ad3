"""Screenshots of the terminal view and of `outrider top`, from real daemons: run by `make screenshots`.

Four daemons run on this machine for two minutes, as a fleet of four devices. One has an alert rule that
fires after a while, so that its capture has two sides; it is killed and started again, which leaves a gap.
One is killed and stays away, one follows the logs of models, of which one is fed other values in the end. The
pictures go to `agent/view/screenshots/`
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
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text
from textual.pilot import Pilot

from agent.cli.fleet import _build, _endpoint
from agent.config import load
from agent.onlooker import Onlooker, daemon_words
from agent.poller import Clocks
from agent.service.child import Child
from agent.stats.baseline import Baseline, Feature, encoded
from agent.stats.standard import Standard
from agent.stats.topk import Top as Categories
from agent.view.app import Viewer
from agent.view.broker import Broker
from agent.view.ink import STYLES, Line
from agent.view.listbox import Listbox
from agent.view.screens import model_of
from agent.view.top import Top, render

SHOTS = Path(__file__).parents[1] / "agent" / "view" / "screenshots"
SIZE = (100, 28)
FLEET = (("gate-7", "line-4"), ("gate-8", "line-4"), ("press-11", "line-4"), ("robot-3", "yard"))
SPAN = "2s"
BEFORE, DOWN, AFTER = 60.0, 14.0, 60.0
"""Seconds before, during and after the time in which gate-7 is down."""

OFTEN = """
[store]
write_budget = "1 GB/day"
[attributes."system.filesystem.mountpoint"]
include = ["/", "/home", "/var"]
"""
"""Windows of two seconds are written more often than a device should; mounts of tests are nobody's."""
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
[[logs]]
name = "press"
paths = ["{log}.press"]
format = "json"
[[logs]]
name = "review"
paths = ["{log}.review"]
format = "json"
[[model]]
name = "wear"
logs = ["press", "review"]
baseline = "{log}.baseline"
drift_window = "20s"
samples.enabled = true
"""
WORN = ("fine", "worn", "broken")
SHIFT = 90.0
"""Seconds after which the press runs hotter than the model was made for."""
TROUBLE = ("no memory for batch {} of eve@example.org", "timeout of 10.0.0.7 after {} ms")
FONTS = re.compile(r"\s*@font-face \{.*?\n\s*\}", re.DOTALL)


class Fleet:
    """The broker and its daemons, in one directory, from `with` to its end."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.broker = stack.enter_context(Broker(directory))
        Path(f"{self.log}.baseline").write_bytes(encoded(baseline()))
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
        own = f'[device]\nname = "{name}"\nfleet = "{fleet}"\nsite = "hall 3"\n'
        settings.write_text(f"{own}{OFTEN}{rules}")
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
        await shot(app, pilot, "model", lambda: open_model(app, pilot, "wear"))


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


class Pressed(NamedTuple):
    """What a press is like when a model judges its wear, and what is true of it."""

    temperature: float
    load: float
    site: str
    prediction: str
    confidence: float
    truth: str


def pressed(chance: random.Random, *, hot: bool = False) -> Pressed:
    """One of them; a hot press the model knows less well."""
    truth = chance.choices(WORN, (80, 17, 3))[0]
    said = truth if chance.random() < (0.78 if hot else 0.96) else chance.choice(WORN)
    return Pressed(
        round(chance.gauss(67.0 if hot else 61.0, 1.8), 2),
        round(chance.gauss(0.7, 0.1), 3),
        chance.choice(("hall 3", "hall 4")),
        said,
        round(chance.uniform(0.5, 0.9) if hot else chance.uniform(0.8, 0.99), 3),
        truth,
    )


def baseline() -> Baseline:
    """What the model of wear was made for."""
    chance = random.Random(1)
    rows = [pressed(chance) for _ in range(5000)]
    features = {}
    for name in ("temperature", "load", "confidence"):
        values = np.array([getattr(row, name) for row in rows])
        standard = Standard.of(values)
        features[name] = Feature(standard.histogram(values), standard)
    for name in ("site", "prediction"):
        features[name] = Feature(Categories(Counter(getattr(row, name) for row in rows)))
    return Baseline("wear", "", 0.0, features)


def press(log: Path, over: threading.Event) -> None:
    """Print what the model of wear says, ten lines a second, and what is true some seconds later."""
    chance, begun = random.Random(8), time.time()
    due: deque[tuple[float, str]] = deque()
    answers, review = Path(f"{log}.press"), Path(f"{log}.review")
    with answers.open("a", buffering=1) as said, review.open("a", buffering=1) as told:
        for number in count():
            now, request = time.time(), f"press-11/{number}"
            row = pressed(chance, hot=now > begun + SHIFT)
            line = {"time": now, "request_id": request, "model": "wear", "model_version": "3"}
            line |= {"prediction": row.prediction, "confidence": row.confidence}
            line |= {"latency_ms": round(chance.lognormvariate(2.5, 0.3), 2)}
            line |= {"features": {"temperature": row.temperature, "load": row.load, "site": row.site}}
            said.write(f"{json.dumps(line | {'status': 200})}\n")
            truth = json.dumps({"request_id": request, "label": row.truth})
            due.append((now + chance.uniform(3.0, 9.0), truth))
            while due and due[0][0] < now:
                told.write(f"{due.popleft()[1]}\n")
            if over.wait(0.1):
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


async def open_model(app: Viewer, pilot: Pilot[str], name: str) -> None:
    """Open the page of a model."""
    body = app.screen.query_one("#body", Listbox)
    body.point_at(next(key for _, key in body._stops if model_of(key) == name))
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
        for server in (serve, press):
            thread = threading.Thread(target=server, args=(running.log, over))
            thread.start()
            stack.callback(thread.join)
        stack.callback(over.set)
        asyncio.run(watch(running))
        top_of(running, "gate-7", stack)
    for path in sorted(SHOTS.glob("*.svg")):
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")
