"""A disk that forgets: what a process wrote and synced, and what of it a power cut may leave.

The calls are those that strace saw. Data are on the disk for sure once their file was synced after they
were written, names once their directory was. Of all that came later any part may be there: a write, or
only some of its sectors, or none, in whatever order; of the names the first few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

SECTORS = (512, 4096)
TRACED = "openat,pwrite64,write,fdatasync,fsync,ftruncate,fallocate,rename,unlink"

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?")
_FILE = re.compile(r"^-?\d+<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Call(NamedTuple):
    """One call that succeeded: `path` is its file, `other` a second one or b"" as `data` where it has none;
    `at` an offset or a size in bytes."""

    name: str
    path: str
    data: bytes = b""
    at: int = 0
    other: str = ""


def calls(trace: Iterable[str]) -> Iterator[Call]:
    """What `strace -y -xx` wrote of the calls in TRACED; those that failed are left out."""
    for line in trace:
        found = _CALL.match(line)
        if found is not None and int(found[3]) >= 0:
            name, words = found[1], found[2]
            texts = [bytes.fromhex(each.replace("\\x", "")) for each in _TEXT.findall(words)]
            file = _FILE.match(words)
            if name in ("rename", "unlink"):
                yield Call(name, texts[0].decode(), other=texts[-1].decode())
            elif name == "openat" and "O_CREAT" in words:
                yield Call("create", texts[0].decode())
            elif name != "openat" and file is not None:
                yield _change(name, _plain(file[1]), texts, words)


def _plain(path: str) -> str:
    """A path as `-y` shows it, which `-xx` has in hexadecimal."""
    return bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path


def _change(name: str, path: str, texts: list[bytes], words: str) -> Call:
    last = words.rpartition(", ")[2]
    if name in ("pwrite64", "write"):
        return Call(name, path, texts[0], int(last) if name == "pwrite64" else 0)
    if name == "fallocate":
        return Call("extend", path, at=sum(map(int, words.split(", ")[-2:])))
    return Call(name, path, at=int(last) if name == "ftruncate" else 0)


class File:
    """One file: what is on the disk for sure, and the changes since."""

    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[Call] = []

    def sync(self) -> None:
        """All changes are on the disk."""
        for call in self.pending:
            _apply(self.durable, call)
        self.pending.clear()

    def left(self, random: Random, kept: float) -> bytes:
        """What a power cut leaves, each change with probability `kept`."""
        data = bytearray(self.durable)
        for call in self.pending:
            if random.random() < kept:
                _apply(data, call)
            elif call.name == "pwrite64" and random.random() < kept:
                _tear(data, call, random)
        return bytes(data)


class Disk:
    """Follows calls on the files of one directory; `left` is what it holds after a power cut."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._durable: dict[str, File] = {}
        self._names: dict[str, File] = {}
        self._renamed: list[tuple[Call, File]] = []

    def follow(self, call: Call) -> None:
        """The process made this call; of other directories nothing is kept."""
        if call.name in ("create", "rename", "unlink"):
            fresh = call.path not in self._names
            if _parent(call.path) == self._directory and fresh == (call.name == "create"):
                self._renamed.append((call, self._names.get(call.path) or File()))
                _rename(self._names, *self._renamed[-1])
        elif call.path == self._directory:
            self._durable = dict(self._names)
            self._renamed.clear()
        elif call.path in self._names:
            file = self._names[call.path]
            file.sync() if call.name in ("fdatasync", "fsync") else file.pending.append(call)

    def left(self, random: Random) -> dict[str, bytes]:
        """One of the states that a power cut now may leave: what stands under each name."""
        kept = random.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        names = dict(self._durable)
        for call, file in self._renamed[: random.randint(0, len(self._renamed))]:
            _rename(names, call, file)
        return {Path(path).name: file.left(random, kept) for path, file in names.items()}


def _rename(names: dict[str, File], call: Call, file: File) -> None:
    if call.name == "create":
        names[call.path] = file
    elif names.pop(call.path, None) is not None and call.name == "rename":
        names[call.other] = file


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _apply(data: bytearray, call: Call) -> None:
    if call.name == "ftruncate":
        del data[call.at :]
    end = call.at + len(call.data)
    data.extend(bytes(max(0, end - len(data))))
    data[call.at : end] = call.data


def _tear(data: bytearray, call: Call, random: Random) -> None:
    """Some sectors of a write, and not the others."""
    sector = random.choice(SECTORS)
    for at in range(0, len(call.data), sector):
        if random.random() < 0.5:
            _apply(data, call._replace(data=call.data[at : at + sector], at=call.at + at))
