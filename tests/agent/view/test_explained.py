"""Why a feature drifts, on one device and on several."""

from __future__ import annotations

from agent.logs.measures import added, known
from agent.logs.verdicts import verdicts
from agent.logs.windows import Windows
from agent.view.explained import Told, added_up, explained, features
from agent.view.gathered import Gathered
from agent.view.joined import measured
from tests import modelled
from tests.agent.view.test_joined import END
from tests.messages import content


def told(device: str = "", first: int = 0, last: int = modelled.MINUTES, lately: int = 10) -> Told:
    """These minutes of the model, of which some are compared."""
    kept, late = Gathered(), Gathered()
    for step, each in enumerate(modelled.minutes(END)):
        if first <= step < last:
            kept.take(each.frames[0])
        if first <= step < last and step >= last - lately:
            late.take(each.frames[0])
    return Told(device, kept.windows, late.windows, modelled.events(END), modelled.samples(END))


def test_it_drifts_since_the_device_said_so_in_the_newest_version() -> None:
    found = explained([told(lately=9)], "iris", "temperature")
    assert found.comparison.verdict.drifted
    assert found.version == "2"
    assert found.since == END - 60 * 9
    assert (found.start, found.end) == (END - 60 * 9, END)
    assert found.comparison.verdict.window == 9 * modelled.ROWS
    assert [part.version for part in found.parts] == ["1", "2"]
    assert [dict(each.attributes)["edge"] for each in found.samples] == ["", "slowest"]
    assert found.devices == {}


def test_what_was_before_it_drifted_does_not_and_needs_no_time() -> None:
    found = explained([told(last=modelled.SHIFT)], "iris", "temperature")
    assert found.comparison.verdict.drifted is False
    assert found.since is None


def test_it_is_judged_as_the_daemon_judges_it() -> None:
    """Features of a model share the alarms, so that a verdict does not depend on who is asked."""
    last = added([modelled.minute(step) for step in range(modelled.MINUTES - 10, modelled.MINUTES)])
    due = verdicts(modelled.baseline().features, known(last)[modelled.of("2")])
    for name, comparison in due.items():
        assert explained([told()], "iris", name).comparison == comparison


def test_without_a_baseline_or_values_it_is_unknown() -> None:
    assert explained([told(last=5)], "iris", "temperature").comparison.fault == "there is no baseline"
    assert explained([told(lately=0)], "iris", "temperature").comparison.fault == "no window has it"
    assert explained([], "iris", "temperature").comparison.verdict.drifted is None


def test_a_fleet_is_judged_by_all_of_its_values_and_each_device_by_its_own() -> None:
    one, two = told("a", last=modelled.SHIFT), told("b")
    found = explained([one, two], "iris", "temperature")
    assert found.comparison.verdict.window == 20 * modelled.ROWS
    assert found.comparison.verdict.reference == 5000, "a baseline that both were given counts once"
    assert found.devices == {"a": False, "b": True}
    halves = explained([told("a", last=35, lately=5), told("b", first=35, lately=5)], "iris", "temperature")
    whole = explained([told("c", lately=10)], "iris", "temperature")
    assert halves.comparison.verdict == whole.comparison.verdict


def test_features_are_told_by_model() -> None:
    assert features([told()]) == {"iris": {"site", "temperature"}}
    assert features([]) == {}


def test_windows_of_devices_stand_one_after_another() -> None:
    minute: Windows = modelled.minute(0)
    made = []
    for start in (END, END - 600):
        each = Gathered()
        each.take(content(start, minute).frames[0])
        made.append(measured("iris", each.windows))
    found = added_up(made)
    starts = {tuple(window.start for window in held) for part in found.values() for held in part.values()}
    assert starts == {(END - 600, END)}
