"""What a file is, is seen in it."""

from __future__ import annotations

import gzip
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=300), st.text(alphabet='a1,;"\n\r{}[]: \0\tNé', max_size=200).map(str.encode)
    ),
    st.sampled_from([b"", b"PAR1", b"{", b"a,b\n1,2\n", b'{"features":', b"\x1f\x8b\x08"]),
)
def test_whatever_the_bytes_it_is_a_table_or_said_not_to_be(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "bytes"
    file.write_bytes(start + data)
    chunks = []
    with suppress(TableError):
        chunks = list(read(Source(file), Names(Choice()), Counter()))
    assert all(len(cells) == chunk.rows for chunk in chunks for cells in chunk.columns.values())
