"""What is taken of a page: presets, patterns of names and labels, places for series."""

from __future__ import annotations

from collectors.api import Attributes, Series
from collectors.endpoints.exposition import read
from collectors.endpoints.plan import Choice, Plan, Points

PAGE = b"""
# TYPE app_requests counter
app_requests_total{model="a",user="u1"} 5
app_requests_total{model="b",user="u2"} 7
app_requests_created{model="b",user="u2"} 1.7e9
# TYPE app_queue gauge
app_queue{model="a",user=""} 3
# TYPE app_took_seconds histogram
app_took_seconds_bucket{le="1"} 1
app_took_seconds_bucket{le="+Inf"} 2
app_took_seconds_sum 3
app_took_seconds_count 2
# TYPE app_wait_ms summary
app_wait_ms{quantile="0.5"} 3
app_wait_ms_sum 90
app_wait_ms_count 30
# TYPE app info
app_info{version="1"} 1
# TYPE iterations_total histogram
iterations_total_bucket{le="+Inf"} 4
bare 1
bare_total 8
process_start_time_seconds 1700000000.5
"""


def taken(choice: Choice, body: bytes = PAGE) -> Points:
    plan = Plan(choice)
    return plan.read(read(body, plan.wanted))


def names(choice: Choice, body: bytes = PAGE) -> set[str]:
    return {point.series.name for point in taken(choice, body).points}


EVERYTHING = {
    "app_requests",
    "app_queue",
    "app_took",
    "app_wait.sum",
    "app_wait.count",
    "iterations_total",
    "bare",
}


def test_without_a_preset_everything_that_is_a_number_is_taken() -> None:
    found = taken(Choice())
    assert {point.series.name for point in found.points} == EVERYTHING
    assert found.born == 1700000000.5
    kinds = {(point.series.name, point.series.unit, point.series.kind) for point in found.points}
    assert ("app_wait.sum", "s", "counter") in kinds
    assert ("app_took", "s", "histogram") in kinds
    assert ("app_queue", "1", "gauge") in kinds


def test_patterns_of_names() -> None:
    assert names(Choice(include=("app_*",))) == EVERYTHING - {"iterations_total", "bare"}
    assert names(Choice(include=("app_*",), exclude=("*_ms", "app_took_*"))) == {"app_requests", "app_queue"}
    assert names(Choice(include=("app_requests_total",))) == {"app_requests"}
    assert names(Choice(include=("nothing",))) == set()


def test_a_preset_and_more() -> None:
    body = PAGE + b'tgi_queue_size{zone="z"} 4\n# TYPE tgi_request_count counter\ntgi_request_count 9\n'
    assert names(Choice(preset="tgi"), body) == {"model.queue.length"}
    assert names(Choice(preset="tgi", include=("tgi_*",)), body) == {
        "model.queue.length",
        "tgi_request_count",
    }
    assert names(Choice(preset="tgi", include=("app_queue",), exclude=("tgi_queue*",)), body) == {"app_queue"}
    assert "tgi_request_duration" in taken(Choice(preset="tgi"), body).missing
    assert "tgi_queue_size" not in taken(Choice(preset="tgi"), body).missing


def attributes(choice: Choice, name: str, body: bytes = PAGE) -> list[Attributes]:
    return [point.series.attributes for point in taken(choice, body).points if point.series.name == name]


def test_labels() -> None:
    service = (("service.name", "chat"),)
    assert attributes(Choice(attributes=service), "app_requests") == [
        (*service, ("model", "a"), ("user", "u1")),
        (*service, ("model", "b"), ("user", "u2")),
    ]
    assert attributes(Choice(labels=("mod*",)), "app_requests") == [(("model", "a"),), (("model", "b"),)]
    assert attributes(Choice(labels=("none",)), "app_requests") == [(), ()]
    assert attributes(Choice(), "app_queue") == [(("model", "a"),)], "an empty label is none"
    body = b'nv_inference_count{model="m",version="1",gpu_uuid="G"} 1\n'
    known = (("model.name", "m"), ("model.version", "1"))
    assert attributes(Choice(preset="triton"), "model.inferences", body) == [known]
    asked = Choice(preset="triton", labels=("gpu_*",))
    assert attributes(asked, "model.inferences", body) == [(*known, ("gpu_uuid", "G"))]


def test_of_names_that_follow_each_other_the_newest_counts() -> None:
    both = b"vllm:gpu_cache_usage_perc 0.3\nvllm:kv_cache_usage_perc 0.2\n"
    assert [point.value for point in taken(Choice(preset="vllm"), both).points] == [0.2]
    assert [point.value for point in taken(Choice(preset="vllm"), both[:30]).points] == [0.3]


def test_a_counter_that_is_written_under_both_names_is_one() -> None:
    body = b"ray_serve_deployment_request_counter 4\nray_serve_deployment_request_counter_total 4\n"
    found = taken(Choice(preset="rayserve"), body).points
    assert [(point.series.name, point.value) for point in found] == [("model.inferences", 4.0)]


def page_of(count: int, first: int = 0) -> bytes:
    return b"".join(b'a_total{user="u%d"} %d\n' % (n, n) for n in range(first, first + count))


def test_series_beyond_the_most_are_others() -> None:
    plan = Plan(Choice(attributes=(("service.name", "chat"),), most=3))
    found = plan.read(read(page_of(5), plan.wanted))
    users = [dict(point.series.attributes)["user"] for point in found.points]
    assert users == ["u0", "u1", "u2", "other", "other"]
    assert {dict(point.series.attributes)["service.name"] for point in found.points} == {"chat"}
    assert (found.other, found.refused) == (2, 0)


def test_others_are_still_told_apart_by_what_the_preset_says() -> None:
    body = b"".join(b'vllm:prefix_cache_hits_total{model_name="m%d"} 1\n' % n for n in range(3))
    found = taken(Choice(preset="vllm", most=2), body).points
    told = {
        point.series.attributes for point in found if dict(point.series.attributes)["model.name"] == "other"
    }
    assert told == {(("model.name", "other"), ("result", result)) for result in ("hit", "miss")}


def test_who_has_a_place_keeps_it_and_leaves_it_when_gone() -> None:
    plan = Plan(Choice(most=2))
    plan.read(read(page_of(2, first=1), plan.wanted))

    def users(count: int, first: int) -> list[str]:
        found = plan.read(read(page_of(count, first), plan.wanted))
        return [dict(point.series.attributes)["user"] for point in found.points]

    assert users(3, 0) == ["other", "u1", "u2"]
    assert users(2, 2) == ["u2", "u3"]


def test_names_without_end_have_no_place_at_all() -> None:
    body = b"".join(b'a%d_total{x="y"} 1\n' % n for n in range(10))
    found = taken(Choice(most=3), body)
    assert len({point.series for point in found.points}) == 6
    assert (found.other, found.refused) == (7, 4)


def test_histograms_that_contradict_themselves_are_refused() -> None:
    found = taken(Choice(), b'# TYPE h histogram\nh_bucket{le="1"} 4\nh_bucket{le="+Inf"} 2\nh_sum 1\n')
    assert (found.points, found.refused) == ((), 1)


def test_labels_are_cleaned() -> None:
    plan = Plan(Choice(), lambda key, text: f"[{key}]" if "@" in text else text)
    found = plan.read(read(b'a{mail="x@y.org",m="b"} 1\n', plan.wanted))
    assert found.points[0].series == Series("a", "1", "gauge", (("m", "b"), ("mail", "[mail]")))
