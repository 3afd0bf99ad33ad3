"""Whether the journal has entries of the units that a log of the configuration names, and which."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence

from agent.config.logs import Logs
from agent.doctor.finding import Finding
from agent.doctor.logfiles import LINES, Sample
from collectors.logs.tail.joined import JOINT
from collectors.logs.tail.journal import message

PATIENCE = 5.0
JOURNAL, MANAGER = ("journalctl",), ("systemctl",)
LONGEST = 16 << 20
"""Bytes of what the journal answers that are looked at."""
NO_UNIT = "`systemctl list-units --type=service` lists them; the name ends in .service"
NO_ENTRY = "`outrider service allow logs` where this user may not read the journal; or none was written yet"


def sample(logs: Logs, journal: Sequence[str] = JOURNAL) -> Sample:
    """The last entries of all that the log asks the journal for.

    Raises:
        OSError: the journal cannot be asked; the reason in words.
    """
    matches = [*(f"_SYSTEMD_UNIT={unit}" for unit in logs.units), *logs.matches]
    options = [
        "--quiet",
        "--no-pager",
        "--all",
        "--output=json",
        "--output-fields=MESSAGE",
        f"--lines={LINES}",
    ]
    done = _asked([*journal, *options, *matches])
    lines = []
    for entry in done[:LONGEST].splitlines():
        try:
            text = message(json.loads(entry).get("MESSAGE"))
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
        if text:
            lines.append(text.rstrip(b"\n").replace(b"\n", JOINT))
    return Sample(" ".join((*logs.units, *logs.matches)), tuple(lines), stamped=True)


def examine(logs: Logs, found: Sample, manager: Sequence[str] = MANAGER) -> Iterator[Finding]:
    """Say whether there are entries, and whether the units are known."""
    of = f"log {logs.name}"
    if found.lines:
        yield Finding("logs", "ok", f"{of}: the journal has entries of {found.where}")
        return
    for unit in logs.units:
        if known(unit, manager) is False:
            yield Finding("logs", "warning", f"{of}: systemd knows no unit {unit}", NO_UNIT)
    yield Finding("logs", "note", f"{of}: the journal has no entry of {found.where} for this user", NO_ENTRY)


def known(unit: str, manager: Sequence[str] = MANAGER) -> bool | None:
    """Whether systemd knows a unit; None where it cannot be asked."""
    try:
        state = _asked([*manager, "show", "--property=LoadState", "--value", "--", unit]).strip()
    except OSError:
        return None
    return None if not state else state != b"not-found"


def _asked(command: Sequence[str]) -> bytes:
    """What a program answers.

    Raises:
        OSError: it is not there, fails, or takes longer than `PATIENCE` s.
    """
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{command[0]} has not answered for {PATIENCE:.0f} s") from None
    except OSError as error:
        raise OSError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise OSError(f"{command[0]} ended with {done.returncode}: {said[:160]}")
    return done.stdout
