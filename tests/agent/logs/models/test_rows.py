from __future__ import annotations

import numpy as np

from agent.logs.models.rows import Rows


def test_there_are_as_many_as_there_are_times() -> None:
    rows = Rows(np.zeros(3), np.zeros(3, np.int64), [()], np.zeros(3, np.bool_))
    assert rows.size == 3
    assert rows.line(0) == b""
