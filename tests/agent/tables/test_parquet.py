"""Parquet, as pyarrow writes it."""

from __future__ import annotations

import datetime as dt
import decimal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.tables import parquet
from agent.tables.choice import Choice, Names
from agent.tables.chunk import TableError


def written(path: Path, table: dict[str, Any]) -> Path:
    import pyarrow as pa
    from pyarrow import parquet as writer

    writer.write_table(pa.table(table), path, row_group_size=3)
    return path


@pytest.mark.parquet
def test_columns_by_their_type(tmp_path: Path) -> None:
    import pyarrow as pa

    table = {
        "whole": [1, None, 2**60, 4],
        "float": [1.5, float("nan"), float("inf"), None],
        "exact": [decimal.Decimal("1.25"), None, decimal.Decimal(2), decimal.Decimal(3)],
        "text": ["a", None, "", "b"],
        "coded": pa.array(["x", "y", None, "x"]).dictionary_encode(),
        "truth": [True, False, None, True],
        "list": [[1], [2], [], None],
        "when": [dt.datetime(2026, 1, 1)] * 4,  # noqa: DTZ001
    }
    names = Names(Choice())
    chunks = list(parquet.read(written(tmp_path / "a.parquet", table), names))
    found = {name: [cell for chunk in chunks for cell in chunk.columns[name]] for name in chunks[0].columns}
    np.testing.assert_array_equal(found["whole"], [1, np.nan, 2**60, 4])
    np.testing.assert_array_equal(found["float"], [1.5, np.nan, np.inf, np.nan])
    np.testing.assert_array_equal(found["exact"], [1.25, np.nan, 2, 3])
    assert found["text"] == ["a", None, "", "b"]
    assert found["coded"] == ["x", "y", None, "x"]
    assert found["truth"] == ["true", "false", None, "true"]
    assert set(names.left_out) == {"list", "when"}
    assert sum(chunk.rows for chunk in chunks) == 4


@pytest.mark.parquet
@pytest.mark.parametrize("share", [0.3, 0.99])
def test_a_damaged_file_is_said(tmp_path: Path, share: float) -> None:
    file = written(tmp_path / "a.parquet", {"a": list(range(1000))})
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TableError, match="damaged Parquet"):
        list(parquet.read(file, Names(Choice())))


@pytest.mark.parquet
def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(parquet.read(tmp_path / "a.parquet", Names(Choice())))


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TableError, match=r"outrider\[parquet\]"):
        list(parquet.read(tmp_path / "a.parquet", Names(Choice())))
