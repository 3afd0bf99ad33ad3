from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.judge.alerts import FORGOTTEN, GONE, Alerts, Change, Firing
from agent.judge.measure import measured, quantile_of
from agent.judge.rules.grammar import parse
from agent.judge.rules.rule import Rule
from agent.judge.watch import SERIES
from agent.stats.histogram import Histogram
from collectors.api import Kind, Reading, Series

BOOT = "boot-1"
WALL = 1.7e9


def gauge(
    name: str = "hw.temperature", unit: str = "Cel", kind: Kind = "gauge", /, **attributes: str
) -> Series:
    return Series(name, unit, kind, tuple(attributes.items()))


HOT = gauge()
A, B = gauge(name="a"), gauge(name="b")
BYTES = gauge("system.network.io", "By", "counter")


class Device:
    """Ticks each second, with one source that lists `series`."""

    def __init__(
        self,
        *whens: str,
        series: tuple[Series, ...] = (HOT,),
        clear: str = "",
        states: Mapping[str, bytes] | None = None,
        boot: str = BOOT,
        interval: float = 1.0,
    ) -> None:
        self.rules = {f"r{n}": parse(when, clear) for n, when in enumerate(whens)}
        self.alerts = Alerts(self.rules, {"source": interval}, boot, states or {})
        self.series = series
        self.interval = interval
        self.now = 1000.0
        self.late = 0.0
        self.kept: dict[str, bytes] = dict(states or {})

    def tick(self, *values: object) -> list[Change]:
        """A tick with a reading of these values; without any, the source is silent."""
        self.now += self.interval
        self.alerts.begin(self.now, WALL + self.now, self.late)
        self.late = 0.0
        found = list(self.alerts.take("source", Reading(self.series, values))) if values else []
        return found + list(self.alerts.end())

    def ticks(self, times: int, *values: object) -> list[Change]:
        return [change for _ in range(times) for change in self.tick(*values)]

    def suspend(self, seconds: float) -> None:
        self.now += seconds
        self.late = seconds

    def restart(self, *whens: str, clear: str = "", boot: str = BOOT) -> Device:
        """The device as it begins again with what the store kept."""
        for name, blob in self.alerts.states().items():
            if blob is None:
                self.kept.pop(name, None)
            else:
                self.kept[name] = blob
        return Device(*whens, series=self.series, clear=clear, states=self.kept, boot=boot)


def fired(rule: str = "r0", series: Series = HOT, value: float | None = 90.0) -> Change:
    return Change(rule, "fired", series, value)


def cleared(rule: str = "r0", series: Series = HOT, value: float | None = 80.0, reason: str = "") -> Change:
    return Change(rule, "cleared", series, value, reason)


def test_a_value_beyond_the_level_fires_at_once_and_clears_at_once() -> None:
    device = Device("hw.temperature > 85")
    assert device.tick(85.0) == []
    assert device.tick(90) == [fired()]
    assert device.tick(91.0) == []
    assert device.alerts.firing("r0") == (Firing(HOT, 91.0, WALL + 1002.0),)
    assert device.tick(80.0) == [cleared()]
    assert device.alerts.firing("r0") == ()


def test_it_fires_only_after_it_lasted() -> None:
    device = Device("hw.temperature > 85 for 5s")
    assert device.ticks(5, 90.0) == []
    assert device.tick(80.0) == []
    assert device.ticks(5, 90.0) == []
    assert device.tick(90.0) == [fired()]


def test_the_clear_level_keeps_it_firing_in_between() -> None:
    device = Device("hw.temperature > 85", clear="75")
    assert device.tick(90.0) == [fired()]
    assert device.ticks(3, 80.0) == []
    assert device.tick(90.0) == []
    assert device.tick(75.0) == [cleared(value=75.0)]


@pytest.mark.parametrize(
    "nothing", [None, float("nan"), float("inf"), float("-inf"), "90", (1.0, 2.0), object()]
)
def test_what_is_no_number_neither_fires_nor_clears(nothing: object) -> None:
    device = Device("hw.temperature != 5")
    assert device.tick(nothing) == []
    assert device.tick(90.0) == [fired()]
    assert device.ticks(3, nothing) == []
    assert device.tick(5.0) == [cleared(value=5.0)]


