"""Tables of delimited text (CSV): the delimiter is found, quotes may hold anything, names come first."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from math import isfinite

from agent.tables.choice import Names
from agent.tables.chunk import CELLS, Chunk, TableError

DELIMITERS = ",;\t|"
LOOKED_AT = 20
"""Rows by which the delimiter is found."""

Row = list[str]


def read(
    texts: Iterable[str], header: Sequence[str], names: Names, troubles: Counter[str]
) -> Iterator[Chunk]:
    """The features of a table.

    Args:
        texts: blocks of whole lines.
        header: the names of the columns, where the first row is data; () where it is names.
        names: of the features.
        troubles: is told of rows that were left out, and why.

    Raises:
        TableError: there is no row of names.
    """
    blocks = iter(texts)
    first = next(blocks, "")
    rest = chain.from_iterable(io.StringIO(text, newline="") for text in chain((first,), blocks))
    reader = csv.reader(rest, delimiter=delimiter_of(first), skipinitialspace=True)
    head = next((row for row in _some(reader, 1, troubles) if row), [])
    if not head:
        raise TableError("it is empty")
    known = [name.strip() for name in header or head]
    waiting = [head] if header and [name.strip() for name in head] != known else []
    if not header and (number := _number_in(head)):
        raise TableError(
            f"the first row has the number {number[:40]}, so it names no columns; name them by "
            f"--header NAME,NAME,..."
        )
    first_of = {column: place for place, column in reversed(list(enumerate(known)))}
    places = [(first_of[column], name) for column, name in names.of(dict.fromkeys(known)).items()]
    for column, count in Counter(known).items():
        if count > 1:
            names.leave(column, f"{count} columns are called so; the first is taken")
    most = max(1, CELLS // len(known))
    while rows := [*waiting, *_some(reader, most, troubles)]:
        waiting = []
        whole = [row for row in rows if len(row) == len(known)]
        troubles["rows with too few or too many cells"] += sum(
            [len(row) != len(known) for row in rows if row]
        )
        if whole:
            columns = list(zip(*whole, strict=True))
            yield Chunk(len(whole), {name: columns[place] for place, name in places})


def _some(reader: Iterator[Row], most: int, troubles: Counter[str]) -> list[Row]:
    """The next rows; the last where there are fewer than `most`."""
    rows: list[Row] = []
    while len(rows) < most:
        try:
            rows.extend(islice(reader, most - len(rows)))
        except csv.Error as error:
            troubles[f"rows that cannot be read ({error})"] += 1
        else:
            break
    return rows


def _number_in(row: Row) -> str | None:
    for cell in row:
        try:
            if isfinite(float(cell)):
                return cell
        except ValueError:
            continue
    return None


def delimiter_of(text: str) -> str:
    """The one by which the first rows have the most cells, and as many each."""

    def fit(delimiter: str) -> tuple[int, int]:
        lines = islice(io.StringIO(text, newline=""), LOOKED_AT)
        rows = _some(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), LOOKED_AT, Counter())
        widths = Counter([len(row) for row in rows if row])
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return (count if width > 1 else 0), width

    return max(DELIMITERS, key=fit)
