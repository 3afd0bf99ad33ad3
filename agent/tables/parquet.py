"""Tables of Apache Parquet, by the extra `parquet`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.stats.bins import Floats
from agent.tables.choice import Names
from agent.tables.chunk import CELLS, Cell, Cells, Chunk, TableError

MAGIC = b"PAR1"


def read(path: Path, names: Names) -> Iterator[Chunk]:
    """The features of a table.

    Raises:
        OSError: it cannot be read.
        TableError: it is damaged, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise TableError("Parquet needs pyarrow: pip install 'outrider[parquet]'") from None
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            kinds = {field.name: _kind(pa.types, field.type) for field in schema}
            for field in schema:
                if kinds[field.name] is None:
                    names.leave(field.name, f"it holds {field.type}")
            columns = names.of([name for name, kind in kinds.items() if kind])
            most = max(1, CELLS // max(1, len(columns)))
            for batch in file.iter_batches(most, columns=list(columns)):
                cells = {
                    name: _cells(batch.column(column), kinds[column]) for column, name in columns.items()
                }
                yield Chunk(batch.num_rows, cells)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise TableError(f"damaged Parquet: {str(error)[:200]}") from None


def _kind(types: Any, of: Any) -> str | None:
    """What a column of this type becomes; None where it is no feature."""
    if types.is_dictionary(of):
        of = of.value_type
    if types.is_integer(of) or types.is_floating(of) or types.is_decimal(of):
        return "number"
    if types.is_boolean(of):
        return "truth"
    return "text" if types.is_string(of) or types.is_large_string(of) else None


def _cells(column: Any, kind: str | None) -> Cells:
    if hasattr(column, "dictionary_decode"):
        column = column.dictionary_decode()
    if kind == "number":
        found: Floats = column.cast("float64", safe=False).to_numpy(zero_copy_only=False)
        return found
    values: list[Cell] = column.to_pylist()
    return [None if value is None else str(value).lower() for value in values] if kind == "truth" else values
