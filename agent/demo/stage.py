"""The model's server and its clients as child processes, with all their files in one directory."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

from agent.demo.rotating import SIZE
from agent.demo.traffic import RATE, Course
from agent.service.child import Child
from agent.view.broker import free_port

NEEDED = ("onnxruntime", "uvicorn")


def missing() -> list[str]:
    """The packages that are not installed, and without which there is no model."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


class Stage:
    """Both, from `start` to `stop`.

    Args:
        directory: where their files lie; must exist.
        course: when trouble comes.
        rate: requests a second.
        size: bytes of the model's log before it is renamed.
        seconds: how long the clients ask, unless they are told to end before.

    `model`, `access` and `labels` are the files that are written, `baseline` is what the model was made for.
    """

    def __init__(
        self,
        directory: Path,
        course: Course,
        *,
        rate: float = RATE,
        size: int = SIZE,
        seconds: float = math.inf,
    ) -> None:
        self.course = course
        self.port = free_port()
        self.model, self.access = directory / "model.log", directory / "access.log"
        self.labels, self.baseline = directory / "labels.log", directory / "iris.baseline.json"
        serve = ["--port", str(self.port), "--log", str(self.model), "--access-log", str(self.access)]
        ask = ["--port", str(self.port), "--labels", str(self.labels)]
        ask += ["--calm", str(course.calm), "--rise", str(course.rise)]
        serve += ["--size", str(size)]
        ask += ["--rate", str(rate), "--seconds", str(seconds)]
        self.server = _program("server", serve, directory)
        self.load = _program("load", ask, directory)
        self.children = (self.server, self.load)
        self.url = f"http://127.0.0.1:{self.port}/predict"

    def prepare(self) -> None:
        """Write the baseline, which takes a second; the daemon reads it when it starts.

        Raises:
            subprocess.CalledProcessError: that failed; why is on stderr.
        """
        subprocess.run([sys.executable, "-m", "agent.demo.reference", str(self.baseline)], check=True)

    def start(self) -> None:
        """Start both; the clients wait for the server."""
        for child in self.children:
            child.start()

    def stop(self) -> None:
        """End both, the clients first."""
        for child in reversed(self.children):
            if child.started:
                child.stop()


def _program(name: str, arguments: list[str], directory: Path) -> Child:
    command = [sys.executable, "-m", f"agent.demo.{name}", *arguments]
    return Child(f"model's {name}", command, directory / f"{name}.out")