def test_missing_values_do_not_count_as_time_that_it_lasted() -> None:
    device = Device("hw.temperature > 85 for 10s")
    device.tick(90.0)
    assert device.ticks(30, None) == []
    assert device.ticks(7, 90.0) == []
    assert device.tick(90.0) == [fired()]


def test_a_row_of_another_length_is_left_out() -> None:
    device = Device("hw.temperature > 85")
    assert device.tick(90.0, 90.0) == []
    assert device.tick(90.0) == [fired()]


def test_a_suspend_does_not_count() -> None:
    device = Device("hw.temperature > 85 for 10s")
    device.ticks(4, 90.0)
    device.suspend(3600.0)
    assert device.ticks(4, 90.0) == []
    assert device.tick(90.0) == [fired()]


def test_a_slow_source_lasts_between_its_readings() -> None:
    device = Device("hw.temperature > 85 for 2m", interval=60.0)
    assert device.ticks(2, 90.0) == []
    assert device.tick(90.0) == [fired()]


def test_each_series_has_a_state_of_its_own_and_the_worst_is_named_first() -> None:
    device = Device("hw.temperature > 85", "hw.temperature < 20", series=(A, B))
    assert device.tick(90.0, 95.0) == [fired(series=A), fired(series=B, value=95.0)]
    assert [each.series for each in device.alerts.firing("r0")] == [B, A]
    assert (
        device.tick(10.0, 5.0)
        == [
            cleared(series=A, value=10.0),
            cleared(series=B, value=5.0),
            fired("r1", A, 10.0),
            fired("r1", B, 5.0),
        ]
        or device.alerts.firing("r0") == ()
    )
    assert [each.series for each in device.alerts.firing("r1")] == [B, A]
    assert device.alerts.firing("unknown") == ()


def test_a_counter_is_compared_by_its_rate_a_second() -> None:
    device = Device("system.network.io > 100 B/s", series=(BYTES,))
    assert device.tick(10**9) == []
    assert device.tick(10**9 + 100) == []
    assert device.tick(10**9 + 250) == [fired(series=BYTES, value=150.0)]
    assert device.tick(50) == []
    assert device.tick(None) == []
    assert device.tick("x") == []
    assert device.tick(350) == [cleared(series=BYTES, value=100.0)]


def test_a_counter_has_no_rate_over_a_suspend_or_backwards() -> None:
    device = Device("system.network.io > 100", series=(BYTES,))
    device.tick(0)
    device.suspend(7200.0)
    assert device.tick(10**9) == []
    assert device.tick(5) == []
    assert device.tick(6) == []
    assert device.tick(10**6) == [fired(series=BYTES, value=10.0**6 - 6)]
    assert device.tick(10**6) == [cleared(series=BYTES, value=0.0)]


def test_an_absence_fires_for_a_series_that_had_a_value() -> None:
    device = Device("no hw.temperature for 5s", series=(A, B))
    device.tick(1.0, 2.0)
    assert device.ticks(4, None, 3.0) == []
    assert device.tick(float("nan"), 3.0) == [fired(series=A, value=None)]
    assert device.ticks(20, None, 3.0) == []
    assert device.alerts.firing("r0") == (Firing(A, None, WALL + 1006.0),)
    assert device.tick(7.0, 3.0) == [cleared(series=A, value=None)]


def test_an_absence_of_a_series_that_is_not_listed_any_more() -> None:
    device = Device("no hw.temperature for 5s", series=(A, B))
    device.tick(1.0, 2.0)
    device.series = (B,)
    assert device.ticks(4, 3.0) == []
    assert device.tick(3.0) == [fired(series=A, value=None)]
    device.series = (A, B)
    assert device.tick(3.0, 3.0) == [cleared(series=A, value=None)]


def test_an_absence_fires_for_all_while_no_series_has_had_a_value() -> None:
    device = Device('no hw.temperature{name="a*"} for 5s', series=(A, B))
    whole = Series("hw.temperature", "", "gauge", (("name", "a*"),))
    assert device.ticks(5, None, 2.0) == []
    assert device.tick(None, 2.0) == [fired(series=whole, value=None)]
    assert device.tick(1.0, 2.0) == [cleared(series=whole, value=None)]
    assert device.ticks(10, 1.0, None) == []


