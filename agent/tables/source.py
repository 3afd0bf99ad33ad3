"""A file as a table, by what it is: Parquet, JSON lines, delimited text, or a log in a format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.tables import blocks, delimited, lines, objects, parquet
from agent.tables.choice import Names
from agent.tables.chunk import Chunk, TableError
from collectors.logs.formats.format import Format


class Source(NamedTuple):
    """A file, and what is not to be seen in it.

    Args:
        path: of a file; it is read more than once.
        header: the names of the columns of delimited text whose first row is data.
        form: what the lines of a log are.
    """

    path: Path
    header: tuple[str, ...] = ()
    form: Format | None = None


def read(source: Source, names: Names, troubles: Counter[str]) -> Iterator[Chunk]:
    """The features of a table, in chunks.

    Args:
        source: where it is.
        names: of the features.
        troubles: is told what was left out, and why.

    Raises:
        OSError: it cannot be read.
        TableError: it is no table, or a damaged one.
    """
    if not source.path.is_file():
        raise TableError("it is no file" if source.path.exists() else "there is no such file")
    start = blocks.start(source.path)
    if start.startswith(parquet.MAGIC):
        yield from parquet.read(source.path, names)
        return
    text = blocks.blocks(source.path)
    first = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if source.form is not None:
        yield from lines.read(text, source.form, names, troubles)
    elif first == b"{":
        yield from objects.read(text, names, troubles)
    elif first == b"[":
        raise TableError("it is one JSON array; one object a line is wanted: jq -c '.[]'")
    else:
        yield from delimited.read(blocks.texts(text, troubles), source.header, names, troubles)
