"""Trees of `/proc` and `/sys` with one thing wrong, and what must hold of a collector all the same."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from collectors.api import Collector, NoData, Reading

NOBODY = 65534
# What a collector may say of a host on which nothing of the kind can be read.
SAID = (NoData, OSError, ValueError)
LONGEST_TEXT = 400


def files(root: Path) -> list[Path]:
    """The regular files below `root`, in order; links are not followed."""
    return sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _unreadable(path: Path) -> None:
    path.chmod(0)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _filled(path: Path, number: bytes) -> None:
    """Every number of the file is another one."""
    words = path.read_bytes().split(b" ")
    lines = [b"\n".join(number if part.strip().isdigit() else part for part in w.split(b"\n")) for w in words]
    path.write_bytes(b" ".join(lines))


def _bytes(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 3)


def _long(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2 + b"x" * 600_000)


FAULTS: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "missing": _missing,
        "empty": _empty,
        "unreadable": _unreadable,
        "directory": _directory,
        "fifo": _fifo,
        "half": _half,
        "every_byte": _bytes,
        "too_long": _long,
        "nan": lambda path: _filled(path, b"nan"),
        "negative": lambda path: _filled(path, b"-1"),
        "all_ones": lambda path: _filled(path, b"18446744073709551615"),
        "beyond": lambda path: _filled(path, b"99999999999999999999999999"),
    }
)
# After these the file cannot be read at all: what stood in it is absent, and somebody must say so.
SPEAKING = frozenset(("empty", "unreadable", "directory", "fifo"))


def polls(make: Callable[[], Collector], times: int = 2) -> Iterator[Reading | Exception]:
    """What each poll says: a reading, or one of the faults that a collector may raise.

    After a fault the collector is closed and opened again, as the runner does. It reads as `nobody`
    where this process may become that: root is never refused a file.
    """
    collector: Collector | None = None
    for poll in range(times):
        try:
            with_nobody(os.geteuid() == 0)
            collector = collector or make()
            reading = collector.collect(100.0 + poll)
        except SAID as said:
            if collector is not None:
                collector.close()
            collector = None
            yield said
        else:
            yield reading
        finally:
            with_nobody(wanted=False)
    if collector is not None:
        collector.close()


def let_in(folder: Path) -> None:
    """Let anybody walk down to this folder of ours: pytest keeps its own for itself."""
    top = Path(tempfile.gettempdir())
    for each in (folder, *folder.parents):
        if top in each.parents:
            each.chmod(each.stat().st_mode | 0o755)


def with_nobody(wanted: bool) -> None:
    """Be `nobody` for what files may be read, or oneself again."""
    if wanted:
        os.seteuid(NOBODY)
    elif os.getuid() == 0:
        os.seteuid(0)


def violations(said: Reading | Exception) -> list[str]:
    """What no reading may hold, whatever the files say."""
    if isinstance(said, Exception):
        return [] if str(said) else [f"{type(said).__name__} without a word"]
    found = []
    if len(said.series) != len(said.values):
        found.append(f"{len(said.series)} series and {len(said.values)} values")
    if len(set(said.series)) != len(said.series):
        found.append("a series twice")
    for series, value in zip(said.series, said.values, strict=False):
        if not sound(series.kind, value):
            found.append(f"{series.name} {series.attributes}: {value!r}")
        for _, text in series.attributes:
            if not text.isprintable() or len(text) > LONGEST_TEXT:
                found.append(f"{series.name}: an attribute holds {text[:80]!a}")
    for what, reason in said.absences:
        if not reason or not reason.isprintable() or not what.isprintable():
            found.append(f"an absence says {what!a}: {reason[:80]!a}")
    return found


def sound(kind: str, value: Any) -> bool:
    """Whether a value is absent or a finite number; a counter is never below zero."""
    if value is None or kind in ("histogram", "top"):
        return True
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and (kind == "gauge" or value >= 0)


def known(said: Reading | Exception) -> set[Any]:
    """The series that have a value."""
    if isinstance(said, Exception):
        return set()
    return {series for series, value in zip(said.series, said.values, strict=True) if value is not None}


def silent_about(good: Reading | Exception, bad: Reading | Exception) -> list[str]:
    """The metrics that vanished without anybody saying why."""
    if isinstance(bad, Exception) or bad.absences:
        return []
    return sorted({series.name for series in known(good) - known(bad)})