def test_a_silent_source_is_an_absence_and_a_suspend_is_none() -> None:
    device = Device("no hw.temperature for 10s")
    device.tick(1.0)
    assert device.ticks(5) == []
    device.suspend(3600.0)
    assert device.ticks(4) == []
    assert device.tick() == [fired(value=None)]


def test_an_absence_of_a_histogram_is_seen() -> None:
    device = Device("no hw.temperature for 3s", series=(gauge("hw.temperature", "s", "histogram"),))
    device.ticks(5, (0.1, 0.2))
    assert [change.state for change in device.ticks(5, None)] == ["fired"]


def test_an_absence_waits_for_two_readings_of_a_slow_source() -> None:
    device = Device("no hw.temperature for 1s", interval=60.0)
    assert device.ticks(3, 1.0) == []
    assert device.ticks(2) == []
    assert device.tick() == [fired(value=None)]


def test_what_fires_and_vanishes_is_cleared_after_a_while() -> None:
    device = Device("hw.temperature > 85", series=(A, B))
    device.tick(90.0, 1.0)
    device.series = (B,)
    found = device.ticks(int(GONE) + 2, 1.0)
    assert found == [cleared(series=A, value=90.0, reason="nothing was heard of it for long")]


def test_what_vanishes_for_a_moment_fires_on() -> None:
    device = Device("hw.temperature > 85", series=(A, B))
    device.tick(90.0, 1.0)
    device.series = (B,)
    assert device.ticks(100, 1.0) == []
    device.series = (A, B)
    assert device.ticks(int(GONE) + 2, 90.0, 1.0) == []


def test_what_fires_and_falls_silent_fires_for_a_day() -> None:
    device = Device("hw.temperature > 85", interval=600.0)
    device.tick(90.0)
    assert device.ticks(int(FORGOTTEN / 600) - 1, None) == []
    assert device.tick(None) == [cleared(value=90.0, reason="nothing was heard of it for long")]


def test_what_was_forgotten_and_comes_back_is_watched_anew() -> None:
    device = Device("hw.temperature > 85", interval=600.0)
    device.tick(90.0)
    device.ticks(int(FORGOTTEN / 600), None)
    assert device.alerts.firing("r0") == ()
    assert device.tick(95.0) == [fired(value=95.0)]
    assert [each.value for each in device.alerts.firing("r0")] == [95.0]


def test_an_absence_is_forgotten_only_where_others_are_present() -> None:
    device = Device("no hw.temperature for 5s", series=(A, B), interval=600.0)
    device.tick(1.0, 1.0)
    assert [change.state for change in device.ticks(5, None, None)] == ["fired", "fired"]
    assert device.ticks(200, None, None) == []
    assert device.tick(None, 1.0) == [
        cleared(series=B, value=None),
        cleared(series=A, value=None, reason="nothing was heard of it for long"),
    ]
    assert device.alerts.firing("r0") == ()


def test_the_series_of_a_rule_are_bounded_and_the_rest_is_counted() -> None:
    series = tuple(gauge(n=str(n)) for n in range(SERIES + 10))
    device = Device("hw.temperature > 85", series=series)
    assert len(device.tick(*[90.0] * len(series))) == SERIES
    assert device.alerts.refused() == 10


def test_matching_is_done_again_when_the_series_change() -> None:
    device = Device("hw.temperature > 85")
    device.tick(1.0)
    device.series = (A, HOT, B)
    assert device.tick(90.0, 1.0, 1.0) == [fired(series=A)]
    device.series = (HOT, A)
    assert device.tick(1.0, 80.0) == [cleared(series=A)]


def test_only_series_that_are_new_are_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, fits = [], Rule.fits

    def noted(rule: Rule, series: Series) -> bool:
        asked.append(series)
        return fits(rule, series)

    monkeypatch.setattr(Rule, "fits", noted)
    device = Device("hw.temperature > 85", series=(A, HOT))
    device.tick(1.0, 1.0)
    device.series = (B, HOT, A)
    device.tick(1.0, 1.0, 1.0)
    assert asked == [A, HOT, B]
    device.series = (HOT,)
    device.tick(1.0)
    device.series = (HOT, A)
    assert device.tick(1.0, 90.0) == [fired(series=A)]
    assert asked == [A, HOT, B, A]


