from __future__ import annotations

import pytest

from agent.logs import measures
from agent.ship.records import Key
from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge, Summary
from agent.view.joined import joined
from agent.view.models import Model, models
from agent.view.rows import Board
from collectors.api import Series
from tests import modelled
from tests.messages import content
from tests.pictures import NOW, board, series

API = {"log__name": "api", "model__name": "resnet"}


def seen(*windows: dict[Series, Summary], lengths: float = 60.0) -> tuple[Model, ...]:
    """The models after these windows, the last of which ended a second ago."""
    made = Board()
    for n, each in enumerate(windows):
        start = NOW - 1 - lengths * (len(windows) - n)
        made.add(Key(1, "windows", n, n), content(start, each, lengths))
    return models(made.windows, NOW)


def grown(count: float, seconds: float = 60.0) -> Counter:
    return Counter(int(count), count, count / seconds, 0)


def requests(status: str, route: str = "") -> Series:
    return series(
        "model.requests", "{request}", "counter", **API, status=status, **({"route": route} if route else {})
    )


def errors(kind: str) -> Series:
    return series("model.errors", "{error}", "counter", **API, **{"error.type": kind})


def test_what_tells_series_of_a_model_apart_is_summed_up() -> None:
    duration = [
        series("model.request.duration", "s", "histogram", **API, route=route) for route in ("a", "b")
    ]
    (found,) = seen(
        {
            requests("200", "a"): grown(60),
            requests("200", "b"): grown(30),
            requests("503"): grown(30),
            errors("503"): grown(30),
            errors("OOM"): grown(6),
            duration[0]: Histogram.of([0.1] * 99),
            duration[1]: Histogram.of([9.0] * 101),
        }
    )
    assert (found.name, found.whose) == ("resnet", ("api", "resnet"))
    assert found.requests == 2.0
    assert found.errors == pytest.approx(0.3)
    assert found.p50 == found.p99 == pytest.approx(9.0, 0.02)
    assert (found.tokens, found.queue, found.hits, found.late) == (None, None, None, False)
    assert found.age == pytest.approx(1.0)
    assert found.series.name == "model.requests"


def test_errors_of_a_window_before_do_not_count_and_no_error_is_none() -> None:
    (found,) = seen({requests("200"): grown(60), errors("503"): grown(30)}, {requests("200"): grown(60)})
    assert found.errors == 0.0
    (alone,) = seen({errors("503"): grown(30)})
    assert (alone.requests, alone.errors) == (None, None)


def test_tokens_queue_and_cache_are_told_or_counted() -> None:
    kinds = {"gen_ai.token.type": "output"}
    (counted,) = seen(
        {
            series("model.tokens", "{token}", "counter", **API, **kinds): grown(600),
            series("model.tokens", "{token}", "counter", **API, **{"gen_ai.token.type": "input"}): grown(6),
            series("model.cache.lookups", "{lookup}", "counter", **API, result="hit"): grown(30),
            series("model.cache.lookups", "{lookup}", "counter", **API, result="miss"): grown(10),
        }
    )
    assert counted.tokens == 10.0
    assert counted.hits == pytest.approx(0.75)
    (told,) = seen(
        {
            series("model.tokens.rate", "{token}/s", "gauge", **API, **kinds): Gauge(
                1, 42.0, 42.0, 42.0, 42.0
            ),
            series("model.queue.length", "{request}", **API): Gauge(2, 9.0, 2.0, 7.0, 7.0),
            series("model.cache.hit_ratio", **API): Gauge(1, 0.5, 0.5, 0.5, 0.5),
        }
    )
    assert (told.tokens, told.queue, told.hits) == (42.0, 7.0, 0.5)


def test_models_are_told_apart_and_stand_in_natural_order() -> None:
    window: dict[Series, Summary] = {
        series("model.requests", "{request}", "counter", log__name="api", model__name=f"m{n}"): grown(n)
        for n in (10, 2, 1)
    }
    window[series("system.cpu.utilization")] = Gauge(1, 1.0, 1.0, 1.0, 1.0)
    assert [each.whose[1] for each in seen(window)] == ["m1", "m2", "m10"]
    assert [each.whose for each in models(board().windows, NOW)][:2] == [
        ("api", "resnet"),
        ("vllm", "llama-3-8b"),
    ]


def test_a_log_that_does_not_name_its_model_tells_of_it_all_the_same() -> None:
    log, own = (("log.name", "press"),), (("model.name", "wear"),)
    asked = Series("model.requests", "{request}", "counter", (*log, ("status", "200")))
    judged = measures.of_confusion((*log, *own), {("a", "a"): 3, ("b", "a"): 1})
    (found,) = seen({asked: grown(60), **judged, **measures.of_info(own, ("press", "review"), "")})
    assert (found.name, found.whose) == ("wear", ("press", "wear"))
    assert (found.requests, found.accuracy) == (1.0, 0.75)


def test_an_endpoint_is_none_of_the_logs() -> None:
    window: dict[Series, Summary] = {
        series("model.requests", "{request}", "counter", log__name="api"): grown(60),
        series("model.requests", "{request}", "counter", endpoint__name="vllm", model__name="llama"): grown(
            30
        ),
    }
    assert [(each.whose, each.requests) for each in seen(window)] == [
        (("vllm", "llama"), 0.5),
        (("api",), 1.0),
    ]


def test_a_model_without_news_is_late() -> None:
    made = Board()
    made.add(Key(1, "windows", 0, 0), content(NOW - 900, {requests("200"): grown(1)}))
    (found,) = models(made.windows, NOW)
    assert found.late
    assert found.age == pytest.approx(840.0)


def test_accuracy_is_of_all_windows_and_drift_of_the_last_verdict() -> None:
    made = Board()
    for n, each in enumerate(modelled.minutes(NOW)):
        made.add(Key(1, "windows", n, n), each)
    one, two = (each for each in models(made.windows, NOW) if each.name == "iris")
    whole = joined("iris", made.windows)
    assert whole is not None
    accuracy = [part.quality.classes.accuracy for part in whole.parts if part.quality.classes is not None]
    assert [one.accuracy, two.accuracy] == pytest.approx(accuracy)
    assert one.drift is None
    assert two.drift == max(whole.inputs[0].scores.values())
