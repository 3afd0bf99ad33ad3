"""The joined record of a made-up model."""

from __future__ import annotations

import pytest

from agent.logs import measures
from agent.logs.measures import Info
from agent.ship.records import Key
from agent.stats.quality import Errors
from agent.stats.window import Gauge
from agent.view.joined import Joined, concerns, joined, named, total
from agent.view.rows import Board
from collectors.api import Series
from tests import modelled
from tests.messages import content
from tests.pictures import series

END = 1_700_000_000.0


def board(last: int = modelled.MINUTES) -> Board:
    """What a view holds after so many minutes."""
    made = Board()
    for step, each in enumerate(modelled.minutes(END)):
        if step < last:
            made.add(Key(1, "windows", step, step), each)
    return made


def record(last: int = modelled.MINUTES) -> Joined:
    found = joined("iris", board(last).windows, modelled.events(END), modelled.samples(END))
    assert found is not None
    return found


def test_it_is_told_who_tells_of_a_model_and_of_which_time() -> None:
    found = record()
    assert found.info == Info(("api", "labels"), "uvicorn")
    assert (found.end - found.start, found.end) == (60.0 * modelled.MINUTES, END)
    assert found.version == "2"
    assert [(part.version, part.first, part.last) for part in found.parts] == [
        ("1", END - 2400, END - 1800),
        ("2", END - 1800, END),
    ]


def test_quality_is_that_of_all_pairs_and_of_each_version() -> None:
    found = record()
    assert found.quality.classes is not None
    assert found.quality.classes.count == modelled.MINUTES * modelled.ROWS
    assert found.quality.classes.accuracy == pytest.approx(0.8, abs=0.02)
    one, two = (part.quality.classes for part in found.parts)
    assert one is not None
    assert two is not None
    assert one.count + two.count == found.quality.classes.count
    assert one.accuracy == pytest.approx(0.9, abs=0.03)
    assert found.quality.calibration is not None
    assert found.quality.errors == ()
    assert found.labels == {"joined": 4800, "unlabelled": 80}
    assert found.delay is not None
    assert found.delay.quantile(0.5) == pytest.approx(30.0, rel=0.02)


def test_inputs_are_in_their_own_units_and_drift_has_its_evidence() -> None:
    temperature, site = record().inputs
    assert (temperature.name, site.name) == ("temperature", "site")
    assert temperature.drifted
    assert temperature.scores["kolmogorov_smirnov"] > 1
    assert temperature.since == END - 60 * 9
    assert temperature.baseline is not None
    assert temperature.baseline.median == pytest.approx(20.0, abs=0.3)
    assert temperature.usual is not None
    assert temperature.usual.median == pytest.approx(26.0, abs=0.6)
    assert temperature.count == 9 * modelled.ROWS
    assert temperature.missing == pytest.approx(3 / 123)
    assert temperature.faults == {"missing": 27, "range": 9}
    assert (temperature.distinct, temperature.constant) == (81.0, None)
    assert site.top == (("north", 0.6), ("south", 0.4))
    assert site.known == site.top
    assert site.drifted is False
    assert site.since is None


def test_before_it_drifts_it_does_not_and_the_window_tells_since_when_without_an_event() -> None:
    assert not any(each.drifted for each in record(modelled.SHIFT).inputs)
    found = joined("iris", board().windows)
    assert found is not None
    assert found.inputs[0].since == END - 60 * 10


def test_samples_and_events_are_those_of_the_model_the_newest_first() -> None:
    found = record()
    assert [dict(each.attributes)["edge"] for each in found.samples] == ["", "slowest"]
    assert [each.name for each in found.events] == ["model.drift", "model.version"]


def test_what_nobody_tells_is_none() -> None:
    load = series("model.requests", "{request}", "counter", log__name="b", status="200")
    found = joined("b", {load: board().windows[load]})
    assert found is not None
    assert found.quality == (None, {}, None, ())
    assert (found.inputs, found.delay, found.labels, found.parts, found.version) == ((), None, {}, (), "")
    assert joined("none", board().windows) is None


def test_errors_of_numbers_are_told() -> None:
    sums = Errors(0.0, 2, 3.0, 5.0, 1.0, 4.0, 4.0, 10.0)
    held = Board()
    held.add(Key(1, "windows", 0, 0), content(END, measures.of_errors(modelled.of("1"), sums)))
    found = joined("iris", held.windows)
    assert found is not None
    (back,) = found.quality.errors
    assert (back.mae, back.bias) == (1.5, 0.5)


def test_a_series_is_of_the_model_its_log_its_process_or_its_device() -> None:
    info = Info(("api",), "uvicorn")
    for of, mine in (
        (series("model.requests", model__name="iris", log__name="other"), True),
        (series("model.requests", model__name="other", log__name="api"), False),
        (series("model.requests", log__name="api"), True),
        (series("model.requests", log__name="b"), False),
        (series("process.uptime", process__watch="uvicorn"), True),
        (series("process.uptime", process__watch="other"), False),
        (series("hw.power", "W", hw__id="GPU-1"), True),
        (series("system.memory.usage"), False),
        (series("outrider.logs.lines", log__name="api"), False),
        (measures.series(measures.LABELS, modelled.of("1"), "joined"), False),
    ):
        assert concerns(of, "iris", info) is mine
    assert not concerns(series("process.uptime", process__watch=""), "iris", Info((), ""))


def test_a_model_is_called_by_its_name_or_by_whom_its_log_tells_of() -> None:
    known = {"iris": Info(("api",), "")}
    assert named(series("a", log__name="api"), known) == "iris"
    assert named(series("a", log__name="b"), known) == "b"
    assert named(series("a", log__name="api", model__name="m"), known) == "m"


def test_windows_as_one_are_never_watched_longer_than_they_last() -> None:
    held = Board()
    of: Series = series("a")
    for n in range(2):
        held.add(Key(1, "windows", n, n), content(END + 60 * n, {of: Gauge(1, n, n, n, n)}))
    one = total(held.held(of))
    assert (one.start, one.end, one.covered) == (END, END + 120, 120.0)
    assert one.summary == Gauge(2, 1.0, 0.0, 1.0, 1.0)
    twice = total([held.held(of)[0], held.held(of)[0]])
    assert twice.covered == 60.0
