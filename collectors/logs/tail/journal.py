"""The systemd journal, by unit: what `journalctl` says, followed as a child process.

A child and not libsystemd in the daemon: that maps the journal's files, and one that is cut while it is
mapped (vacuuming, a failing disk) ends whoever reads it with SIGBUS. The child is held back by its pipe where
lines are not taken, and is begun again, later each time, when it ends.

Each entry has a cursor, which is the position: the journal finds its way by it after rotation and vacuuming.

Followed alone, the journal shows this boot only: without what was written before a restart and not read yet,
and without anything in a container whose boot has an identifier of its own, which the service's sandbox
hides. `--merge` shows all boots, and with them the journals of other machines, which the match on this
machine leaves out.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from collectors.host import printable
from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.joined import JOINT
from collectors.logs.tail.source import Chunk, Limits

if TYPE_CHECKING:
    import subprocess

FIELDS = "MESSAGE"
MOST_CURSOR = 512
LONGEST_TIME = 19
"""Digits of a time, in microseconds."""
PIPE = 256 * 1024
ENTRY = 1024 * 1024
"""Bytes of one entry in JSON; a longer one is left out."""
SINCE = b"@"
"""A position that is a time in s of the wall clock, while there was no entry yet."""
PAUSES = (1.0, 5.0, 30.0, 60.0)
NICE = 10
MACHINE = Path("/etc/machine-id")
IDENTITY = re.compile(r"[0-9a-f]{32}", re.ASCII)


class JournalSource(NamedTuple):
    """Entries of the journal.

    Args:
        name: what the source is called; part of the name of its position.
        units: whose processes wrote them, as `model.service`.
        matches: other conditions, as `SYSLOG_IDENTIFIER=model`; those of one field are alternatives.
        start: where it is begun at its very first look: at its "end", its "start", or so many seconds ago.
        command: the program, and what is put before the other arguments (`--directory=...`).
    """

    name: str
    units: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    start: Literal["end", "start"] | float = "end"
    command: tuple[str, ...] = ("journalctl",)


class Journal:
    """Follows one source.

    Args:
        source, limits: what, and how long a line may be.
        cursor: the position of an earlier life; None: it is new.
        clock: seconds on a clock that only goes forward.
        wall: seconds of the wall clock.
        complaints: is told what is wrong.
    """

    def __init__(
        self,
        source: JournalSource,
        limits: Limits,
        cursor: bytes | None,
        clock: Callable[[], float],
        wall: Callable[[], float],
        complaints: Complaints,
    ) -> None:
        self.source = source
        self._limits = limits
        self._clock = clock
        self._complaints = complaints
        self._cursor = _cursor(cursor)
        self._told = self._cursor
        if self._cursor is None and source.start != "start":
            # Where it began must be known after a restart too, before there is any entry.
            ago = 0.0 if isinstance(source.start, str) else source.start
            self._cursor = b"%b%.6f" % (SINCE, wall() - ago)
        self._child: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._skipping = False
        self._failures = 0
        self._next = 0.0

    @property
    def position_name(self) -> str:
        """The name of its position."""
        return f"{self.source.name}/journal"

    def look(self) -> None:
        """Begin the child, or see whether it has ended."""
        now = self._clock()
        if self._child is not None and self._child.poll() is not None:
            self._complain(f"{self.source.command[0]} ended with {self._child.returncode}", now)
        if self._child is None and now >= self._next:
            self._begin(now)

    def take(self, size: int) -> Chunk | None:
        """Entries that have come, of about `size` bytes in JSON; never waits."""
        data = self._read(min(size, self._limits.block))
        if not data:
            return None
        text = self._rest + data
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        entries = text[:end].splitlines()
        if self._skipping and entries:
            entries, self._skipping = entries[1:], False
        if len(self._rest) > ENTRY:
            self._complaints.count("outrider.logs.cut")
            self._complaints.count("outrider.logs.dropped", len(self._rest))
            self._rest, self._skipping = b"", True
        lines: list[bytes] = []
        times: list[float | None] = []
        for entry in entries:
            self._add(entry, lines, times)
        if entries:
            self._failures = 0
            self._complaints.well(self.position_name)
        self._complaints.count("outrider.logs.read", len(data))
        unit = ", ".join((*self.source.units, *self.source.matches))
        return Chunk(self.source.name, unit, b"".join(lines), times, len(data))

    def positions(self) -> dict[str, bytes | None]:
        """The cursor of what was taken last, if it has changed since it was asked."""
        if self._cursor == self._told:
            return {}
        self._told = self._cursor
        return {self.position_name: self._cursor}

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            if self._child.stdout is not None:
                self._child.stdout.close()
            self._child = None
        self._rest, self._skipping = b"", False

    def _arguments(self) -> Sequence[str]:
        """What the child is told; after a failure it goes on where it was."""
        matches = [*(f"_SYSTEMD_UNIT={unit}" for unit in self.source.units), *self.source.matches, *_here()]
        where = ["--no-tail"]
        if self._cursor is not None:
            kind = "--since" if self._cursor.startswith(SINCE) else "--after-cursor"
            where.append(f"{kind}={self._cursor.decode()}")
        how = ["--follow", "--merge", "--quiet", "--no-pager", "--all"]
        what = ["--output=json", f"--output-fields={FIELDS}"]
        return [*self.source.command, *how, *what, *where, *matches]

    def _begin(self, now: float) -> None:
        self.close()
        try:
            # Loaded where there is a journal to read.
            import subprocess

            self._child = subprocess.Popen(
                self._arguments(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=PIPE,
                bufsize=0,
            )
            with contextlib.suppress(PermissionError):  # In the unit's sandbox, which is nice by itself.
                os.setpriority(os.PRIO_PROCESS, self._child.pid, NICE)
        except OSError as error:
            self._complain(f"{self.source.command[0]}: {error.strerror}", now)
            return
        if self._child.stdout is not None:
            os.set_blocking(self._child.stdout.fileno(), False)

    def _complain(self, words: str, now: float) -> None:
        self.close()
        self._complaints.refuse(self.position_name, printable(f"{self.source.name}: {words}"), "journal")
        self._next = now + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1

    def _read(self, size: int) -> bytes:
        if self._child is None or self._child.stdout is None:
            return b""
        try:
            return os.read(self._child.stdout.fileno(), size)
        except BlockingIOError:
            return b""

    def _add(self, entry: bytes, lines: list[bytes], times: list[float | None]) -> None:
        try:
            fields = json.loads(entry)
            cursor = _cursor(fields["__CURSOR"].encode())
            text = message(fields.get("MESSAGE"))
            time = moment(fields["__REALTIME_TIMESTAMP"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._complaints.count("outrider.logs.unwrapped")
            return
        self._cursor = cursor or self._cursor
        if text is None:
            return
        text = text.rstrip(b"\n").replace(b"\n", JOINT)
        if len(text) > self._limits.line:
            self._complaints.count("outrider.logs.cut")
        lines.append(text[: self._limits.line] + b"\n")
        times.append(time)


def message(value: object) -> bytes | None:
    """The text of an entry: a string, numbers of bytes where it is no UTF-8, or the first of several.

    Raises:
        ValueError: a number is no byte.
        TypeError: it is none of these.
    """
    if value is None or isinstance(value, str):
        return None if value is None else value.encode("utf-8", "surrogatepass")
    if isinstance(value, list):
        return message(value[0]) if value and not isinstance(value[0], int) else bytes(value)
    raise TypeError("no text")


def moment(value: object) -> float:
    """The time of an entry, s since 1970, from its microseconds in decimal digits.

    Raises:
        ValueError: it is none.
    """
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= LONGEST_TIME):
        raise ValueError("no time")
    return int(value) / 1e6


def _here() -> tuple[str, ...]:
    """The match on entries of this machine; none where it has no identifier: then all its journals are."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        identity = MACHINE.read_text("ascii").strip()
        if IDENTITY.fullmatch(identity):
            return (f"_MACHINE_ID={identity}",)
    return ()


def _cursor(value: bytes | None) -> bytes | None:
    """A cursor that may be an argument: printable, and not too long."""
    if value is None or not 0 < len(value) <= MOST_CURSOR:
        return None
    return value if value.isascii() and value.decode("ascii").isprintable() else None
