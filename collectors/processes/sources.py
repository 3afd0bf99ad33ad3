"""Finding processes: by pattern, by systemd unit, by pid file.

A unit is its control group and a pid file one number: both are read at each poll, and exact. Patterns need
a search of `/proc`, which is made seldom: a name that was read once is remembered with the inode of its
folder, which is another one when the number is given to another process. A process is looked at twice, as
it may start another program right after it began, and then now and then, as it may rename itself.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from re import Pattern
from typing import NamedTuple

from collectors.api import NoData
from collectors.cgroups import VANISHED, Trees, trees, unit, walk
from collectors.host import Host, Kept, counts, malformed, open_file, printable
from collectors.processes.accounts import hidden

LOOKS = 5000  # processes whose names are read in one poll
AGAIN = 100  # processes of each search that are looked at again though they are known
COMMAND = 4096  # bytes of a command line that are compared
MOST_GROUPS = 64  # below one unit
PID_FILE = 64  # bytes
NUMBER = re.compile("[0-9]{1,10}")
SUFFIXES = ("service", "scope", "slice", "socket", "mount")


class Found(NamedTuple):
    """The processes that a source names, and why there are none or fewer than there might be.

    `sure`: there are no others; else nobody knows. `since`: one that began later cannot have been found
    before (boot clock, s).
    """

    pids: Sequence[int]
    why: str = ""
    sure: bool = True
    since: float = 0.0


class Search:
    """The processes that match each of some patterns, of all in `/proc`."""

    __slots__ = ("_again", "_host", "_listed", "_matches", "_refused", "_seen", "_todo", "_young", "since")

    def __init__(self, host: Host, patterns: Iterable[str]) -> None:
        self.since = 0.0  # when it was listed before the last time, on the boot clock; 0: never
        self._host = host
        self._listed = 0.0
        self._matches: dict[str, tuple[Pattern[str], set[int]]] = {
            each: (re.compile(fnmatch.translate(each)), set()) for each in patterns
        }
        self._seen: dict[int, int] = {}  # the inode by pid
        self._young: set[int] = set()  # looked at once
        self._todo: list[int] = []  # to be looked at, the last first
        self._again = 0
        self._refused = ""

    def renew(self, now: float) -> None:
        """Learn which processes there are.

        Raises:
            OSError: `/proc` cannot be read.
        """
        if not self._matches:
            return
        with os.scandir(self._host.proc) as entries:
            found = {int(each.name): each.inode() for each in entries if NUMBER.fullmatch(each.name)}
        before, self._seen = self._seen, found
        new = [pid for pid, inode in found.items() if before.get(pid) != inode]
        late = [pid for pid in (*self._young, *self._todo) if pid in found]
        known = [*found][self._again : self._again + AGAIN]
        self._again = self._again + AGAIN if len(known) == AGAIN else 0
        self._young = set(new)
        self._todo = [*dict.fromkeys((*known, *late, *new))]
        self._refused = ""
        for _, matches in self._matches.values():
            matches.intersection_update(found)
        self.since, self._listed = self._listed, now

    def look(self) -> None:
        """Read the names of those that are new, at most `LOOKS` of them; the rest at the next poll."""
        todo, self._todo = self._todo[-LOOKS:], self._todo[:-LOOKS]
        for pid in todo:
            try:
                names = self._names(pid)
            except (FileNotFoundError, ProcessLookupError):
                names = ()  # ended
            except OSError as error:
                names = ()
                self._refused = printable(str(error))
                self._seen.pop(pid, None)  # ask again at the next search
            for pattern, matches in self._matches.values():
                if any(pattern.match(name) for name in names):
                    matches.add(pid)
                else:
                    matches.discard(pid)

    def matched(self, pattern: str) -> Found:
        """The processes that match one of the patterns."""
        if pids := sorted(self._matches[pattern][1]):
            return Found(pids)
        looking = f"{len(self._todo)} processes are yet to be looked at" if self._todo else ""
        unknown = looking or self._refused or hidden(self._host)
        return Found((), unknown or "no process matches", sure=not unknown)

    def _names(self, pid: int) -> tuple[str, ...]:
        """The command line and the command name; none of a kernel thread or a zombie."""
        line = _head(f"{self._host.proc}/{pid}/cmdline", COMMAND)
        if not line:
            return ()
        name = _head(f"{self._host.proc}/{pid}/comm", COMMAND)
        return _text(line.rstrip(b"\0").replace(b"\0", b" ")), _text(name.removesuffix(b"\n"))


def _head(path: str, size: int) -> bytes:
    descriptor = open_file(path)
    try:
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


class Unit:
    """The processes of a systemd unit: those of its control group, and of the groups below it."""

    __slots__ = ("_faults", "_files", "_host", "_name")

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self._name = name if name.rpartition(".")[2] in SUFFIXES else f"{name}.service"
        self._files: list[Kept] = []
        self._faults = ""

    def renew(self) -> None:
        """Look for the unit's groups anew."""
        self.close()
        self._faults = ""
        try:
            found = trees(self._host)
            root, paths = self._groups(found)
        except (NoData, OSError) as error:
            self._faults = printable(str(error))
            return
        self._files = [self._host.open(Path(f"{root}{path}/cgroup.procs")) for path in paths]

    def pids(self) -> Found:
        """The processes as they are now."""
        found: set[int] = set()
        why = self._faults
        for file in self._files:
            try:
                found.update(counts(file.read().split()))
            except OSError as error:
                if error.errno not in VANISHED:
                    why = printable(str(error))
            except ValueError:
                why = f"{printable(file.path)}: malformed"
        if 0 in found:
            found.discard(0)
            why = f"{printable(self._name)}: its processes are out of sight of this process's PID namespace"
        none = "" if found else f"no process in a unit {printable(self._name)}"
        return Found(sorted(found), why or none, sure=not why)

    def close(self) -> None:
        """Give the descriptors back."""
        for file in self._files:
            file.close()
        self._files = []

    def _groups(self, found: Trees) -> tuple[Path, list[str]]:
        root = found.roots.get("systemd", found.any)
        walked = walk(root)
        top = [path for path in walked.paths if unit(path) == self._name]
        paths = [path for path in walked.paths if f"{path}/".startswith(tuple(f"{each}/" for each in top))]
        faults = [*walked.faults]
        if len(paths) > MOST_GROUPS:
            faults.append(f"{printable(self._name)}: more than {MOST_GROUPS} groups, the rest was left out")
        self._faults = "; ".join(faults)
        return root, paths[:MOST_GROUPS]


def of_file(host: Host, path: str) -> Found:
    """The process that a pid file names; whether it is still the one is not known."""
    try:
        text = host.read(host.root / path.lstrip("/"), PID_FILE)
    except (OSError, ValueError) as error:
        return Found((), printable(str(error)), sure=isinstance(error, FileNotFoundError))
    if not NUMBER.fullmatch(text.strip().decode("latin-1")):
        return Found((), printable(str(malformed(path, text))), sure=False)
    return Found((int(text),))