def test_a_series_without_room_is_watched_once_another_left() -> None:
    series = tuple(gauge(n=str(n)) for n in range(SERIES + 1))
    device = Device("hw.temperature > 85", series=series)
    device.tick(*[1.0] * len(series))
    assert device.alerts.refused() == 1
    device.series = series[1:]
    assert device.tick(*[1.0] * SERIES) == []
    assert device.alerts.refused() == 0
    assert device.tick(*[1.0] * (SERIES - 1), 90.0) == [fired(series=series[-1])]


def test_a_state_outlives_a_restart() -> None:
    device = Device("hw.temperature > 85 for 5s")
    device.ticks(6, 90.0)
    since = device.alerts.firing("r0")[0].since
    again = device.restart("hw.temperature > 85 for 5s", boot="boot-2")
    assert again.alerts.firing("r0") == (Firing(HOT, 90.0, since),)
    assert again.ticks(10, 95.0) == []
    assert again.alerts.firing("r0") == (Firing(HOT, 95.0, since),)
    assert again.tick(80.0) == [cleared()]
    third = again.restart("hw.temperature > 85 for 5s")
    assert third.kept == {}
    assert third.alerts.firing("r0") == ()


def test_what_was_on_its_way_counts_within_one_boot() -> None:
    device = Device("hw.temperature > 85 for 10s")
    device.ticks(6, 90.0)
    same = device.restart("hw.temperature > 85 for 10s")
    assert same.ticks(5, 90.0) == []
    assert same.tick(90.0) == [fired()]
    other = device.restart("hw.temperature > 85 for 10s", boot="boot-2")
    assert other.ticks(10, 90.0) == []
    assert other.tick(90.0) == [fired()]


def test_an_absence_outlives_a_restart() -> None:
    device = Device("no hw.temperature for 5s", series=(A,))
    device.ticks(6, None)
    assert device.alerts.firing("r0") != ()
    again = device.restart("no hw.temperature for 5s")
    assert again.ticks(10, None) == []
    assert [change.state for change in again.tick(1.0)] == ["cleared"]


@pytest.mark.parametrize("whens", [(), ("hw.temperature > 86",)])
def test_a_rule_that_was_changed_or_taken_away_is_over(whens: Sequence[str]) -> None:
    device = Device("hw.temperature > 85")
    device.tick(90.0)
    again = device.restart(*whens)
    assert again.alerts.firing("r0") == ()
    assert again.tick(80.0) == [cleared(value=90.0, reason="the rule is not as it was")]
    assert again.restart(*whens).kept == {}


def test_the_store_hears_only_what_is_new() -> None:
    device = Device("hw.temperature > 85 for 3s", "no b for 1h")
    assert device.alerts.states() == {}
    device.tick(90.0)
    assert list(device.alerts.states()) == ["r0"]
    device.tick(91.0)
    assert list(device.alerts.states()) == ["r0"]
    device.ticks(5, 92.0)
    assert list(device.alerts.states()) == ["r0"]
    device.ticks(5, 93.0)
    assert device.alerts.states() == {}
    device.tick(80.0)
    assert device.alerts.states() == {"r0": None}
    assert device.alerts.states() == {}


# --- while the governor holds collectors back


def governed(device: Device, interval: float, **off: str) -> None:
    """The source's interval is another from now on, or it is switched off."""
    device.interval = interval
    device.alerts.pace({"source": interval}, off)


def test_an_absence_goes_by_the_longer_interval_and_is_not_false() -> None:
    device = Device("no hw.temperature for 10s", interval=5.0)
    device.ticks(5, 20.0)
    governed(device, 40.0)
    assert device.ticks(20, 20.0) == [], "a reading each 40 s is none that is absent for 10"
    governed(device, 5.0)
    device.ticks(3, 20.0)
    assert [change.state for change in device.ticks(4)] == ["fired"], "what is really absent"


