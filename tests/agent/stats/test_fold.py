"""The fold: whole windows, layouts that change, absent and unusable values, bounds on series."""

from __future__ import annotations

import gc
import math
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.stats.fold import ROWS, Fold
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.totals import increase
from agent.stats.window import Counter, Gauge, Summary, merge
from collectors.api import Kind, Reading, Series


def series(name: str, kind: Kind = "gauge") -> Series:
    return Series(name, "1", kind, ())


LOAD, TEMPERATURE = series("load"), series("temperature")
SENT, ERRORS = series("sent", "counter"), series("errors", "counter")
TIME, STATUS = series("time", "histogram"), series("status", "top")


def folded(layout: tuple[Series, ...], rows: list[list[object]], fold: Fold | None = None) -> Fold:
    fold = fold or Fold(100)
    for second, values in enumerate(rows):
        fold.add("source", float(second), Reading(layout, values))
    return fold


def test_a_gauge_is_counted_summed_and_its_last_value_kept() -> None:
    fold = folded((LOAD,), [[2.0], [8], [0.5], [4.0]])
    assert fold.close() == {LOAD: Gauge(4, 14.5, 0.5, 8, 4.0)}


def test_a_counter_gives_its_increase_and_its_highest_rate_in_real_time() -> None:
    fold = Fold(100)
    for at, total in ((10.0, 100), (11.0, 110), (11.5, 120), (13.5, 130)):
        fold.add("net", at, Reading((SENT,), [total]))
    assert fold.close() == {SENT: Counter(3, 30, 20.0, 0)}


def test_no_increase_is_lost_between_windows() -> None:
    fold = folded((SENT,), [[100], [110]])
    assert fold.close() == {SENT: Counter(1, 10, 10.0, 0)}
    fold.add("source", 2.0, Reading((SENT,), [150]))
    assert fold.close() == {SENT: Counter(1, 40, 40.0, 0)}


def test_a_single_first_total_is_a_baseline_and_no_data() -> None:
    assert folded((SENT,), [[100]]).close() == {}


def test_an_idle_counter_has_an_increase_of_zero() -> None:
    fold = folded((SENT,), [[7], [7]])
    assert fold.close() == {SENT: Counter(1, 0, 0.0, 0)}
    fold.add("source", 2.0, Reading((SENT,), [7]))
    assert fold.close() == {SENT: Counter(1, 0, 0.0, 0)}


def test_a_wrap_and_a_reset_are_told_apart() -> None:
    fold = folded((SENT, ERRORS), [[2**32 - 10, 50], [5, 60], [20, 3]])
    assert fold.close() == {SENT: Counter(2, 30, 15.0, 0), ERRORS: Counter(2, 13, 10.0, 1)}


def test_an_absent_value_is_not_counted_and_the_next_increase_spans_the_gap() -> None:
    fold = folded((LOAD, SENT), [[1.0, 10], [None, None], [3.0, 30]])
    assert fold.close() == {LOAD: Gauge(2, 4.0, 1.0, 3.0, 3.0), SENT: Counter(1, 20, 10.0, 0)}
    assert fold.unusable == 0


def test_a_poll_that_failed_leaves_the_baseline() -> None:
    fold = Fold(100)
    fold.add("net", 1.0, Reading((SENT,), [10]))
    fold.add("net", 6.0, Reading((SENT,), [60]))
    assert fold.close() == {SENT: Counter(1, 50, 10.0, 0)}


def test_unusable_values_are_dropped_and_counted() -> None:
    rows: list[list[object]] = [
        [1.0, 10],
        [math.nan, math.inf],
        [math.inf, "x"],
        [10**400, 10**400],
        [2.0, 40],
    ]
    fold = folded((LOAD, SENT), rows)
    assert fold.close() == {LOAD: Gauge(2, 3.0, 1.0, 2.0, 2.0), SENT: Counter(1, 30, 7.5, 0)}
    assert fold.unusable == 6


def test_a_series_without_any_value_is_absent() -> None:
    fold = folded((LOAD, TEMPERATURE, TIME, STATUS), [[1.0, None, None, None], [2.0, math.nan, [], ()]])
    assert set(fold.close()) == {LOAD}
    assert fold.close() == {}


def test_a_row_of_the_wrong_length_is_dropped_and_counted() -> None:
    fold = folded((LOAD, TEMPERATURE), [[1.0, 2.0], [3.0], [5.0, 6.0, 7.0]])
    assert fold.close() == {LOAD: Gauge(1, 1.0, 1.0, 1.0, 1.0), TEMPERATURE: Gauge(1, 2.0, 2.0, 2.0, 2.0)}
    assert fold.unusable == 4


def test_the_rows_of_a_collector_that_reuses_its_list_are_kept_apart() -> None:
    fold, layout, times = Fold(100), (LOAD, TIME), [0.0]
    values: list[object] = [0.0, times]
    for second in range(4):
        values[0], times[0] = float(second), second + 1.0
        fold.add("source", float(second), Reading(layout, values))
    assert fold.close() == {LOAD: Gauge(4, 6.0, 0.0, 3.0, 3.0), TIME: Histogram.of([1.0, 2.0, 3.0, 4.0])}


