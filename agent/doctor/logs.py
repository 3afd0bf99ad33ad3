"""Whether logs can be read by this user: those below `/var/log` and the journal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from agent.doctor.finding import Finding
from collectors.host import Host

JOURNALS = ("var/log/journal", "run/log/journal")
MOST = 200
ALLOW = "`outrider service allow logs`, or add the user to the groups adm and systemd-journal"


def examine(host: Host) -> Iterator[Finding]:
    """Look at the log files that lie directly in `/var/log`, and at the journal."""
    closed, opened = [], 0
    for path in _logs(host.root / "var/log"):
        if os.access(path, os.R_OK):
            opened += 1
        else:
            closed.append(path.name)
    if closed:
        names = ", ".join(closed[:4]) + (f" and {len(closed) - 4} more" if len(closed) > 4 else "")
        yield Finding("logs", "note", f"this user may not read {names} in /var/log", ALLOW)
    yield Finding("logs", "ok", f"{opened} log files in /var/log can be read")
    for name in JOURNALS:
        journal = host.root / name
        if journal.is_dir():
            if os.access(journal, os.R_OK | os.X_OK):
                yield Finding("logs", "ok", f"the journal in /{name} can be read")
            else:
                yield Finding("logs", "note", f"this user may not read the journal in /{name}", ALLOW)


def _logs(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(found)[:MOST]