def test_what_lasts_long_enough_fires_after_the_same_time_at_a_longer_interval() -> None:
    device = Device("hw.temperature > 85 for 2m")
    device.tick(20.0)
    governed(device, 16.0)
    began = device.now + 16.0
    changes: list[Change] = []
    while not changes:
        changes = device.tick(90.0)
        assert device.now < began + 1000
    assert device.now - began == pytest.approx(120.0, abs=16.0)


def test_a_counters_rate_is_that_of_the_longer_time() -> None:
    device = Device("system.network.io > 100 /s", series=(BYTES,))
    device.tick(0.0)
    governed(device, 16.0)
    assert device.tick(16 * 90.0) == []
    assert device.tick(2 * 16 * 90.0) == []
    (change,) = device.tick(2 * 16 * 90.0 + 16 * 110.0)
    assert change.value == pytest.approx(110.0)


def test_an_absence_that_fires_as_its_collector_is_switched_off_says_so() -> None:
    device = Device("no hw.temperature for 10s")
    device.ticks(5, 20.0)
    why = "switched off: cpu is past limits.cpu"
    governed(device, 1.0, source=why)
    (change,) = device.ticks(20)
    assert change == Change("r0", "fired", HOT, None, why)
    governed(device, 1.0)
    assert [each.state for each in device.tick(20.0)] == ["cleared"]


def test_an_alert_on_a_value_fires_on_while_its_collector_is_switched_off() -> None:
    device = Device("hw.temperature > 85")
    assert device.tick(90.0) == [fired()]
    governed(device, 1.0, source="why")
    assert device.ticks(3600) == [], "nobody knows that it ended"
    governed(device, 1.0)
    assert device.tick(80.0) == [cleared()]


def step(device: Device, by: float, *values: object) -> None:
    """A tick after the wall clock has jumped."""
    device.now += device.interval
    device.alerts.begin(device.now, WALL + by + device.now)
    device.alerts.take("source", Reading(device.series, values))
    device.alerts.end()


def test_since_when_it_fires_follows_a_step_of_the_clock() -> None:
    """A board that boots in 1970 fires an alert, and then its clock is set."""
    device = Device("hw.temperature > 85")
    device.tick(90.0)
    [before] = device.alerts.firing("r0")
    assert device.alerts.redated() == set()
    step(device, 5e7, 90.0)
    [after] = device.alerts.firing("r0")
    assert after.since == before.since + 5e7
    assert device.alerts.redated() == {"r0"}
    assert device.alerts.redated() == set()
    step(device, 5e7 + 0.5, 90.0)
    assert device.alerts.redated() == set()


def test_a_step_while_the_daemon_was_down_is_followed_in_the_same_boot_alone() -> None:
    device = Device("hw.temperature > 85")
    device.tick(90.0)
    [before] = device.alerts.firing("r0")
    same, other = device.restart("hw.temperature > 85"), device.restart("hw.temperature > 85", boot="boot-2")
    for again in (same, other):
        again.now = device.now
        step(again, 5e7, 90.0)
    assert same.alerts.firing("r0")[0].since == before.since + 5e7
    assert other.alerts.firing("r0")[0].since == before.since


def test_what_the_store_keeps_follows_the_step_too() -> None:
    device = Device("hw.temperature > 85")
    device.tick(90.0)
    assert device.alerts.states().keys() == {"r0"}
    assert device.alerts.states() == {}
    step(device, 5e7, 90.0)
    assert device.alerts.states().keys() == {"r0"}


TIMES = gauge("model.request.duration", "s", "histogram", log="api")
REQUESTS = gauge("model.requests", "{request}", "counter", log="api")
ERRORS = gauge("model.errors", "{error}", "counter", log="api")
OTHER_ERRORS = gauge("model.errors", "{error}", "counter", log="api", type="Timeout")
SHARE = Series(
    "share(model.errors, model.requests)",
    "1",
    "gauge",
    (("outrider.collector", "source"), ("log", "api")),
)
SHARED = "share(model.errors, model.requests) by log > 5%"


def as_of(series: Series, changes: Sequence[Change]) -> list[Change]:
    return [change._replace(series=series) for change in changes]