def test_histograms_and_tops_gather_what_each_poll_hands_over() -> None:
    fold = folded(
        (TIME, STATUS), [[[0.5, 0.25], [("200", 3)]], [[math.nan, 0.125], [("200", 1), ("500", 2)]]]
    )
    assert fold.close() == {
        TIME: Histogram.of([0.5, 0.25, math.nan, 0.125]),
        STATUS: Top({"200": 4, "500": 2}, 0),
    }


def test_values_of_the_wrong_shape_are_dropped_and_counted() -> None:
    rows: list[list[object]] = [[1.5, "x"], [[1.0, "y", None], [("a", -1)]], [[10**400], [("a", 1)]]]
    fold = folded((TIME, STATUS), rows)
    assert fold.close() == {TIME: Histogram.of([1.0]), STATUS: Top({"a": 1}, 0)}
    assert fold.unusable == 6


def test_more_values_than_wait_at_most_make_one_histogram() -> None:
    values = [n / 8 for n in range(1, 5001)]
    fold = folded((TIME,), [[values[:3000]], [values[3000:]]])
    assert fold.close() == {TIME: Histogram.of(values)}


def test_a_layout_that_changes_within_the_window_keeps_every_value() -> None:
    fold = folded((LOAD, SENT), [[1.0, 10], [2.0, 20]])
    fold.add("source", 2.0, Reading((SENT, TEMPERATURE, LOAD), [35, 40.0, 4.0]))
    assert fold.close() == {
        LOAD: Gauge(3, 7.0, 1.0, 4.0, 4.0),
        SENT: Counter(2, 25, 15.0, 0),
        TEMPERATURE: Gauge(1, 40.0, 40.0, 40.0, 40.0),
    }


def test_an_equal_layout_in_another_tuple_is_no_change() -> None:
    fold = Fold(100)
    for second in range(3):
        layout = tuple(one for one in (SENT,))
        fold.add("source", float(second), Reading(layout, [second * 10]))
    assert fold.close() == {SENT: Counter(2, 20, 10.0, 0)}


def test_a_series_that_returns_begins_with_a_baseline() -> None:
    fold = folded((SENT, ERRORS), [[10, 1], [20, 2]])
    fold.add("source", 2.0, Reading((SENT,), [30]))
    fold.add("source", 3.0, Reading((SENT, ERRORS), [40, 900]))
    fold.add("source", 4.0, Reading((SENT, ERRORS), [50, 905]))
    assert fold.close() == {SENT: Counter(4, 40, 10.0, 0), ERRORS: Counter(2, 6, 5.0, 0)}


def test_a_series_may_return_before_a_row_without_it_was_taken() -> None:
    fold = folded((SENT,), [[10], [20]])
    fold.add("source", 2.0, Reading((LOAD,), []))
    fold.add("source", 3.0, Reading((SENT,), [70]))
    assert fold.close() == {SENT: Counter(1, 10, 10.0, 0)}


def test_two_sources_of_one_series_add_up() -> None:
    fold = Fold(100)
    fold.add("a", 0.0, Reading((LOAD,), [1.0]))
    fold.add("b", 0.5, Reading((LOAD,), [3.0]))
    assert fold.close() == {LOAD: Gauge(2, 4.0, 1.0, 3.0, 3.0)}


def test_series_beyond_the_bound_are_refused_and_counted() -> None:
    many = tuple(series(f"s{n}") for n in range(10))
    fold = Fold(4)
    for second in range(3):
        fold.add("source", float(second), Reading(many, [float(n) for n in range(10)]))
    window = fold.close()
    assert list(window) == list(many[:4])
    assert (fold.kept, fold.refused) == (4, 4)


def test_refused_series_are_admitted_when_others_are_gone() -> None:
    fold = Fold(2)
    both, late = (LOAD, TEMPERATURE), (SENT,)
    fold.add("a", 0.0, Reading(both, [1.0, 2.0]))
    fold.add("b", 0.0, Reading(late, [5]))
    fold.add("a", 1.0, Reading((LOAD,), [1.0]))
    assert set(fold.close()) == {LOAD, TEMPERATURE}
    fold.add("b", 1.0, Reading(late, [6]))
    fold.add("b", 2.0, Reading(late, [7]))
    assert fold.close() == {SENT: Counter(1, 1, 1.0, 0)}
    assert fold.kept == 2


def test_a_series_named_twice_in_a_layout_is_kept_once() -> None:
    assert folded((SENT, SENT), [[1, 100], [2, 200]]).close() == {SENT: Counter(1, 1, 1.0, 0)}


def test_a_clock_that_stands_still_gives_no_rate() -> None:
    fold = Fold(100)
    for at, total in ((1.0, 1), (1.0, 5), (2.0, 6)):
        fold.add("net", at, Reading((SENT,), [total]))
    assert fold.close() == {SENT: Counter(2, 5, 1.0, 0)}


def test_sums_beyond_the_doubles_are_held() -> None:
    window = folded((LOAD,), [[1e308], [1e308], [1e308]]).close()[LOAD]
    assert isinstance(window, Gauge)
    assert math.isfinite(window.total)
    assert window.high == 1e308


