"""What the daemon does about its rules: the link, the store, the log and the events all hear the same."""

from __future__ import annotations

from collections.abc import Mapping

from agent.alarms import NOWHERE, Alarms, Elsewhere, Outlets, described
from agent.config.settings import Alert
from agent.flush.writer import Judged
from agent.judge.allowance import MOST
from agent.ship import alert as shipped_alert
from agent.ship import protocol as shipped
from agent.ship.alert import WORST
from agent.ship.limits import ATTRIBUTES
from collectors.api import Reading, Series
from collectors.tally import Tally

HOT = Alert("hot", "hw.temperature > 85 Cel", "80", "critical", "Too hot", "https://wiki.example/hot")
COLD = Alert("cold", "hw.temperature < 0")
CPU = Series("hw.temperature", "Cel", "gauge", (("hw.name", "cpu"),))
WALL = 1.7e9


class Rig:
    """Alarms with everything they told."""

    def __init__(
        self, *settings: Alert, states: Mapping[str, bytes] | None = None, elsewhere: Elsewhere = NOWHERE
    ) -> None:
        self.kept: list[Judged] = []
        self.posts: list[Mapping[str, object]] = []
        self.lines: list[tuple[str, str]] = []
        self.tally = Tally()
        outlets = Outlets(self.kept.append, self.post, lambda *line: self.lines.append(line), self.tally)
        self.alarms = Alarms(settings, {"thermal": 1.0}, "gate-7", "boot-1", outlets, elsewhere)
        self.now = 1000.0
        self.series: tuple[Series, ...] = (CPU,)
        self.alarms.restore(states or {}, self.now, WALL + self.now)

    def post(self, event: shipped.Event) -> None:
        assert isinstance(event, shipped.Alerts)
        self.posts.append(event.alerts)

    def tick(self, *values: object) -> None:
        self.now += 1
        self.alarms.begin(self.now, WALL + self.now)
        self.alarms.take("thermal", Reading(self.series, values))
        self.alarms.end()

    def states(self) -> dict[str, bytes]:
        """What a store would hold by now."""
        found: dict[str, bytes | None] = {}
        for judged in self.kept:
            found.update(judged.states)
        found.update(self.alarms.states())
        return {name: state for name, state in found.items() if state is not None}


def test_at_the_start_the_link_hears_of_every_rule() -> None:
    rig = Rig(HOT, COLD)
    assert rig.posts == [{"hot": None, "cold": None}]
    assert (rig.kept, rig.lines) == ([], [])


def test_a_crossing_is_told_to_the_link_the_store_and_people() -> None:
    rig = Rig(HOT, COLD)
    rig.tick(91.5)
    alert = rig.posts[1]["hot"]
    assert alert == (
        "gate-7", "hot", "critical", "Too hot", "https://wiki.example/hot", "hw.temperature > 85 Cel",
        WALL + 1001, WALL + 1001, ((CPU, 91.5, WALL + 1001),), 0,
    )  # fmt: skip
    assert list(rig.posts[1]) == ["hot"]
    (judged,) = rig.kept
    (event,) = judged.events
    assert (event.name, event.boot, event.at, event.wall) == ("alert.fired", "boot-1", 1001.0, WALL + 1001)
    assert event.attributes == (
        ("outrider.alert.rule", "hot"),
        ("outrider.alert.severity", "critical"),
        ("outrider.alert.metric", "hw.temperature"),
        ("outrider.alert.value", "91.5"),
        ("hw.name", "cpu"),
    )
    assert event.text == "Too hot"
    assert list(judged.states) == ["hot"]
    assert rig.lines == [
        ("warning", "alert hot fired: hw.temperature{hw.name=cpu} is 91.5 Cel (hw.temperature > 85 Cel)")
    ]


def test_its_end_is_told_too() -> None:
    rig = Rig(HOT)
    rig.tick(91.5)
    rig.tick(80.0)
    assert rig.posts[-1] == {"hot": None}
    assert [event.name for event in rig.kept[-1].events] == ["alert.cleared"]
    assert rig.kept[-1].states == {"hot": None}
    assert rig.lines[-1][0] == "info"
    assert len(rig.posts) == 3


def test_nothing_is_told_while_nothing_changes() -> None:
    rig = Rig(HOT)
    for value in (20.0, 91.0, 92.0, 93.0):
        rig.tick(value)
    assert (len(rig.posts), len(rig.kept), len(rig.lines)) == (2, 1, 1)


def test_many_series_are_one_alert_and_one_line_a_tick() -> None:
    rig = Rig(HOT)
    rig.series = tuple(CPU._replace(attributes=(("n", str(n)),)) for n in range(WORST + 5))
    rig.tick(*[90.0 + n for n in range(WORST + 5)])
    (_, alerts) = rig.posts
    alert = alerts["hot"]
    assert isinstance(alert, tuple)
    assert (len(alert[8]), alert[9], alert[8][0].value) == (WORST, 5, 90.0 + WORST + 4)
    assert len(rig.lines) == 1
    assert f"and {WORST + 4} more" in rig.lines[0][1]
    assert len(rig.kept[0].events) == WORST + 5