@given(
    values=st.lists(st.none() | st.lists(st.floats(0.1, 1.0), max_size=5), max_size=30),
    function=st.sampled_from(["p99", "p50", "mean", "max"]),
    lasts=st.sampled_from(["", " for 2s", " for 5s"]),
)
def test_a_function_of_a_histogram_is_judged_as_a_gauge_of_its_results(
    values: Sequence[Sequence[float] | None], function: str, lasts: str
) -> None:
    device = Device(f"{function}(model.*) > 500ms{lasts}", series=(TIMES,), clear="300ms")
    same = Device(f"hw.temperature > 0.5{lasts}", series=(A,), clear="0.3")
    for each in values:
        result = measured(each, quantile_of(function))
        logged = None if each is None else Histogram.of(each)
        assert device.tick(logged) == as_of(TIMES, same.tick(result))


@given(
    grown=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=30),
    lasts=st.sampled_from(["", " for 2s", " for 5s"]),
)
def test_a_share_is_judged_as_a_gauge_of_its_results(grown: Sequence[tuple[int, int]], lasts: str) -> None:
    device = Device(SHARED + lasts, series=(ERRORS, REQUESTS), clear="2%")
    same = Device(f"hw.temperature > 0.05{lasts}", series=(A,), clear="0.02")
    device.tick(0, 0)
    same.tick(None)
    errors = requests = 0
    for error, request in grown:
        errors, requests = errors + error, requests + request
        expected = same.tick(error / request if request else None)
        assert device.tick(errors, requests) == as_of(SHARE, expected)


def test_a_share_fires_on_while_a_new_type_of_error_appears() -> None:
    device = Device(SHARED, series=(ERRORS, REQUESTS))
    device.tick(0, 0)
    assert device.tick(10, 100) == [fired(series=SHARE, value=0.1)]
    device.series = (ERRORS, REQUESTS, OTHER_ERRORS)
    assert device.tick(10, 200, 10) == []
    assert device.tick(10, 300, 20) == []
    assert device.tick(10, 400, 20) == [cleared(series=SHARE, value=0.0)]


def test_a_share_without_requests_neither_ends_nor_lasts() -> None:
    device = Device(SHARED + " for 5s", series=(ERRORS, REQUESTS))
    device.tick(0, 0)
    assert device.tick(10, 100) == device.ticks(20, 10, 100) == []
    assert device.ticks(2, 20, 200) == [], "a gap counts as two intervals and a second"
    assert device.tick(30, 300) == [fired(series=SHARE, value=0.1)]
    assert device.ticks(20, 30, 300) == []
    assert device.alerts.firing("r0") == (Firing(SHARE, 0.1, WALL + device.now - 20.0),)


def test_a_share_that_fires_outlives_a_restart_and_ends_by_its_value() -> None:
    device = Device(SHARED, series=(ERRORS, REQUESTS))
    device.tick(0, 0)
    device.tick(10, 100)
    again = device.restart(SHARED)
    assert again.alerts.firing("r0") == device.alerts.firing("r0")
    assert again.tick(0, 0) == []
    assert again.tick(1, 100) == [cleared(series=SHARE, value=0.01)]


def test_a_share_whose_counters_vanish_ends_after_a_while() -> None:
    device = Device(SHARED, series=(ERRORS, REQUESTS, A))
    device.tick(0, 0, 1.0)
    device.tick(10, 100, 1.0)
    device.series = (A,)
    found = device.ticks(int(GONE) + 2, 1.0)
    assert found == [cleared(series=SHARE, value=0.1, reason="nothing was heard of it for long")]


def test_a_share_whose_counters_vanish_for_a_moment_fires_on() -> None:
    device = Device(SHARED, series=(ERRORS, REQUESTS, A))
    device.tick(0, 0, 1.0)
    device.tick(10, 100, 1.0)
    device.series = (A,)
    device.tick(1.0)
    device.series = (ERRORS, REQUESTS)
    assert device.ticks(int(GONE) + 2, 10, 100) == []
    assert device.tick(10, 200) == [cleared(series=SHARE, value=0.0)]


