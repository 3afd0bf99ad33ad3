"""What the doctor says of models: by made-up windows, real baselines, a real store."""

from __future__ import annotations

from pathlib import Path

from agent.config.models import Model
from agent.config.settings import Config
from agent.doctor import Finding, models
from agent.doctor.models import Told
from agent.logs import measures
from agent.logs.measures import Inputs
from agent.logs.windows import Windows
from agent.stats.baseline import Baseline, Feature, encoded
from agent.stats.histogram import Histogram
from agent.stats.standard import Standard
from agent.stats.topk import Top
from agent.store.sizing import MIB, Limits
from tests.agent.store.device import Device
from tests.messages import content
from tests.modelled import MINUTES, baseline, minute

IRIS = Model("iris", ("api", "labels"))
NOW = 1_700_000_000.0


def windows(steps: int = MINUTES) -> Windows:
    """Of the made-up model; in the tenth minute it begins a second version."""
    return measures.added(minute(step) for step in range(steps))


def said(model: Model, found: Told, given: Baseline | None = None) -> list[Finding]:
    return [each for each in models.of_told(model, found, given) if each.level != "ok"]


def known(inputs: dict[str, Inputs] | None = None, pairs: int = 5, **labels: int) -> Told:
    return Told(labels, inputs or {}, pairs, rows=True)


def numbers(*values: float, standard: Standard = Standard(), **faults: int) -> Inputs:  # noqa: B008
    return Inputs({standard: Histogram.of(values)}, None, faults)


def test_a_model_whose_rows_labels_and_features_come_is_well() -> None:
    found = models.told(IRIS, windows())
    assert found.pairs == MINUTES * 120
    assert set(found.inputs) == {"temperature", "site"}
    assert {each.level for each in models.of_told(IRIS, found, baseline())} == {"ok"}
    first, *_ = models.of_told(IRIS, found, None)
    assert first.text == "model iris: 4,800 predictions were judged by their labels"


def test_a_model_of_which_nothing_came_is_told_so_though_it_is_known() -> None:
    own = measures.of_info((("model.name", "iris"),), ("api",), "")
    (none,) = said(IRIS, models.told(IRIS, own))
    assert (none.level, none.text) == ("warning", "model iris: nothing of it came in the last 6 h")
    (other,) = said(Model("roses"), models.told(Model("roses"), windows()))
    assert "model roses: nothing" in other.text


def test_labels_that_never_come_or_never_meet_their_prediction() -> None:
    (none,) = said(IRIS, known(pairs=0))
    assert (none.level, "no label has met its prediction" in none.text) == ("note", True)
    (gone,) = said(IRIS, known(pairs=0, unlabelled=40))
    assert (gone.level, "40 predictions left without a label" in gone.text) == ("warning", True)
    (strange,) = said(IRIS, known(pairs=0, unknown=40))
    assert (strange.level, "40 labels came that no prediction waited for" in strange.text) == (
        "problem",
        True,
    )
    assert "label_wait" in strange.advice
    (mostly,) = said(IRIS, known(unknown=40, joined=5))
    assert mostly.level == "warning"
    (crowded,) = said(IRIS, known(joined=50, crowded=7))
    assert "7 that waited for labels had to go" in crowded.text


def test_features_without_values_and_ranges_of_none() -> None:
    model = IRIS._replace(ranges={"temp": (0.0, 1.0), "heat": (0.0, 1.0)})
    inputs = {"temp": numbers(1.0, type=9, nan=2, range=50), "age": numbers(1.0, 2.0, missing=1)}
    typed, never = said(model, known(inputs))
    assert typed.text == "model iris: of the feature temp 11 of 12 values are none, mostly type"
    assert never.text == "model iris: `ranges` names features that never came: heat"
    (refused,) = said(IRIS, known()._replace(refused=1200.0))
    assert "1,200 rows" in refused.text


def test_a_baseline_of_other_features_kinds_or_units() -> None:
    normal = Standard(20.0, 2.0)
    given = Baseline(
        "iris", "", 0.0,
        {"temp": Feature(Histogram.of([-1.0, 1.0]), normal), "site": Feature(Top({"a": 3}))},
    )  # fmt: skip
    (absent, fresh) = said(IRIS, known({"x": numbers(1.0)}), given)
    assert (absent.level, absent.text.endswith("never came: temp, site")) == ("problem", True)
    assert (fresh.level, fresh.text.endswith("is told: x")) == ("note", True)
    unit, kind = said(
        IRIS, known({"temp": numbers(25.0, 26.0, standard=normal), "site": numbers(1.0)}), given
    )
    assert "temp is 70" in unit.text
    assert "lies within 18 and 22 in the baseline" in unit.text
    assert kind.text == "model iris: site has categories in the baseline, and numbers come"


def test_a_baseline_that_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    def told(content: bytes) -> Finding:
        path.write_bytes(content)
        (found,) = models.of_settings(IRIS._replace(baseline=str(path)), Config())
        return found

    path = tmp_path / "iris.json"
    (missing,) = models.of_settings(IRIS._replace(baseline=str(path)), Config())
    assert (missing.level, "No such file" in missing.text) == ("problem", True)
    assert (told(b"{}").level, "cannot be used" in told(b"{}").text) == ("problem", True)
    other = told(encoded(baseline()._replace(model="roses")))
    assert (other.level, "is of the model roses" in other.text) == ("problem", True)
    assert told(encoded(baseline())).level == "ok"


def test_what_waits_for_labels_must_leave_the_store_some_room() -> None:
    small = Config()._replace(store=Config().store._replace(max_size=MIB))
    (crowd,) = models.of_settings(IRIS, small)
    assert crowd.text.startswith("model iris: what waits for labels may take")
    assert list(models.of_settings(IRIS, Config())) == []


def test_the_store_tells_of_the_last_hours(tmp_path: Path) -> None:
    config = Config(model=(IRIS,))
    config = config._replace(store=config.store._replace(directory=str(tmp_path / "state")))
    (none,) = models.examine(config, NOW)
    assert "no store yet" in none.text
    device = Device(tmp_path / "state", Limits(8 * MIB))
    for step in range(5):
        device.flush(None, contents={"windows": content(NOW - 60.0 * (5 - step), minute(step))})
    device.store.close()
    found = list(models.examine(config, NOW))
    assert {each.level for each in found} == {"ok"}
    assert found[0].text == "model iris: 600 predictions were judged by their labels"
    (late,) = models.examine(config, NOW + 7 * 3600)
    assert "nothing of it came in the last 6 h" in late.text