def test_a_rule_that_flaps_leaves_room_for_the_events_of_others() -> None:
    rig = Rig(HOT, COLD)
    for _ in range(100):
        rig.tick(90.0)
        rig.tick(70.0)
    rig.tick(-1.0)
    rules = [dict(event.attributes)["outrider.alert.rule"] for judged in rig.kept for event in judged.events]
    assert rules == ["hot"] * MOST + ["cold"]
    assert len(rig.posts) == 1 + 200 + 1
    counted = {each.name: each.value for each in rig.tally.snapshot()}
    assert counted["outrider.events.dropped"] == 200 - MOST
    rig.alarms.states()
    rig.tick(90.0)
    (fired, cleared) = rig.kept[-1].events
    assert dict(fired.attributes)["outrider.alert.omitted"] == str(200 - MOST)
    assert "outrider.alert.omitted" not in dict(cleared.attributes)
    rig.tick(70.0)
    assert "outrider.alert.omitted" not in dict(rig.kept[-1].events[0].attributes)


def test_a_restart_goes_on_without_a_second_event() -> None:
    rig = Rig(HOT)
    rig.tick(91.5)
    again = Rig(HOT, states=rig.states())
    alert = again.posts[0]["hot"]
    assert isinstance(alert, tuple)
    assert alert[6] == WALL + 1001
    again.tick(92.0)
    assert (again.kept, again.lines) == ([], [])
    assert list(again.states()) == ["hot"]


def test_a_rule_that_was_taken_away_is_over_at_the_start() -> None:
    rig = Rig(HOT)
    rig.tick(91.5)
    again = Rig(COLD, states=rig.states())
    assert again.posts == [{"cold": None}, {"hot": None}]
    (judged,) = again.kept
    assert judged.states == {"hot": None}
    assert [(event.name, event.text) for event in judged.events] == [
        ("alert.cleared", "the rule is not as it was")
    ]
    assert again.lines == [
        ("info", "alert hot cleared: hw.temperature{hw.name=cpu} is 91.5 Cel (the rule is not as it was)")
    ]


def test_an_event_has_no_more_attributes_than_a_record_takes() -> None:
    rig = Rig(HOT)
    rig.series = (CPU._replace(attributes=tuple((f"k{n}", "") for n in range(ATTRIBUTES))),)
    rig.tick(91.5)
    assert len(rig.kept[0].events[0].attributes) <= ATTRIBUTES


def test_series_without_a_place_are_counted() -> None:
    rig = Rig(HOT)
    rig.series = tuple(CPU._replace(attributes=(("n", str(n)),)) for n in range(300))
    rig.tick(*[1.0] * 300)
    rig.alarms.states()
    counted = {each.name: each.value for each in rig.tally.snapshot()}
    assert counted["outrider.alerts.refused"] == 300 - 256


def test_values_are_said_in_their_units() -> None:
    assert described(CPU, 91.25) == "hw.temperature{hw.name=cpu} is 91.25 Cel"
    assert described(Series("a", "1", "gauge", ()), 0.5) == "a is 0.5"
    assert described(Series("a", "By", "counter", ()), 1e9) == "a is 1e+09 By/s"
    assert described(Series("a", "", "gauge", ()), None) == "a has no value"


def test_when_the_clock_is_set_the_link_hears_since_when_it_really_fires() -> None:
    rig = Rig(HOT)
    rig.tick(90.0)
    posts = len(rig.posts)
    rig.alarms.begin(rig.now + 1, WALL + 5e7 + rig.now + 1)
    rig.alarms.end()
    [post] = rig.posts[posts:]
    alert = post["hot"]
    assert isinstance(alert, shipped_alert.Alert)
    assert alert.since == WALL + 5e7 + rig.now


def test_what_was_read_elsewhere_is_judged_by_when_it_was_read() -> None:
    """Ticks are a minute apart, and a log is read each 10 s; its first error is growth from zero."""
    errors = Series("model.errors", "{error}", "counter", ())
    came = [(1000.0, "logs", Reading((), []))]
    came += [(1000.0 + 10 * n, "logs", Reading((errors,), [7.0 * n])) for n in range(1, 7)]
    rule = Alert("errors", "model.errors > 0.5/s for 50s")
    rig = Rig(rule, elsewhere=Elsewhere({"logs": 10.0}, lambda: came))
    rig.now += 59
    rig.tick(70.0)
    assert [dict(event.attributes)["outrider.alert.value"] for event in rig.kept[0].events] == ["0.7"]