def test_shares_of_two_sources_are_two() -> None:
    alerts = Alerts({"r": parse(SHARED)}, {"one": 1.0, "two": 1.0}, BOOT, {})
    series, found = (ERRORS, REQUESTS), list[Change]()
    for now in (0.0, 1.0):
        alerts.begin(now, WALL + now)
        for source, errors in (("one", 10), ("two", 0)):
            found += alerts.take(source, Reading(series, (now * errors, now * 100)))
    assert [(change.state, change.series.attributes[0][1]) for change in found] == [("fired", "one")]


def test_groups_without_room_are_counted() -> None:
    series = tuple(REQUESTS._replace(attributes=(("log", str(n)),)) for n in range(SERIES + 7))
    device = Device(SHARED, series=series)
    device.ticks(2, *range(SERIES + 7))
    assert device.alerts.refused() == 7


def test_a_share_goes_by_the_longer_interval_of_its_source() -> None:
    device = Device(SHARED, series=(ERRORS, REQUESTS))
    device.tick(0, 0)
    device.alerts.pace({"source": 16.0}, {})
    device.interval = 16.0
    assert device.tick(10, 100) == [fired(series=SHARE, value=0.1)]


def test_what_was_forgotten_and_vanishes_in_the_next_reading_is_no_error() -> None:
    device = Device("hw.temperature{name='a'} > 85", series=(A, B))
    device.interval = 600.0
    device.tick(90.0, 1.0)
    found = next(changes for _ in range(200) if (changes := device.tick(None, 1.0)))
    assert [change.state for change in found] == ["cleared"]
    device.series = (B,)
    assert device.tick(1.0) == []


class Log:
    """A source of which a reading comes each 10 s, and a tick each minute; its counters begin at zero."""

    def __init__(self, *whens: str) -> None:
        rules = {f"r{n}": parse(when) for n, when in enumerate(whens)}
        self.alerts = Alerts(rules, {"source": 10.0}, BOOT, {}, frozenset(("source",)))
        self.now = 1000.0

    def minute(self, *readings: Mapping[Series, object]) -> list[Change]:
        """What came since the tick before, oldest first."""
        self.alerts.begin(self.now + 10.0 * len(readings), WALL + self.now)
        changes = list[Change]()
        for reading in readings:
            self.now += 10.0
            self.alerts.read_at(self.now)
            changes += self.alerts.take("source", Reading(tuple(reading), list(reading.values())))
        return changes + list(self.alerts.end())


def test_the_first_error_of_a_log_is_growth_and_a_collectors_first_total_is_none() -> None:
    log = Log("model.errors > 0/s", SHARED)
    assert log.minute({}, {REQUESTS: 50.0}) == []
    assert log.minute({REQUESTS: 90.0, ERRORS: 10.0}) == [
        fired("r0", ERRORS, 1.0),
        fired("r1", SHARE, 0.25),
    ]
    assert log.minute({REQUESTS: 190.0, ERRORS: 10.0, OTHER_ERRORS: 3.0}) == [
        cleared("r0", ERRORS, 0.0),
        fired("r0", OTHER_ERRORS, 0.3),
        cleared("r1", SHARE, 0.03),
    ]
    device = Device("model.errors > 0/s", series=(A,))
    device.tick(1.0)
    device.series = (ERRORS,)
    assert device.tick(10.0) == []


def test_the_first_reading_of_a_log_is_no_growth() -> None:
    log = Log("model.errors > 0/s", SHARED)
    assert log.minute({REQUESTS: 50.0, ERRORS: 10.0}) == []
    assert [change.value for change in log.minute({REQUESTS: 150.0, ERRORS: 20.0})] == [1.0, 0.1]


def test_what_was_read_between_two_ticks_is_judged_by_when_it_was_read() -> None:
    log = Log("model.errors > 0.5/s for 30s", SHARED + " for 30s", "p50(model.*) > 1s for 30s")
    slow = Histogram.of([2.0] * 10)
    totals = [{REQUESTS: 100.0 * n, ERRORS: 10.0 * n, TIMES: slow} for n in range(7)]
    assert log.minute(*totals[:4]) == [fired("r2", TIMES, 2.0)]
    assert log.minute(*totals[4:]) == [fired("r0", ERRORS, 1.0), fired("r1", SHARE, 0.1)]