# A naive model: every value looked at on its own, as the words of the contract say.


class Model:
    def __init__(self) -> None:
        self.base: dict[Series, tuple[float, float]] = {}
        self.layout: tuple[Series, ...] = ()
        self.window: dict[Series, Summary] = {}

    def add(self, now: float, reading: Reading) -> None:
        for one in set(self.layout) - set(reading.series):
            self.base.pop(one, None)
        self.layout = reading.series
        for one, value in zip(reading.series, reading.values, strict=True):
            if isinstance(value, (int, float)) and math.isfinite(value):
                summary = self.gauge(value) if one.kind == "gauge" else self.counter(one, now, value)
                if summary is not None:
                    self.window[one] = merge(self.window[one], summary) if one in self.window else summary

    @staticmethod
    def gauge(value: float) -> Gauge:
        return Gauge(1, value, value, value, value)

    def counter(self, one: Series, now: float, value: float) -> Counter | None:
        if one not in self.base:
            self.base[one] = (value, now)
            return None
        before, at = self.base[one]
        amount, total, reset = increase(before, value)
        self.base[one] = (total, now)
        return Counter(1, amount, amount / (now - at), int(reset))


GAUGE_VALUES = st.one_of(st.integers(-64, 64).map(lambda n: n / 8), st.none(), st.just(math.nan))
COUNTER_VALUES = st.one_of(st.integers(0, 50), st.integers(2**32 - 50, 2**32 - 1), st.none())
LAYOUTS = [(LOAD, SENT, ERRORS), (SENT, TEMPERATURE), (ERRORS, LOAD, TEMPERATURE, SENT), (LOAD,)]


@st.composite
def polls(draw: st.DrawFn) -> list[tuple[float, Reading] | None]:
    """Polls of one source, None where the window closes; a layout mostly stays for some polls."""
    now = 0.0
    steps: list[tuple[float, Reading] | None] = []
    for _ in range(draw(st.integers(1, 6))):
        layout = draw(st.sampled_from(LAYOUTS))
        climbing = dict.fromkeys(layout, 0)
        for _ in range(draw(st.integers(1, 12))):
            now += draw(st.sampled_from([0.5, 1.0, 2.0]))
            values: list[object] = []
            for one in layout:
                climbing[one] += draw(st.integers(0, 9))
                wild = draw(st.integers(0, 9)) == 0
                pick = GAUGE_VALUES if one.kind == "gauge" else COUNTER_VALUES
                values.append(draw(pick) if wild else climbing[one])
            steps.append((now, Reading(layout, values)))
        if draw(st.booleans()):
            steps.append(None)
    return [*steps, None]


@settings(deadline=None)
@given(polls())
def test_the_fold_equals_the_naive_model(steps: list[tuple[float, Reading] | None]) -> None:
    fold, model = Fold(100), Model()
    for step in steps:
        if step is None:
            assert fold.close() == model.window
            model.window = {}
        else:
            fold.add("source", *step)
            model.add(*step)


def test_rows_are_folded_before_they_pile_up_and_nothing_changes() -> None:
    fold, model, layout = Fold(100), Model(), (LOAD, SENT)
    for second in range(5 * ROWS + 3):
        reading = Reading(layout, [second % 7 / 8, second * second])
        fold.add("source", float(second), reading)
        model.add(float(second), reading)
    assert fold.close() == model.window


def test_a_million_samples_leave_memory_flat() -> None:
    layout = tuple(series(f"g{n}") for n in range(50)) + tuple(series(f"c{n}", "counter") for n in range(50))
    fold = Fold(200)

    def run(start: int, seconds: int) -> None:
        for second in range(start, start + seconds):
            fold.add("source", float(second), Reading(layout, [float(second)] * 50 + [second * 1000] * 50))
            if second % 60 == 59:
                fold.close()

    run(0, 600)
    gc.collect()
    tracemalloc.start()
    try:
        run(600, 600)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        run(1200, 600)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    run(1800, 8200)
    assert after - before < 20_000
    assert peak - before < 1_000_000


def test_what_the_daemon_counts_itself_begins_at_nothing_when_it_appears() -> None:
    """The first loss counts too; what was counted before the first reading, by a life before, does not."""
    lost, read = series("outrider.logs.lost", "counter"), series("outrider.logs.read", "counter")
    fold = Fold(100)
    fold.add("own", 1.0, Reading((read,), [100]))
    fold.add("own", 2.0, Reading((read, lost), [110, 7]))
    fold.add("own", 3.0, Reading((read, lost), [110, 9]))
    found = fold.close()
    assert found[read] == Counter(2, 10, 10.0, 0)
    assert found[lost] == Counter(2, 9, 7.0, 0)
    other = Fold(100)
    other.add("net", 1.0, Reading((SENT,), [100]))
    other.add("net", 2.0, Reading((SENT, ERRORS), [110, 7]))
    other.add("net", 3.0, Reading((SENT, ERRORS), [110, 9]))
    assert other.close()[ERRORS] == Counter(1, 2, 2.0, 0)
