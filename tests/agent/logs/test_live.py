from __future__ import annotations

import numpy as np

from agent.logs.live import MOST, Live
from agent.stats.bins import Cells
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

REQUESTS = Series("model.requests", "{request}", "counter", ())
LEVEL = Series("model.queue.length", "{request}", "gauge", ())
LATENCY = Series("model.request.duration", "s", "histogram", ())


def test_totals_go_on_and_what_was_not_told_is_absent() -> None:
    live = Live()
    [histogram] = Cells(np.zeros(2, np.int64)).column(np.array([0.1, 0.2])).histograms().values()
    windows: dict[Series, Summary] = {
        REQUESTS: Counter(2, 2.0, 1.0, 0),
        LEVEL: Gauge(2, 3.0, 1.0, 2.0, 2.0),
        LATENCY: histogram,
    }
    first, second, third = live.reading(windows), live.reading({}), live.reading(windows)
    assert first.series == (REQUESTS, LEVEL, LATENCY)
    assert first.values == [2.0, 2.0, histogram]
    assert second.values == [2.0, None, None]
    assert third.values == [4.0, 2.0, histogram]
    assert second.series is first.series is third.series, "compared by identity"


def test_a_new_series_is_a_new_layout_and_there_are_not_endlessly_many() -> None:
    live = Live()
    many = [Series("model.requests", "{request}", "counter", (("n", str(n)),)) for n in range(MOST + 5)]
    for series in many:
        reading = live.reading({series: Counter(1, 1.0, 1.0, 0)})
    assert reading.series == tuple(many[:MOST])
    assert live.refused == 5
