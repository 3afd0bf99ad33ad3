"""What a file is, is seen in it."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from agent.tables.choice import Choice, Names
from agent.tables.chunk import TableError
from agent.tables.source import Source, read
from collectors.logs.formats.format import Format, field_of


def rows(path: Path, data: bytes, form: Format | None = None) -> dict[str, list[object]]:
    path.write_bytes(data)
    (chunk,) = read(Source(path, (), form), Names(Choice()), Counter())
    return {name: list(cells) for name, cells in chunk.columns.items()}


OBJECT = b'{"a": "1", "b": "2"}\n'


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2\n",
        b"\xef\xbb\xbfa,b\r\n1,2",
        gzip.compress(b"a;b\n1;2\n"),
        OBJECT,
        gzip.compress(OBJECT),
        b"\xef\xbb\xbf " + OBJECT,
    ],
)
def test_text_and_objects_packed_or_not(tmp_path: Path, data: bytes) -> None:
    assert rows(tmp_path / "a", data) == {"a": ["1"], "b": ["2"]}


def test_a_log_in_a_format(tmp_path: Path) -> None:
    form = Format("mine", "logfmt", (field_of("feature.size", "size"),))
    assert rows(tmp_path / "a.log", b"level=info size=7\n", form) == {"size": [7.0]}


@pytest.mark.parquet
def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"a": [1, 2]}), tmp_path / "a")
    assert rows(tmp_path / "a", (tmp_path / "a").read_bytes()) == {"a": [1.0, 2.0]}


def test_what_is_no_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file"):
        rows_of(tmp_path / "gone")
    with pytest.raises(TableError, match="no file"):
        rows_of(tmp_path)
    with pytest.raises(TableError, match="jq"):
        rows(tmp_path / "a", b'[{"a": 1}]')


def rows_of(path: Path) -> None:
    list(read(Source(path), Names(Choice()), Counter()))
