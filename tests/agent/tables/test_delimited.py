"""Delimited text as people and programs write it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tables.choice import Choice, Names
from agent.tables.chunk import CELLS, TableError
from agent.tables.delimited import delimiter_of, read


def columns(
    texts: Sequence[str], header: tuple[str, ...] = (), troubles: Counter[str] | None = None
) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for chunk in read(texts, header, Names(Choice()), troubles if troubles is not None else Counter()):
        for name, cells in chunk.columns.items():
            assert len(cells) == chunk.rows
            found.setdefault(name, []).extend(cells)
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_ends_of_lines(delimiter: str, end: str) -> None:
    rows = [["a", "b c"], ["1,5" if delimiter != "," else "1.5", "x"], ["2", "y"]]
    text = "".join(delimiter.join(row) + end for row in rows)
    assert columns([text]) == {"a": [rows[1][0], "2"], "b c": ["x", "y"]}


def test_quotes_hold_anything_and_rows_may_go_over_blocks() -> None:
    assert columns(['a,b\n"1,\n', '2""",x\n', "3,y\n"]) == {"a": ['1,\n2"', "3"], "b": ["x", "y"]}


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=2, max_size=2
        ),
        min_size=1,
    )
)
def test_what_was_written_is_read(rows: list[list[str]]) -> None:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerows([["first", "second"], *rows])
    found = columns([written.getvalue()])
    assert list(zip(found["first"], found["second"], strict=True)) == [tuple(row) for row in rows]


def test_rows_of_another_width_and_huge_cells_are_counted() -> None:
    troubles = Counter[str]()
    text = f"a,b\n1,2\n3\n\n4,5,6\n{'x' * 200_000},1\n7,8\n"
    assert columns([text], (), troubles) == {"a": ["1", "7"], "b": ["2", "8"]}
    assert troubles["rows with too few or too many cells"] == 2
    assert troubles["rows that cannot be read (field larger than field limit (131072))"] == 1


def test_a_quote_without_an_end_does_not_eat_the_file() -> None:
    troubles = Counter[str]()
    rows = [f"{n},{n}\n" for n in range(100_000)]
    found = columns(["a,b\n1,2\n", '"3,4\n', "".join(rows)], (), troubles)
    assert 50_000 < len(found["a"]) < 100_001
    assert sum(troubles.values()) == 1


def test_a_file_without_names_is_said_and_may_be_given_some() -> None:
    with pytest.raises(TableError, match=r"number 5\.1.*--header"):
        columns(["5.1,setosa\n4.9,virginica\n"])
    named = {"length": ["5.1", "4.9"], "kind": ["setosa", "virginica"]}
    assert columns(["5.1,setosa\n4.9,virginica\n"], ("length", "kind")) == named
    assert columns(["length,kind\n5.1,setosa\n4.9,virginica\n"], ("length", "kind")) == named


@pytest.mark.parametrize("texts", [[], [""], ["\n\n"]])
def test_an_empty_file_is_said(texts: list[str]) -> None:
    with pytest.raises(TableError, match="empty"):
        columns(texts)


def test_the_first_of_two_columns_of_one_name_is_taken() -> None:
    names = Names(Choice())
    (chunk,) = read(["a,b,a\n1,2,3\n"], (), names, Counter())
    assert chunk.columns == {"a": ("1",), "b": ("2",)}
    assert names.left_out == {"a": "2 columns are called so; the first is taken"}


def test_chunks_of_a_wide_table_are_short() -> None:
    width = 10_000
    text = ",".join(f"c{n}" for n in range(width)) + "\n" + (",".join(["1"] * width) + "\n") * 60
    sizes = [chunk.rows for chunk in read([text], (), Names(Choice()), Counter())]
    assert sum(sizes) == 60
    assert max(sizes) == CELLS // width


def test_a_delimiter_within_texts_does_not_mislead() -> None:
    assert delimiter_of("when;what\n1;a, b, c\n2;d\n") == ";"
    assert delimiter_of("one\n1\n2\n") == ","
