"""How long after a boot the first window is at a broker: a real systemd, the unit and its defaults.

    python tests/benchmarks/bench_boot.py [BOOTS]

A Debian in a container (`tests/machines.py`; root, systemd-container) with the service installed and
enabled; its broker is outside, at the other end of a cable. It is rebooted at another second of the
minute each time, for windows end with the minute. Seconds, from the start of the first process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.service.child import Child
from agent.view.broker import mosquitto_settings
from tests.machines import OUTSIDE, Machine, visible, wheels
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PORT, INNER_PORT = 1884, 1883
UNIT = "outrider.service"
CONFIGURATION = f'[device]\nname = "dut"\n[broker]\nurl = "mqtt://{OUTSIDE}:{PORT}"\n'
VIEW = [sys.executable, "-m", "agent", "view", "--broker", f"mqtt://127.0.0.1:{INNER_PORT}", "--json"]
MINUTE = 60.0


class Boot(NamedTuple):
    """One boot: at which second of a minute, and how long after it the service was ready and seen."""

    second: float
    ready: float
    window: float


def reboot(machine: Machine) -> Boot:
    """Reboot, and return when the first window that began after it has come to the broker."""
    before = machine.leader
    machine.run("systemctl", "reboot", check=False)
    machine.awake(before)
    began = time.time() - age(machine.leader)
    view = subprocess.Popen(
        [*machine.beside(), *VIEW], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        until(lambda: state(machine) == "running", lambda: state(machine))
        ready = time.time() - began
        assert view.stdout is not None
        for line in view.stdout:
            if json.loads(line)["start"] >= began:
                return Boot(began % MINUTE, ready, time.time() - began)
        raise AssertionError("the view ended without a window")
    finally:
        view.kill()
        view.wait()


def age(pid: int) -> float:
    """How long a process has run, in s."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def state(machine: Machine) -> str:
    """What the unit does."""
    shown = machine.run("systemctl", "show", UNIT, "--property", "SubState", "--value", check=False)
    return shown.stdout.strip()


def prepared(stack: ExitStack, home: Path) -> Machine:
    """A machine with the service running, and a broker outside."""
    shared = home / "shared"
    wheels(shared / "wheels", ROOT)
    machine = Machine(home, [shared, *visible(ROOT, Path(sys.prefix), Path(sys.base_prefix))])
    stack.callback(machine.close)
    machine.boot()
    settings = home / "mosquitto.conf"
    settings.write_text(mosquitto_settings(INNER_PORT, [f"listener {PORT} {OUTSIDE}"]))
    broker = Child("broker", [*machine.beside(), "mosquitto", "-c", str(settings)], home / "broker.log")
    broker.start()
    stack.callback(broker.stop)
    machine.write("/etc/outrider/outrider.toml", CONFIGURATION)
    install = [sys.executable, "-m", "agent", "service", "install", "--from", str(shared / "wheels")]
    machine.run(*install, environ={"PYTHONPATH": str(ROOT)})
    return machine


def main() -> None:
    """Print the table."""
    boots = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        machine = prepared(stack, home)
        print("boot to the first window at a broker outside; windows of a minute (s)")
        print(f"  {'at second':>10}{'ready':>10}{'first window':>15}")
        for number in range(boots):
            wanted = number * MINUTE / boots
            time.sleep((wanted - time.time()) % MINUTE)
            boot = reboot(machine)
            print(f"  {boot.second:>10.1f}{boot.ready:>10.1f}{boot.window:>15.1f}", flush=True)


if __name__ == "__main__":
    main()
