"""The presets: what the metrics of known servers are called with us. A preset is an entry here and its page
in `tests/cases/endpoints/`.

Names and units are those that logs of the same server become (`collectors/logs/formats/roles.py`), so that a
model is looked at in one way whichever of the two is read. Times are seconds. Where a server tells a duration
as a growing total only, there is no distribution: it becomes a counter `NAME.sum`, which divided by requests
is the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from collectors.api import Attributes, Kind, Metric

NAMES = ("vllm", "triton", "tgi", "torchserve", "rayserve", "llamacpp", "tfserving")

SOURCE = "pages of model servers"
UP = Metric(
    "outrider.endpoints.up",
    "1",
    "gauge",
    ("endpoint.name",),
    SOURCE,
    "1 while an endpoint's pages come, else 0.",
)

MS, US = 0.001, 0.000001


class Entry(NamedTuple):
    """A metric of a server, and what it becomes.

    Args:
        names: what the server calls it, with or without `_total`; of several only the first that is there
            counts, as versions that rename a metric show both for a while.
        metric, unit, kind: what it is with us.
        scale: factor to the unit; below zero where it is taken off another entry's counter.
        attributes: these are added.
        labels: labels that become attributes of another name, beside those of the preset.
        when: only samples with these labels.
    """

    names: tuple[str, ...]
    metric: str
    unit: str
    kind: Kind
    scale: float = 1.0
    attributes: Attributes = ()
    labels: Attributes = ()
    when: Attributes = ()


class Preset(NamedTuple):
    """A server. `url` is where it usually is, `labels` are those that tell its series apart, and the
    attributes that they become; what an entry does not name is left out unless it is asked for."""

    brief: str
    url: str
    labels: Attributes
    entries: tuple[Entry, ...]


def _histogram(metric: str, *names: str, scale: float = 1.0, unit: str = "s", **more: Attributes) -> Entry:
    return Entry(names, metric, unit, "histogram", scale, **more)


def _gauge(metric: str, unit: str, *names: str) -> Entry:
    return Entry(names, metric, unit, "gauge")


def _seconds(metric: str, name: str, scale: float = 1.0, attributes: Attributes = ()) -> Entry:
    """A growing total of seconds, of which only the mean can be told."""
    return Entry((name,), f"{metric}.sum", "s", "counter", scale, attributes)


def _tokens(way: str, *names: str) -> Entry:
    return Entry(names, "model.tokens", "{token}", "counter", attributes=(("gen_ai.token.type", way),))


def _requests(name: str, attributes: Attributes = (), labels: Attributes = ()) -> Entry:
    return Entry((name,), "model.requests", "{request}", "counter", attributes=attributes, labels=labels)


def _errors(name: str, attributes: Attributes = (), labels: Attributes = (), when: Attributes = ()) -> Entry:
    return Entry((name,), "model.errors", "{error}", "counter", 1.0, attributes, labels, when)


def _lookups(result: str, name: str, scale: float = 1.0) -> Entry:
    return Entry((name,), "model.cache.lookups", "{lookup}", "counter", scale, (("result", result),))


_STATUS, _TYPE = "status", "error.type"
_MODEL, _VERSION = "model.name", "model.version"
_QUEUED = ("model.queue.length", "{request}")
_RUNNING = ("model.requests.active", "{request}")
_CACHE = ("model.cache.utilization", "1")
_FIRST, _EACH = "gen_ai.server.time_to_first_token", "gen_ai.server.time_per_output_token"
_GENERATION = "gen_ai.server.request.duration"

_VLLM = Preset(
    "vLLM",
    "http://127.0.0.1:8000/metrics",
    (("model_name", _MODEL), ("engine", "engine")),
    (
        _histogram(_GENERATION, "vllm:e2e_request_latency_seconds"),
        _histogram(_FIRST, "vllm:time_to_first_token_seconds"),
        _histogram(
            _EACH,
            "vllm:request_time_per_output_token_seconds",
            "vllm:inter_token_latency_seconds",
            "vllm:time_per_output_token_seconds",
        ),
        _histogram("model.queue.duration", "vllm:request_queue_time_seconds"),
        _histogram("model.inference.duration", "vllm:request_inference_time_seconds"),
        _requests("vllm:request_success", labels=(("finished_reason", _STATUS),)),
        _errors(
            "vllm:request_success",
            labels=(("finished_reason", _TYPE),),
            when=(("finished_reason", "error"),),
        ),
        _tokens("input", "vllm:prompt_tokens"),
        _tokens("output", "vllm:generation_tokens"),
        _gauge(*_RUNNING, "vllm:num_requests_running"),
        _gauge(*_QUEUED, "vllm:num_requests_waiting"),
        _gauge(*_CACHE, "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
        _lookups("hit", "vllm:prefix_cache_hits"),
        _lookups("miss", "vllm:prefix_cache_queries"),
        _lookups("miss", "vllm:prefix_cache_hits", -1.0),
        Entry(("vllm:num_preemptions",), "model.preemptions", "{preemption}", "counter"),
    ),
)

_TRITON = Preset(
    "NVIDIA Triton Inference Server",
    "http://127.0.0.1:8002/metrics",
    (("model", _MODEL), ("version", _VERSION)),
    (
        _requests("nv_inference_request_success", ((_STATUS, "success"),)),
        _requests("nv_inference_request_failure", ((_STATUS, "failure"),)),
        _errors("nv_inference_request_failure", labels=(("reason", _TYPE),)),
        Entry(("nv_inference_count",), "model.inferences", "{inference}", "counter"),
        Entry(("nv_inference_exec_count",), "model.executions", "{execution}", "counter"),
        _gauge(*_QUEUED, "nv_inference_pending_request_count"),
        _seconds("model.request.duration", "nv_inference_request_duration_us", US),
        _seconds("model.queue.duration", "nv_inference_queue_duration_us", US),
        _seconds("model.preprocess.duration", "nv_inference_compute_input_duration_us", US),
        _seconds("model.inference.duration", "nv_inference_compute_infer_duration_us", US),
        _seconds("model.postprocess.duration", "nv_inference_compute_output_duration_us", US),
        _histogram(_FIRST, "nv_inference_first_response_histogram_ms", scale=MS),
        _lookups("hit", "nv_cache_num_hits_per_model"),
        _lookups("miss", "nv_cache_num_misses_per_model"),
    ),
)

_TGI = Preset(
    "Text Generation Inference",
    "http://127.0.0.1:3000/metrics",
    (),
    (
        _histogram(_GENERATION, "tgi_request_duration"),
        _histogram("model.queue.duration", "tgi_request_queue_duration"),
        _histogram("model.preprocess.duration", "tgi_request_validation_duration"),
        _histogram("model.inference.duration", "tgi_request_inference_duration"),
        _histogram(_EACH, "tgi_request_mean_time_per_token_duration"),
        _histogram("model.batch.size", "tgi_batch_next_size", unit="{request}"),
        _requests("tgi_request_success", ((_STATUS, "success"),)),
        _requests("tgi_request_failure", ((_STATUS, "failure"),)),
        _errors("tgi_request_failure", labels=(("err", _TYPE),)),
        _tokens("input", "tgi_request_input_length_sum"),
        _tokens("output", "tgi_request_generated_tokens_sum"),
        _gauge(*_QUEUED, "tgi_queue_size"),
        _gauge(*_RUNNING, "tgi_batch_current_size"),
    ),
)

_TORCHSERVE = Preset(
    "TorchServe",
    "http://127.0.0.1:8082/metrics",
    (("model_name", _MODEL), ("model_version", _VERSION), ("ModelName", _MODEL)),
    (
        _requests("Requests2XX", ((_STATUS, "2xx"),)),
        _requests("Requests4XX", ((_STATUS, "4xx"),)),
        _requests("Requests5XX", ((_STATUS, "5xx"),)),
        _errors("Requests5XX", ((_TYPE, "5xx"),)),
        Entry(("ts_inference_requests_total",), "model.inferences", "{inference}", "counter"),
        _seconds("model.inference.duration", "ts_inference_latency_microseconds", US),
        _seconds("model.queue.duration", "ts_queue_latency_microseconds", US),
    ),
)

_RAYSERVE = Preset(
    "Ray Serve",
    "http://127.0.0.1:8080/metrics",
    (("application", "application"), ("deployment", _MODEL)),
    (
        _histogram("http.server.request.duration", "ray_serve_http_request_latency_ms", scale=MS,
                   labels=(("route", "http.route"),)),
        _histogram("model.inference.duration", "ray_serve_deployment_processing_latency_ms", scale=MS),
        _requests("ray_serve_num_http_requests", labels=(("route", "http.route"), ("status_code", _STATUS))),
        _errors("ray_serve_deployment_error_counter", ((_TYPE, "exception"),)),
        Entry(("ray_serve_deployment_request_counter",), "model.inferences", "{inference}", "counter"),
        _gauge(*_QUEUED, "ray_serve_deployment_queued_queries"),
        _gauge(
            *_RUNNING, "ray_serve_replica_processing_queries", "ray_serve_num_ongoing_requests_at_replicas"
        ),
    ),
)  # fmt: skip

_LLAMACPP = Preset(
    "llama.cpp's server with --metrics",
    "http://127.0.0.1:8080/metrics",
    (),
    (
        _tokens("input", "llamacpp:prompt_tokens_total"),
        _tokens("output", "llamacpp:tokens_predicted_total"),
        _seconds("model.tokens.duration", "llamacpp:prompt_seconds_total",
                 attributes=(("gen_ai.token.type", "input"),)),
        _seconds("model.tokens.duration", "llamacpp:tokens_predicted_seconds_total",
                 attributes=(("gen_ai.token.type", "output"),)),
        Entry(("llamacpp:n_decode_total",), "model.executions", "{execution}", "counter"),
        _gauge(*_RUNNING, "llamacpp:requests_processing"),
        _gauge(*_QUEUED, "llamacpp:requests_deferred"),
        _gauge(*_CACHE, "llamacpp:kv_cache_usage_ratio"),
    ),
)  # fmt: skip

_TFSERVING = Preset(
    "TensorFlow Serving, with a monitoring configuration that enables Prometheus",
    "http://127.0.0.1:8501/monitoring/prometheus/metrics",
    (("model_name", _MODEL), ("API", "api"), ("entrypoint", "entrypoint")),
    (
        _requests(":tensorflow:serving:request_count", labels=(("status", _STATUS),)),
        _histogram("model.request.duration", ":tensorflow:serving:request_latency", scale=US),
        _histogram("model.inference.duration", ":tensorflow:serving:runtime_latency", scale=US),
        _histogram("model.queue.duration", ":tensorflow:serving:batching_session:queuing_latency", scale=US),
    ),
)

PRESETS = MappingProxyType(
    dict(
        zip(
            NAMES,
            (_VLLM, _TRITON, _TGI, _TORCHSERVE, _RAYSERVE, _LLAMACPP, _TFSERVING),
            strict=True,
        )
    )
)


def metrics(preset: str) -> Iterator[Metric]:
    """Every metric that the pages of a preset's server become; `endpoint.name`, and attributes of the
    configuration, come with all of them."""
    known = PRESETS[preset]
    for entry in known.entries:
        keys = [key for _, key in (*known.labels, *entry.labels)] + [key for key, _ in entry.attributes]
        attributes = tuple(dict.fromkeys(keys))
        yield Metric(
            entry.metric, entry.unit, entry.kind, attributes, SOURCE, f"{entry.names[0]} of {known.brief}."
        )
