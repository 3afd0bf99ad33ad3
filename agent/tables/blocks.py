"""The bytes of a file of lines, some whole lines at a time."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from agent.tables.chunk import TableError

BLOCK = 1 << 20
LONGEST = 1 << 24
"""Bytes of a line; a longer one is cut."""
GZIP = b"\x1f\x8b"
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def start(path: Path) -> bytes:
    """The first bytes of a file, unpacked; at most 4 KiB.

    Raises:
        OSError: it cannot be read.
    """
    with _opened(path) as file:
        try:
            return file.read(4096)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TableError(f"damaged gzip: {error}") from None


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb", buffering=0)


def blocks(path: Path) -> Iterator[bytes]:
    """A file, also a gzipped one, in blocks of whole lines.

    Raises:
        OSError: it cannot be read.
        TableError: it is packed, and the end is missing or damaged.
    """
    rest: list[bytes] = []
    waiting = 0
    with _opened(path) as file:
        while data := _read(file):
            cut = data.rfind(b"\n") + 1
            if not cut and waiting + len(data) >= LONGEST:
                cut = len(data)
            if cut:
                yield b"".join((*rest, data[:cut]))
                rest, waiting = [], 0
            rest.append(data[cut:])
            waiting += len(data) - cut
    if waiting:
        yield b"".join(rest)


def _read(file: IO[bytes]) -> bytes:
    try:
        return file.read(BLOCK)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"damaged gzip: {error}") from None


def texts(of: Iterable[bytes], troubles: Counter[str]) -> Iterator[str]:
    """Blocks as text, without a byte order mark; what is no UTF-8 is replaced and counted.

    Raises:
        TableError: it is UTF-16.
    """
    first = True
    for block in of:
        if first and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise TableError("it is UTF-16; UTF-8 is wanted: iconv -f UTF-16 -t UTF-8")
        encoding = "utf-8-sig" if first else "utf-8"
        first = False
        try:
            text = block.decode(encoding)
        except UnicodeDecodeError:
            text = block.decode(encoding, "replace")
            troubles["characters that are no UTF-8"] += text.count(_REPLACED) - block.count(
                _REPLACED.encode()
            )
        yield text
