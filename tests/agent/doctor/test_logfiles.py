from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

from agent.config.logs import Logs
from agent.doctor.logfiles import LINES, SIZE, Looked, look


def looked(*paths: Path | str, **settings: object) -> Looked:
    logs = Logs("api", tuple(map(str, paths)), **settings)  # type: ignore[arg-type]
    return look(logs, time.monotonic, time.time)


def test_the_end_of_the_file_written_last_is_the_sample(tmp_path: Path) -> None:
    for age, name in enumerate(("new.log", "old.log")):
        (tmp_path / name).write_bytes(b"".join(b"%s %06d\n" % (name.encode(), n) for n in range(30000)))
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    found = looked(tmp_path / "*.log")
    assert found.files == (str(tmp_path / "new.log"), str(tmp_path / "old.log"))
    assert found.sample is not None
    assert (tmp_path / "new.log").stat().st_size > SIZE
    assert len(found.sample.lines) == LINES
    assert found.sample.lines[-1] == b"new.log 029999"
    assert not found.sample.stamped


def test_what_a_runtime_wrapped_and_a_trace_is_unwrapped_and_one_line(tmp_path: Path) -> None:
    stamp = "2026-11-26T10:00:00.5Z"
    lines = ["boom", "Traceback (most recent call last):", '  File "a"', "ValueError: no"]
    wrapped = [json.dumps({"log": f"{line}\n", "stream": "stderr", "time": stamp}) for line in lines]
    (tmp_path / "a.log").write_text("\n".join(wrapped) + "\n")
    sample = looked(tmp_path / "a.log").sample
    assert sample is not None
    assert sample.stamped
    assert sample.lines == (b"\x1e".join(line.encode() for line in lines),)
    apart = looked(tmp_path / "a.log", multiline=False).sample
    assert apart is not None
    assert apart.lines == tuple(line.encode() for line in lines)


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "secret").write_text("x\n")
    (tmp_path / "logs/a.log").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "logs/b.log")
    found = looked(tmp_path / "logs/*.log")
    assert found.files == ()
    assert [(Path(path).name, why.partition(",")[0]) for path, why in found.refused] == [
        ("a.log", f"leads to {tmp_path}/secret"),
        ("b.log", "no regular file"),
    ]
    assert len(looked(tmp_path / "logs/*.log", roots=(str(tmp_path),)).files) == 1


def test_pipes_are_looked_at_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("x\n")
    assert looked(pipes=(str(tmp_path / "pipe"),)) == Looked()
    assert looked(pipes=(str(tmp_path / "file"),)).refused == ((str(tmp_path / "file"), "no FIFO"),)


def test_nothing_there_is_told_by_folder(tmp_path: Path) -> None:
    assert looked(tmp_path / "*.log") == Looked()
    assert looked(tmp_path / "none/*.log") == Looked(absent=(str(tmp_path / "none"),))


def test_a_compressed_file_and_an_unfinished_line_give_no_sample(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"line\n"))
    (tmp_path / "b").write_bytes(b"no end")
    found = looked(tmp_path / "*")
    assert (len(found.files), found.sample) == (2, None)
