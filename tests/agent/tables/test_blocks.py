"""Bytes of a file, in whole lines."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from agent.tables import blocks
from agent.tables.chunk import TableError

LINES = b"".join([b"%d,%s\n" % (n, b"x" * (n % 50)) for n in range(60_000)])


def test_blocks_are_whole_lines_and_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(LINES + b"the end")
    found = list(blocks.blocks(file))
    assert b"".join(found) == LINES + b"the end"
    assert len(found) > 1
    assert all(block.endswith(b"\n") for block in found[:-1])


def test_a_gzipped_file_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(LINES))
    assert b"".join(blocks.blocks(file)) == LINES
    assert blocks.start(file) == LINES[:4096]


@pytest.mark.parametrize("cut", [20, -4])
def test_a_damaged_gzip_is_said(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(LINES)[:cut])
    with pytest.raises(TableError, match="damaged gzip"):
        list(blocks.blocks(file))


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    size = blocks.LONGEST + 3 * blocks.BLOCK + 5
    with file.open("wb") as sparse:
        sparse.truncate(size)
    sizes = [len(block) for block in blocks.blocks(file)]
    assert sum(sizes) == size
    assert max(sizes) == blocks.LONGEST


def test_text_without_its_mark_and_what_is_no_utf_8() -> None:
    troubles = Counter[str]()
    given = [b"\xef\xbb\xbfn\xc3\xa4me\n", b"\xff\xfe \xef\xbf\xbd\n", b"\xe4hm\n"]
    assert "".join(blocks.texts(given, troubles)) == "näme\n\ufffd\ufffd \ufffd\n\ufffdhm\n"
    assert troubles == {"characters that are no UTF-8": 3}


def test_utf_16_is_said() -> None:
    with pytest.raises(TableError, match="iconv"):
        list(blocks.texts(["a,b\n".encode("utf-16")], Counter()))
