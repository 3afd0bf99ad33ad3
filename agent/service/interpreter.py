"""Which Python the service runs on: one that its user can reach from inside the sandbox.

The unit hides /home, /root and /run/user, so an interpreter kept there (pyenv, conda, uv) would make a
service that fails at once, with status 203 and without a word.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

HIDDEN = ("/home", "/root", "/run/user")
OLDEST = (3, 10)
NAMES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10")
PROBE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"
PATH = "/usr/local/bin:/usr/bin:/bin"
ADVICE = "apt-get install python3-venv, or name another one with --python"


class NoInterpreter(Exception):  # noqa: N818 - a state of the machine
    """No Python that the service could run on; the message says what was looked at, and what to do."""


def choose(named: str | None = None, hidden: Sequence[str] = HIDDEN) -> Path:
    """The interpreter named, else the one that this command runs on, else the system's.

    Raises:
        NoInterpreter: none of them will do.
    """
    candidates = [named] if named is not None else [base(), *_system()]
    refused = []
    for candidate in dict.fromkeys(candidates):
        why = unfit(Path(candidate), hidden)
        if not why:
            return Path(candidate)
        refused.append(f"  {candidate}: {why}")
    oldest = ".".join(map(str, OLDEST))
    raise NoInterpreter(
        "\n".join([f"no Python {oldest} or newer that the service could run on:", *refused, ADVICE])
    )


def base() -> str:
    """The interpreter behind the virtual environment that we run in."""
    found = getattr(sys, "_base_executable", None)
    return str(found or sys.executable)


def unfit(python: Path, hidden: Iterable[str] = HIDDEN) -> str:
    """Why the service could not run on this interpreter, or "" if it can."""
    if not python.is_file():
        return "there is no such program"
    real = python.resolve()
    for place in hidden:
        if real.is_relative_to(place):
            return f"it lies under {place}, which the service cannot see"
    closed = [folder for folder in real.parents if not os.stat(folder).st_mode & stat.S_IXOTH]
    if closed:
        return f"{closed[0]} is closed to other users than its owner"
    tried = subprocess.run(
        [str(python), "-I", "-c", PROBE], capture_output=True, text=True, errors="replace", check=False
    )
    if tried.returncode:
        last = tried.stderr.strip().rpartition("\n")[2]
        return last or "it is older than that"
    return ""


def _system() -> list[str]:
    found = [shutil.which(name, path=PATH) for name in NAMES]
    return [each for each in found if each is not None]
