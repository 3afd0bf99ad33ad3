"""The logs that the configuration follows: files, rights, formats, units of the journal."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic

from agent.config.formats import form_named, own_formats
from agent.config.logs import Logs
from agent.config.settings import Config
from agent.doctor import logfiles, loglines, logunits
from agent.doctor.finding import Finding
from agent.doctor.logfiles import Looked
from collectors.aside import Hung, Lanes
from collectors.logs.redact import Redactor

LANES: Lanes[Looked] = Lanes("its file system", 3.0, 4, monotonic)
HOMES = ("/home/", "/root/", "/run/user/")
READABLE = ("adm", "systemd-journal")
ALLOW, ALLOW_HOME = "`outrider service allow logs`", "`outrider service allow home`"
DEAD = "is a mount there dead? `findmnt` lists them; the daemon goes on with the others"
LATER = "it is followed as soon as it comes; is the path right?"
LINK = "name the folder it leads to in `roots` of this [[logs]]"
KIND = "FIFOs are named in `pipes`; devices and folders are no logs"
FEWER = "name fewer in `paths`, or split them into several [[logs]]"
SHOWN = 3


def examine(config: Config, wall: Callable[[], float]) -> Iterator[Finding]:
    """Look at each log in turn."""
    own = own_formats(config.format)
    redactor = Redactor(config.redact.patterns, config.redact.allow)
    for logs in config.logs:
        reading = loglines.Reading(form_named(logs.format, own), tuple(own.values()), redactor)
        if logs.paths or logs.pipes:
            yield from _files(logs, reading, wall)
        if logs.units or logs.matches:
            yield from _units(logs, reading, wall)


def _files(logs: Logs, reading: loglines.Reading, wall: Callable[[], float]) -> Iterator[Finding]:
    try:
        looked = LANES(logs.name, partial(logfiles.look, logs, monotonic, wall))
    except Hung as hung:
        yield Finding("logs", "problem", f"log {logs.name}: {hung}", DEAD)
        return
    yield from told(logs, looked)
    if looked.sample is not None:
        yield from loglines.examine(logs, looked.sample, reading, wall())


def told(logs: Logs, looked: Looked) -> Iterator[Finding]:
    """What was found of a log's files, in words."""
    of = f"log {logs.name}"
    for path in looked.closed[:SHOWN]:
        yield Finding("logs", "problem", f"{of}: this user may not read {path}", remedy(path))
    if len(looked.closed) > SHOWN:
        yield Finding("logs", "problem", f"{of}: nor {len(looked.closed) - SHOWN} more")
    for path, why in looked.refused[:SHOWN]:
        link = why.startswith("leads to")
        yield Finding("logs", "problem", f"{of}: {path} is refused: {why}", LINK if link else KIND)
    for path, why in looked.unsound[:SHOWN]:
        yield Finding("logs", "problem", f"{of}: {path}: {why}", "look at `dmesg` for disk errors")
    for folder in looked.absent[:SHOWN]:
        yield Finding("logs", "note", f"{of}: the folder {folder} is not there", LATER)
    if looked.beyond:
        yield Finding("logs", "warning", f"{of}: {looked.beyond} files too many are not followed", FEWER)
    if looked.files:
        several = f", of {len(looked.files)} that can be read" if len(looked.files) > 1 else ""
        text = f"{of}: {looked.files[0]} was written last{several}"
        yield Finding("logs", "ok", text if looked.sample else f"{text}, and none has a line yet")
    elif logs.paths and not (looked.closed or looked.refused or looked.unsound or looked.absent):
        yield Finding("logs", "note", f"{of}: no file matches {', '.join(logs.paths)} yet", LATER)


def remedy(path: str) -> str:
    """How the service's user may be let read a path."""
    if path.startswith(HOMES):
        return f"{ALLOW_HOME}, and modes that let the service's user in"
    group = _group(path)
    if group in READABLE or (group is None and path.startswith("/var/log/")):
        return f"{ALLOW}, or add the user to the group {group or READABLE[0]}"
    return f"`setfacl -m u:outrider:r {path}`, and `x` for each folder above it"


def _group(path: str) -> str | None:
    """The group that may read a file; None where that is not to be seen, or it may not."""
    try:
        status = os.stat(path)
        return grp.getgrgid(status.st_gid).gr_name if status.st_mode & 0o040 else ""
    except (OSError, KeyError):
        return None


def _units(logs: Logs, reading: loglines.Reading, wall: Callable[[], float]) -> Iterator[Finding]:
    try:
        found = logunits.sample(logs)
    except OSError as error:
        text = f"log {logs.name}: the journal cannot be read: {error}"
        yield Finding("logs", "problem", text, f"{ALLOW}; journalctl is in the package systemd")
        return
    yield from logunits.examine(logs, found)
    if found.lines:
        yield from loglines.examine(logs, found, reading, wall())
