"""What systemd knows of the service: asked once, said in a few lines.

Each line stands on its own: what cannot be asked (the journal, without the right to read it) is said
in its place.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from agent.service import allow
from agent.service.places import UNIT, Places
from agent.service.release import UNKNOWN, release

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "ActiveEnterTimestamp",
    "NRestarts",
    "Result",
    "StatusText",
    "MemoryCurrent",
    "MemoryMax",
    "CPUUsageNSec",
    "NeedDaemonReload",
)
PATIENCE = 20.0
MIB = 1 << 20
NO_NUMBER = ("", "[not set]", "infinity", str((1 << 64) - 1))
RUNNING, NOT_RUNNING, NOT_INSTALLED = 0, 3, 4
"""Exit codes, as those of `systemctl status`."""
VERSION = "outrider "


class Answer(NamedTuple):
    """A command's exit code and output; 127 and the reason where there is no such command."""

    code: int
    text: str


Ask = Callable[[Sequence[str]], Answer]


def ask(argv: Sequence[str]) -> Answer:
    """Run a command that only tells something."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
        )
    except FileNotFoundError:
        return Answer(127, f"there is no {argv[0]}")
    except subprocess.TimeoutExpired:
        return Answer(124, f"{argv[0]} did not answer within {PATIENCE:g} s")
    return Answer(done.returncode, done.stdout if done.returncode == 0 else done.stderr or done.stdout)


def show(tell: Ask = ask) -> Mapping[str, str]:
    """The properties of the unit; empty if systemd does not answer."""
    told = tell(["systemctl", "show", UNIT, f"--property={','.join(PROPERTIES)}"])
    if told.code:
        return {}
    return dict(line.partition("=")[::2] for line in told.text.splitlines())


def exit_code(shown: Mapping[str, str]) -> int:
    """0 if it runs, 3 if not, 4 if it is not installed."""
    if shown.get("ActiveState") in ("active", "reloading"):
        return RUNNING
    return NOT_INSTALLED if shown.get("LoadState", "not-found") == "not-found" else NOT_RUNNING


def lines(places: Places, shown: Mapping[str, str], tell: Ask = ask) -> list[str]:
    """The whole state for people, a line a matter."""
    if exit_code(shown) == NOT_INSTALLED:
        return [f"{UNIT} is not installed; `sudo outrider service install` does it"]
    found = [
        ("service", activity(shown)),
        ("says", shown.get("StatusText") or "nothing"),
        ("version", versions(places, shown)),
        ("memory", memory(shown)),
        ("processor", processor(shown)),
        ("exposure", exposure(tell(["systemd-analyze", "security", "--no-pager", UNIT]))),
        ("allowed", ", ".join(allow.allowed(places)) or "nothing beyond the unit"),
        ("last error", last_error(tell(LAST_ERROR))),
    ]
    if shown.get("NeedDaemonReload") == "yes":
        found.append(("note", "files of the unit have changed: run `systemctl daemon-reload`"))
    return [f"{name:<11} {value}" for name, value in found]


LAST_ERROR = ["journalctl", "--unit", UNIT, "--priority", "err", "--lines", "1", "--no-pager"]
LAST_ERROR += ["--output", "short-iso", "--quiet"]


def activity(shown: Mapping[str, str]) -> str:
    """Its state, since when, how often it was restarted, and whether it starts at boot."""
    said = f"{shown.get('ActiveState')} ({shown.get('SubState')})"
    if shown.get("ActiveEnterTimestamp"):
        said += f" since {shown['ActiveEnterTimestamp']}"
    if shown.get("Result") not in ("success", "", None):
        said += f", result {shown['Result']}"
    restarts = shown.get("NRestarts", "0")
    if restarts != "0":
        said += f", restarted {restarts} times"
    return f"{said}, {shown.get('UnitFileState') or 'not enabled'}"


def versions(places: Places, shown: Mapping[str, str]) -> str:
    """The version that is installed, and the one that runs, which says so itself."""
    try:
        installed = release(places.site)
    except FileNotFoundError:
        installed = "none"
    running = "none"
    if exit_code(shown) == RUNNING:
        words = shown.get("StatusText", "").removeprefix(VERSION).partition(":")[0]
        running = words if shown.get("StatusText", "").startswith(VERSION) else UNKNOWN
    advice = (
        "" if running in (installed, "none") else "; `systemctl restart outrider` starts the installed one"
    )
    return f"{installed} installed, {running} running{advice}"


def memory(shown: Mapping[str, str]) -> str:
    """What the control group holds, and its limit."""
    used, most = number(shown, "MemoryCurrent"), number(shown, "MemoryMax")
    if used is None:
        return "not known: systemd does not count it here"
    return f"{used / MIB:.1f} MiB" + (f" of at most {most / MIB:.0f} MiB" if most is not None else "")


def processor(shown: Mapping[str, str]) -> str:
    """The time it has used in all."""
    used = number(shown, "CPUUsageNSec")
    return f"{used / 1e9:.2f} s in all" if used is not None else "not known: systemd does not count it here"


def exposure(told: Answer) -> str:
    """The verdict of systemd-analyze: 0 is closed, 10 is open."""
    for line in told.text.splitlines():
        if "Overall exposure level" in line:
            return line.partition(": ")[2].rpartition(" ")[0] or line
    return f"not known: {told.text.strip() or 'systemd-analyze says nothing'}"


def last_error(told: Answer) -> str:
    """The newest line of the journal that is an error."""
    if told.code:
        return f"not known: {told.text.strip() or 'the journal says nothing'}"
    found = [line for line in told.text.splitlines() if not line.startswith(("-- ", "Hint: "))]
    return found[-1] if found else "none in the journal that you may read"


def number(shown: Mapping[str, str], name: str) -> int | None:
    """A property as a number; None where systemd has none."""
    value = shown.get(name, "")
    return int(value) if value not in NO_NUMBER and value.isdigit() else None
