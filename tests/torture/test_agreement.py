"""What the torture relies on: a difference between history and sink is found, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ship.body import decode_body, encode_body, pack, unpack
from agent.stats.frame import Content
from agent.stats.window import Gauge
from agent.store.sizing import MIB, Limits
from tests.agreement import arrived, differences, disagreements
from tests.pipeline import DEVICE, Pipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = Pipeline(tmp_path, Limits(MIB))
    for _ in range(4):
        pipeline.window()
    yield pipeline
    pipeline.close()


def found(pipeline: Pipeline) -> str:
    return "; ".join(disagreements(pipeline.state, pipeline.fleet, DEVICE))


def test_what_is_equal_agrees(pipeline: Pipeline) -> None:
    assert arrived(pipeline.state, pipeline.fleet, DEVICE)
    assert found(pipeline) == ""


def test_a_number_that_the_sink_misses_is_found(pipeline: Pipeline) -> None:
    pipeline.fleet._db.execute("DELETE FROM data WHERE first = 2")
    assert not arrived(pipeline.state, pipeline.fleet, DEVICE)
    assert "the sink has [(0, 0), (1, 1), (3, 3)], not each of (0, 3) once" in found(pipeline)


def test_a_number_that_the_sink_has_twice_is_found(pipeline: Pipeline) -> None:
    pipeline.fleet._db.execute("UPDATE data SET last = 1 WHERE first = 0")
    assert "the sink has [(0, 1), (1, 1), " in found(pipeline)


def test_a_number_that_the_device_never_gave_is_found(pipeline: Pipeline) -> None:
    pipeline.fleet._db.execute("UPDATE data SET first = 4, last = 4 WHERE first = 3")
    assert "the sink has" in found(pipeline)


def test_the_last_bit_of_one_sum_is_found(pipeline: Pipeline) -> None:
    db = pipeline.fleet._db
    body = db.execute("SELECT body FROM data WHERE first = 1").fetchone()[0]
    frame = decode_body(unpack(body)).frames[0]
    series, window = next(iter(frame.windows.items()))
    assert isinstance(window, Gauge)
    changed = frame._replace(windows={**frame.windows, series: window._replace(total=window.total + 2**-52)})
    spoilt = pack(encode_body(Content((changed,)), None))
    db.execute("UPDATE data SET body = ? WHERE first = 1", (spoilt,))
    assert found(pipeline).count("/total: ") == 1


def test_rounding_is_forgiven_only_where_it_is_allowed() -> None:
    one, other = (1, {"a": 0.1 + 0.2}), (1, {"a": 0.3})
    assert list(differences(one, other, 1e-9)) == []
    assert list(differences(one, other, 0.0)) == ["/1/a: 0.30000000000000004 on the device, 0.3 at the sink"]
    assert len(list(differences((1,), (2,), 1e-9))) == 1
    assert len(list(differences((1,), (1, 2), 1e-9))) == 1
