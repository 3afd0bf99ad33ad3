from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from random import Random

from agent.demo.inspector import LATE, Inspector


def test_labels_come_in_order_of_their_requests(tmp_path: Path) -> None:
    with closing(Inspector(tmp_path / "labels", Random(1), late=(0.0, 0.0))) as inspector:
        inspector.sees("a", "setosa")
        inspector.sees("b", "virginica")
        inspector.tells()
        inspector.tells()
    told = [json.loads(line) for line in (tmp_path / "labels").read_text().splitlines()]
    assert [(one["request_id"], one["label"]) for one in told] == [("a", "setosa"), ("b", "virginica")]


def test_they_come_late(tmp_path: Path) -> None:
    with closing(Inspector(tmp_path / "labels", Random(1))) as inspector:
        inspector.sees("a", "setosa")
        inspector.tells()
    assert LATE[0] >= 1
    assert (tmp_path / "labels").read_text() == ""
