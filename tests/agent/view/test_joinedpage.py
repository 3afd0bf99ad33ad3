"""The page of a made-up model, as people read it."""

from __future__ import annotations

import pytest

from agent.view.faults import Fault
from agent.view.ink import plain, span
from agent.view.inputs import Input
from agent.view.joined import Joined
from agent.view.joinedpage import body, drifting, given, happened, head, sampled, versions
from agent.view.qualitypage import MOST
from tests import modelled
from tests.agent.view.test_joined import END, board, record

NOW = END + 5
FAULTS = [Fault("api", "a1", 7, NOW - 600, NOW - 60, "no memory"), Fault("b", "a2", 1, 0.0, 1.0, "elsewhere")]


def page(of: Joined, width: int = 98, wanted: str = "") -> list[str]:
    entries = body(of, board().rows(NOW, 64), FAULTS, NOW, width, wanted)
    return [plain(each.line).rstrip() for each in entries]


def words(lines: list[str], name: str) -> list[str]:
    """Those of the line that begins with this word, but for marks."""
    return next(found for each in lines if name in (found := each.split())[:2])


def test_it_says_what_drifts_since_when_and_from_what_to_what() -> None:
    lines = page(record())
    assert lines[0].startswith("── drifts from its baseline")
    assert lines[1].split()[:5] == ["▲", "temperature", "20±1.92", "→", "26.1±2.20"]
    assert "PSI 27" in lines[1]
    assert lines[1].endswith("since 22:04:20Z   9m")
    longer = record().inputs[0]._replace(first=record().inputs[0].since)
    assert page(record()._replace(inputs=(longer,)))[1].endswith("before 22:04:20Z   9m")


def test_quality_labels_and_inputs_are_told() -> None:
    lines = page(record())
    assert any("quality · 4,800 pairs" in each for each in lines)
    assert words(lines, "accuracy")[:2] == ["accuracy", "80.2%"]
    assert words(lines, "setosa")[:3] == ["setosa", "1.59k", "0.801"]
    assert words(lines, "joined")[:4] == ["joined", "4,800", "unlabelled", "80"]
    assert words(lines[2:], "temperature")[2:7] == ["26.1", "2.20", "20", "2.44%", "81"]
    assert words(lines, "site")[2:6] == ["north", "60%,", "south", "40%"]


def test_load_process_and_device_stand_on_the_same_page_and_others_do_not() -> None:
    lines = page(record())
    text = "\n".join(lines)
    for told in ("  request duration ", "memory usage uvicorn", "gpu memory uvicorn", "power Orin"):
        assert told in text
    assert "no memory" in text
    for other in ("uvicorn2", "9.2GiB", "elsewhere", "requests b", "system"):
        assert other not in text
    assert "iris 1" not in text, "it was replaced by version 2"


def test_versions_samples_and_events_are_told_the_newest_first() -> None:
    lines = page(record())
    places = [n for n, each in enumerate(lines) if "accuracy" in each and "to 2" in each]
    assert [lines[n].split()[0] for n in places] == ["2", "1"]
    (chance,) = [each for each in lines if "12.5x setosa" in each]
    assert chance.endswith(modelled.TEXT)
    assert any("1x slowest" in each for each in lines)
    assert lines[-2].split()[1:] == ["drift", "temperature", "drifts", "9m"]


def test_a_filter_leaves_only_rows() -> None:
    lines = page(record(), wanted="uvicorn")
    assert lines[0].startswith("── processes")
    assert len(lines) == 4


def test_its_head_says_who_tells_of_it() -> None:
    (line,) = head(record(), 98)
    assert plain(line).split()[:6] == ["iris", "2", "logs", "api,", "labels", "process"]


def test_what_nobody_tells_has_no_heading() -> None:
    bare = record()._replace(inputs=(), parts=(), samples=(), events=(), labels={}, delay=None, together=None)
    headings = [each for each in page(bare) if each.startswith("──")]
    assert [each.split()[1] for each in headings] == [
        "errors",
        "quality",
        "model",
        "gpu",
        "power",
        "processes",
    ]


def test_a_feature_opens_its_worst_score_and_without_one_its_values() -> None:
    of, rows = record(), board().rows(NOW, 64)
    drift = drifting(of, rows, NOW, 98)[1].series
    assert drift is not None
    assert drift.name == "model.drift"
    assert dict(drift.attributes)["test"] == "population_stability"
    assert dict(drift.attributes)["model.version"] == "2"
    bare = of.inputs[0]._replace(scores={})
    values = given(of._replace(inputs=(bare,)), rows, 98)[2].series
    assert values is not None
    assert values.name == "model.feature.values"
    assert given(of, (), 98)[2].series is None


def test_lists_are_bounded_and_say_so() -> None:
    of = record()
    many = tuple(of.inputs[0]._replace(name=f"f{n}") for n in range(MOST + 3))
    assert (
        plain(drifting(of._replace(inputs=many), (), NOW, 98)[-1].line).strip()
        == "and 3 more features that drift"
    )
    assert plain(given(of._replace(inputs=many), (), 98)[-1].line).strip() == "and 3 more features"
    assert plain(versions(of.parts * MOST, 98)[-1].line).strip() == f"and {MOST} more versions"
    assert plain(sampled(of.samples * MOST, 98)[-1].line).strip() == f"and {MOST} more samples"
    assert plain(happened(of.events * MOST, NOW, 98)[-1].line).strip() == f"and {MOST} more events"


def test_what_a_device_wrote_cannot_steer_a_terminal() -> None:
    evil = "x\x1b[2Jy"
    of = record()
    each = of.inputs[1]._replace(name=evil, top=((evil, 0.5),), known=((evil, 0.5),), scores={"unseen": 2.0})
    event = of.samples[0]._replace(text=evil, attributes=(("weight", evil), ("edge", evil)))
    made = of._replace(
        name=evil, version=evil, inputs=(each,), samples=(event,), events=(event._replace(name=evil),),
        parts=(of.parts[0]._replace(version=evil, slice=evil),), labels={evil: 1},
    )  # fmt: skip
    text = "\n".join([*page(made), *(plain(line) for line in head(made, 98))])
    assert "\x1b" not in text
    assert "y" in text


def test_a_feature_that_has_no_values_shows_dashes() -> None:
    of = record()._replace(inputs=(Input("bare", 0, constant=7200.0),))
    (line,) = [each for each in page(of) if "bare" in each]
    assert line.split() == ["bare", *["\N{EN DASH}"] * 5, "constant", "for", "2h"]


@pytest.mark.parametrize("width", [28, 40, 60, 78, 130])
def test_it_fits_any_width(width: int) -> None:
    entries = body(record(), board().rows(NOW, 64), FAULTS, NOW, width)
    assert max(span(each.line) for each in entries) <= width
    assert max(span(each) for each in head(record(), width)) <= width
