from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.logs.tail.medium import Refused
from collectors.logs.tail.pipes import Pipe
from collectors.logs.tail.source import Source
from tests.tailing import SMALL, Tailing


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def tailing(fifo: Path) -> Iterator[Tailing]:
    made = Tailing(Source("app", (f"{fifo.parent}/*.log",), pipes=(str(fifo),)))
    yield made
    made.tailer.close()


def test_lines_come_when_they_are_whole_and_nobody_waits(fifo: Path, tailing: Tailing) -> None:
    assert tailing.read() == []
    with fifo.open("wb", buffering=0) as writer:
        writer.write(b"one\ntw")
        assert tailing.read() == [b"one"]
        writer.write(b"o\n" + b"x" * 3000 + b"\nlast\n")
        assert tailing.read() == [b"two", b"x" * SMALL.line, b"last"]
    assert tailing.read() == []
    with fifo.open("wb", buffering=0) as writer:
        writer.write(b"from the next writer\n")
        assert tailing.read() == [b"from the next writer"]
    assert tailing.counts()["cut"] == 1
    assert not tailing.tailer.settled, "who writes may wait for us"


def test_a_line_without_end_takes_no_memory(fifo: Path) -> None:
    pipe = Pipe(str(fifo), SMALL)
    assert pipe.read() is None
    got = b""
    with fifo.open("wb", buffering=0) as writer:
        for _ in range(50):
            writer.write(b"y" * 4000)
            part = pipe.read()
            assert part is not None
            got += part.text
            assert len(pipe._rest) <= SMALL.block
    assert got == b"y" * SMALL.line + b"\n"
    pipe.close()


def test_what_is_no_fifo_is_refused_and_said_once(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no FIFO"):
        Pipe("/dev/null", SMALL).read()
    tailing = Tailing(Source("app", (f"{tmp_path}/*.log",), pipes=(str(tmp_path / "none"), "/dev/zero")))
    assert tailing.read(5) == []
    assert tailing.words == ["/dev/zero: no FIFO"]
    tailing.tailer.close()
