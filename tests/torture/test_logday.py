"""What the day of a log is made of; the day itself takes minutes, `make torture` has it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from agent.stats.template import masked
from tests.torture.logday import DAY, ERRORS, KEPT, Day, Service


def test_no_mask_makes_two_of_the_texts_the_same() -> None:
    assert len({masked(text) for text in ERRORS}) == len(ERRORS) == 10_000


def test_each_line_is_written_once_whatever_is_rotated(tmp_path: Path) -> None:
    with closing(Service(tmp_path / "server.log", 50, model=True)) as service:
        for second in range(KEPT + 1):
            service.write(1_700_000_000 + second)
            service.rotate(KEPT)
        assert service.lines == 50 * (KEPT + 1)
    told = [json.loads(line) for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    ids = {int(each["request_id"], 16) for each in told}
    assert ids == set(range(50, service.lines)), "the oldest file is gone"
    assert all(len(each["features"]) == 50 and each["label"].startswith("class") for each in told)


def test_the_day_goes_by_in_so_many_seconds() -> None:
    day = Day(0, 1000.0, 240.0)
    assert [day.written(now) for now in (1000.0, 1120.0, 1240.0, 1300.0)] == [0, DAY // 2, DAY, DAY]
