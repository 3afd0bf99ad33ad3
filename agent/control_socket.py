"""A socket in the runtime directory, by which people on the device ask the daemon for something.

Only the daemon's user and root may ask: the socket's mode says so, and each caller's identity is asked of
the kernel. What comes is one packet of at most `LARGEST` bytes of JSON, and nothing in it is believed:

    -> {"ask": "record", "before": 120.0, "after": 60.0, "note": "text"}     each but "ask" may be missing
    <- {"state": "begun" or "joined", "id": ..., "seconds": until it is over}
    <- {"state": "captured", "id": ..., and the figures of the capture}
    <- {"state": "refused" or "failed", "reason": ...}                       in the place of either

The daemon's main loop listens: it waits at most `PATIENCE` for a caller to speak, and for none to listen.
"""

from __future__ import annotations

import json
import os
import select
import socket
import stat
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

NAME = "control"
LARGEST = 2048
CALLERS = 4
"""Callers that are heard at a time; further ones are told to come back."""

PATIENCE = 0.2
LONGEST, NOTE = 3600.0, 256
ROOT = 0
_CREDENTIALS = struct.Struct("3i")

Fields = Mapping[str, object]


class Request(NamedTuple):
    """What is asked of the flight recorder: s before now and after it, None as configured; a note."""

    before: float | None = None
    after: float | None = None
    note: str = ""


class Asked(NamedTuple):
    """A request, and how to answer it: `answer` may be called several times and from any thread, never
    waits, and does nothing once nobody listens."""

    request: Request
    answer: Callable[[Fields], None]


class ControlSocket:
    """Listens from the start to `close`."""

    def __init__(self, directory: Path, take: Callable[[Asked], None]) -> None:
        """`take` gets each request; it returns at once.

        Raises:
            OSError: the socket cannot be made there.
        """
        self._take = take
        self._callers: list[socket.socket] = []
        self._directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            _clear(self._directory)
            self._socket.bind(_place(self._directory))
            os.chmod(NAME, 0o600, dir_fd=self._directory)
            self._socket.listen(CALLERS)
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """What to wait on for a caller."""
        return self._socket.fileno()

    def hear(self) -> None:
        """Hear whoever called, at most `CALLERS` of them."""
        self._callers = [each for each in self._callers if not _gone(each)]
        for _ in range(CALLERS):
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return  # nobody called, or nobody calls any more
            self._hear(caller)

    def close(self) -> None:
        """Listen no more; whoever waits for an answer finds that there is nobody."""
        for each in (self._socket, *self._callers):
            each.close()
        _clear(self._directory)
        os.close(self._directory)

    def _hear(self, caller: socket.socket) -> None:
        caller.setblocking(False)
        if not _may_ask(caller):
            _turn_away(caller, "denied")
        elif len(self._callers) >= CALLERS:
            _turn_away(caller, "callers")
        else:
            try:
                request = _request(caller)
            except (ValueError, TypeError, RecursionError, OSError):
                _turn_away(caller, "malformed")
                return
            self._callers.append(caller)
            self._take(Asked(request, lambda fields: _tell(caller, fields)))


def ask(directory: Path, fields: Fields, patience: float) -> Iterator[dict[str, Any]]:
    """Ask the daemon of this runtime directory, and give each of its answers; `patience` is how long, in s,
    to wait for one beyond the seconds that it speaks of.

    Raises:
        OSError: no daemon listens there, or we may not ask it; `TimeoutError` where it does not answer.
        ValueError: the answer is none of ours.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        try:
            line.settimeout(patience)
            line.connect(_place(descriptor))
        finally:
            os.close(descriptor)
        with suppress(BrokenPipeError):  # turned away unheard: the answer that says why is here already
            line.send(json.dumps(fields).encode("ascii"))
        while answer := _heard(line):
            found = json.loads(answer)
            if not isinstance(found, dict):
                raise ValueError("the daemon's answer is no object")  # noqa: TRY004 - as one that is no JSON
            yield found
            line.settimeout(patience + _until(found.get("seconds")))


def _until(seconds: object) -> float:
    """How long a daemon may be silent by its own word, in s: whose daemon it is, nobody has said."""
    return float(seconds) if isinstance(seconds, (int, float)) and 0 <= seconds <= LONGEST else 0.0


def _heard(line: socket.socket) -> bytes:
    """The next answer, b"" for no more. Where the daemon hung up on words that it did not read, the kernel
    says so once, ahead of the answer."""
    try:
        return line.recv(LARGEST)
    except ConnectionResetError:
        return line.recv(LARGEST)


def _place(directory: int) -> str:
    """The socket by its directory's descriptor: the name of a socket has room for 107 bytes only."""
    return f"/proc/self/fd/{directory}/{NAME}"


def _clear(directory: int) -> None:
    """Take away the socket that a daemon before this one left; nothing else of that name."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(NAME, dir_fd=directory, follow_symlinks=False).st_mode):
            os.unlink(NAME, dir_fd=directory)


def _may_ask(caller: socket.socket) -> bool:
    """Whether the other side is root or this very user, by the kernel's word."""
    told = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(told)[1] in (ROOT, os.geteuid())


def _request(caller: socket.socket) -> Request:
    """
    Raises:
        ValueError, TypeError, RecursionError, OSError: nothing came in time, or no request.
    """
    if not select.select([caller], [], [], PATIENCE)[0]:
        raise ValueError("the caller says nothing")
    fields = json.loads(caller.recv(LARGEST + 1))
    if not isinstance(fields, dict) or fields.get("ask") != "record":
        raise ValueError("nothing that can be asked for")
    note = fields.get("note", "")
    if not isinstance(note, str) or len(note) > NOTE or not note.isprintable():
        raise ValueError(f"the note is no line of at most {NOTE} printable characters")
    return Request(_seconds(fields.get("before")), _seconds(fields.get("after")), note)


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not 0 <= value <= LONGEST:
        raise ValueError(f"{value!r} is not within 0 and {LONGEST:g} s")
    return float(value)


def _tell(caller: socket.socket, fields: Fields) -> None:
    """Answer; one that went away or does not read has no need of it."""
    with suppress(OSError):
        caller.send(json.dumps(fields).encode("ascii"), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)


def _turn_away(caller: socket.socket, reason: str) -> None:
    """Say why, and hang up. What it said is read first: else it would find a broken line, not our answer."""
    with suppress(OSError):
        caller.recv(1)
    _tell(caller, {"state": "refused", "reason": reason})
    caller.close()


def _gone(caller: socket.socket) -> bool:
    """Whether the other side has hung up; closed then."""
    with suppress(BlockingIOError):
        try:
            over = not caller.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except ConnectionError:
            over = True
        if over:
            caller.close()
        return over
    return False
