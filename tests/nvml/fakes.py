"""Builds the fake NVML, a host that has its GPUs, and a process that reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
LIBRARY = "libnvidia-ml.so.1"
MEMORY = "process.gpu.memory"
VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15\n"
# As the unit has it: with several arenas each new thread may take another, and memory wanders.
AS_SERVICE = {"MALLOC_ARENA_MAX": "1"}
STAT = "{} ({}) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {} 0 10\n"
POWER = """\
Runtime D3 status:          Enabled (fine-grained)
Video Memory:               Active

GPU Hardware Support:
 Video Memory Self Refresh: Supported
 Video Memory Off:          Supported
"""


def build(folder: Path, *flags: str) -> Path:
    """Compile the fake into `folder` and return it, for LD_LIBRARY_PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-Wl,-soname,{LIBRARY}"]
    output = str(folder / LIBRARY)
    subprocess.run(["gcc", *options, *flags, "-o", output, str(HERE / "fake.c")], check=True)
    return folder


def address(number: int) -> str:
    """Where the fake has the GPU of this number."""
    return f"0000:{0x10 + number:02x}:00.0"


class FakeHost:
    """A tree with the driver's files, and the fake's own file beside it.

    Args:
        folder: where to make both.
        gpus: how many are on the bus.
        lines: of the fake's file, after `gpus`.
    """

    def __init__(self, folder: Path, gpus: int = 1, *lines: str) -> None:
        self.root, self.file = folder / "root", folder / "nvml.txt"
        self._gpus = gpus
        self.say(*lines)
        self.write("proc/driver/nvidia/version", VERSION)
        for number in range(gpus):
            self.write(f"sys/bus/pci/drivers/nvidia/{address(number)}/vendor", "0x10de\n")
            self.power(number, "active")
            self.control(number, "on")

    def say(self, *lines: str) -> None:
        """Write the fake's file; it is read by the next nvmlInit, or `Child.read`."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("\n".join((f"gpus {self._gpus}", *lines, "")), errors="surrogateescape")

    def write(self, name: str, text: str) -> None:
        """Write a file of the host."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def process(self, pid: int, name: str, start: int) -> None:
        """A process that began at this clock tick."""
        self.write(f"proc/{pid}/comm", f"{name}\n")
        self.write(f"proc/{pid}/cmdline", f"{name}\0")
        self.write(f"proc/{pid}/stat", STAT.format(pid, name, start))
        self.write(f"proc/{pid}/io", "read_bytes: 0\nwrite_bytes: 0\n")
        self.write(f"proc/{pid}/fd/0", "")

    def power(self, number: int, status: str) -> None:
        """What the kernel says of the GPU's sleep."""
        self.write(f"sys/bus/pci/devices/{address(number)}/power/runtime_status", f"{status}\n")

    def control(self, number: int, control: str) -> None:
        """Whether the kernel and the driver let it sleep: `auto` or `on`."""
        self.write(f"sys/bus/pci/devices/{address(number)}/power/control", f"{control}\n")
        self.write(f"proc/driver/nvidia/gpus/{address(number)}/power", POWER)


class Polled(NamedTuple):
    """One poll: values by metric and the attributes' values after the two of the GPU, and the rest."""

    values: dict[tuple[str, ...], Any]
    absences: list[tuple[str, str]]
    same: bool
    seconds: float
    series: list[tuple[str, str, str, tuple[str, ...]]]


class Failed(NamedTuple):
    """A poll that raised."""

    error: str
    text: str


class Child:
    """The collector in a process of its own."""

    def __init__(self, library: Path, host: FakeHost, patience: float = 5.0) -> None:
        environ = {**os.environ, "LD_LIBRARY_PATH": str(library), "NVML_FAKE": str(host.file), **AS_SERVICE}
        command = [sys.executable, str(HERE / "child.py"), str(host.root), str(patience)]
        self._process = subprocess.Popen(
            command, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, verb: str, *arguments: object) -> dict[str, Any]:
        """Have the child do something (`child.Subject`).

        Raises:
            AssertionError: it ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([verb, *arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the child ended with {self._process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def poll(self, now: float) -> Polled:
        """One poll that gives a reading."""
        told = self.ask("poll", now)
        assert "error" not in told, told
        values, series = {}, []
        for (name, unit, kind), pairs, value in told["values"]:
            who, *more = (text for _, text in pairs)
            key = (name, who, *more[1:])
            assert key not in values, key
            values[key] = value
            series.append((name, unit, kind, tuple(key for key, _ in pairs)))
        absences = [(what, reason) for what, reason in told["absences"]]
        return Polled(values, absences, told["same"], told["seconds"], series)

    def watched(self, now: float, pattern: str) -> tuple[dict[str, Any], list[str]]:
        """GPU memory of the processes that match, by where it is, and why it is absent."""
        told = self.ask("watched", now, pattern)
        values = {pairs[1][1]: value for (name, *_), pairs, value in told["values"] if name == MEMORY}
        return values, [reason for what, reason in told["absences"] if what == MEMORY]

    def fail(self, now: float) -> Failed:
        """One poll that raises."""
        told = self.ask("poll", now)
        assert "error" in told, told
        return Failed(told["error"], told["text"])

    def read(self) -> None:
        """Have the fake read its file, and let go what hangs."""
        self.ask("fake", "fake_read")

    def close_collector(self) -> None:
        """Have it close the collector, as the runner does after an error."""
        self.ask("close")

    def calls(self, number: int) -> int:
        """How often a GPU was asked anything."""
        answer: int = self.ask("fake", "fake_calls", number)["answer"]
        return answer

    def opened(self) -> bool:
        """Whether NVML is open."""
        return bool(self.ask("fake", "fake_opened")["answer"])

    def loaded(self, module: str) -> bool:
        """Whether the child has imported a module."""
        return bool(self.ask("loaded", module)["answer"])

    def close(self) -> int:
        """End it; the exit status."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        status = self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status


# The driver's file that is looked for first lies in /proc, where nobody may make one: in a mount of its own.
DRIVER = (
    "mount -t tmpfs none /proc/driver && mkdir /proc/driver/nvidia && echo 570 >/proc/driver/nvidia/version "
    '&& exec "$@"'
)


def driven(directory: Path, gpus: int, *lines: str) -> list[str]:
    """The command that runs a program, as root, on this host with so many fake GPUs."""
    host = FakeHost(directory / "host", gpus, *lines)
    library = build(directory / "library")
    own = ["unshare", "--mount", "sh", "-c", DRIVER, "sh"]
    return ["env", f"LD_LIBRARY_PATH={library}", f"NVML_FAKE={host.file}", *own]
