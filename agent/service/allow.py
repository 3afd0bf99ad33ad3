"""Allowances: drop-ins that widen the sandbox by one thing each, shipped under `systemd/allow/`.

Each says at its head what it is for, what it opens, and the exposure of the unit with it alone, in
words for people; `outrider service allow --list` prints that, and a test measures the exposure:

    # For: model logs under /home.
    # Opens: /home, /root and /run/user, read-only.
    # Exposure: 1.3
"""

from __future__ import annotations

import difflib
import grp
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from agent.service import files
from agent.service.places import UNIT, Places
from agent.service.steps import Step, command, remove, text

FOLDER = "allow"
PREFIX = "allow-"
FIELD = re.compile(r"# (For|Opens|Exposure): (.+)")
MORE = re.compile(r"#   +(\S.*)")
GROUPS = "SupplementaryGroups="
UNIT_ADVICE = "see `systemctl status outrider` and `journalctl -u outrider`"
WRITE_ADVICE = "make /etc/systemd/system writable, then run this again"


class NoAllowance(Exception):  # noqa: N818 - a wrong word
    """There is no allowance of that name; the message lists those there are."""


class Allowance(NamedTuple):
    """One drop-in: what it is for, what it opens, and the unit's exposure with it (lower is better)."""

    name: str
    purpose: str
    opens: str
    exposure: float
    unit: str


def shipped(package: Path = files.PACKAGE) -> list[Allowance]:
    """All allowances there are, by name.

    Raises:
        FileNotFoundError: the installation is not whole.
    """
    folder = files.folder("systemd", package) / FOLDER
    return [parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.conf"))]


def parse(name: str, content: str) -> Allowance:
    """An allowance from its file.

    Raises:
        ValueError: a field is missing from its head.
    """
    fields: dict[str, str] = {}
    last = ""
    for line in content.splitlines():
        if (field := FIELD.fullmatch(line)) is not None:
            last = field[1]
            fields[last] = field[2]
        elif last and (more := MORE.fullmatch(line)) is not None:
            fields[last] += f" {more[1]}"
        else:
            last = ""
    missing = sorted({"For", "Opens", "Exposure"} - fields.keys())
    if missing:
        raise ValueError(f"systemd/{FOLDER}/{name}.conf: its head says nothing of {', '.join(missing)}")
    return Allowance(name, fields["For"], fields["Opens"], float(fields["Exposure"]), content)


def named(names: Sequence[str], package: Path = files.PACKAGE) -> list[Allowance]:
    """The allowances of these names.

    Raises:
        NoAllowance: there is none of that name.
    """
    known = {each.name: each for each in shipped(package)}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f' did you mean "{near[0]}"?' if near else ""
            raise NoAllowance(f"there is no allowance {name!r};{hint} there are: {', '.join(known)}")
    return [known[name] for name in names]


def drop_in(places: Places, name: str) -> Path:
    """Where the drop-in of an allowance lies."""
    return places.drop_ins / f"{PREFIX}{name}.conf"


def allowed(places: Places) -> list[str]:
    """The names of the allowances that are on."""
    return sorted(path.stem.removeprefix(PREFIX) for path in places.drop_ins.glob(f"{PREFIX}*.conf"))


def allow_steps(places: Places, allowances: Sequence[Allowance]) -> list[Step]:
    """Put the drop-ins in place and make the running service take them over."""
    return [*(write_step(places, each) for each in allowances), *_take_over()]


def write_step(places: Places, allowance: Allowance) -> Step:
    """Put one drop-in in place, as this host can have it."""
    return text(drop_in(places, allowance.name), lambda: for_host(allowance.unit), WRITE_ADVICE)


def deny_steps(places: Places, names: Sequence[str]) -> list[Step]:
    """Take the drop-ins away, and from the running service what they opened."""
    away = [remove(drop_in(places, name), WRITE_ADVICE) for name in names]
    return [*away, *_take_over()]


def for_host(content: str, there: Callable[[str], bool] | None = None) -> str:
    """The drop-in without the groups that this host lacks: systemd refuses a unit that names one."""
    exists = there or group_exists
    lines = []
    for line in content.splitlines():
        groups = line.removeprefix(GROUPS).split() if line.startswith(GROUPS) else []
        lacking = [group for group in groups if not exists(group)]
        if lacking:
            lines.append(f"# Not on this host: the group {', '.join(lacking)}.")
            kept = [group for group in groups if group not in lacking]
            if kept:
                lines.append(f"{GROUPS}{' '.join(kept)}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def group_exists(name: str) -> bool:
    """Whether this host has a group of that name."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _take_over() -> list[Step]:
    return [
        command("tell systemd", ["systemctl", "daemon-reload"], UNIT_ADVICE),
        command("restart it if it runs", ["systemctl", "try-restart", UNIT], UNIT_ADVICE),
    ]
