from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from agent.demo.rotating import KEPT, Lines


def test_a_line_has_its_time_first(tmp_path: Path) -> None:
    with closing(Lines(tmp_path / "log")) as lines:
        lines.write({"n": 1, "of": {"a": "b\n"}})
    line = (tmp_path / "log").read_text()
    assert re.fullmatch(
        r'\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","n":1,"of":\{"a":"b\\n"\}\}\n', line
    )


def test_files_are_renamed_by_size_and_bounded(tmp_path: Path) -> None:
    with closing(Lines(tmp_path / "log", size=200)) as lines:
        for number in range(40):
            lines.write({"n": number})
    files = [tmp_path / name for name in ("log.3", "log.2", "log.1", "log")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert len(files) == 1 + KEPT
    assert max(file.stat().st_size for file in files) <= 200
    kept = [json.loads(line)["n"] for file in files for line in file.read_text().splitlines()]
    assert kept == list(range(kept[0], 40))


def test_what_json_cannot_say_is_refused(tmp_path: Path) -> None:
    with closing(Lines(tmp_path / "log")) as lines, pytest.raises(ValueError, match="not JSON compliant"):
        lines.write({"n": float("nan")})
    assert (tmp_path / "log").read_text() == ""
