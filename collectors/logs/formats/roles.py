"""What a field of a line can mean: the roles, and the metric that each becomes.

A format says which of its fields plays which role (`latency = "took_ms"`); what is made of a role is
said once, here. Names follow the OpenTelemetry semantic conventions; `model.*` has none there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from collectors.api import Kind, Metric

Use = Literal["duration", "value", "level", "sum", "flag"]
"""duration: s, a histogram; value: a histogram; level: a gauge; sum: a counter that grows by each
number; flag: two counters, of hits and of misses."""

SOURCE = "model logs"
Family = Literal["model", "http", "gen_ai"]


class Role(NamedTuple):
    """What a number in a line is, and the metric it becomes; `attribute` tells it from its siblings."""

    use: Use
    metric: str
    unit: str
    brief: str
    attribute: tuple[str, str] | None = None

    @property
    def kind(self) -> Kind:
        """How it is summed up."""
        kinds: dict[Use, Kind] = {"level": "gauge", "sum": "counter", "flag": "counter"}
        return kinds.get(self.use, "histogram")


_TOKEN = "gen_ai.token.type"  # noqa: S105 - a name of an attribute
LATENCY = MappingProxyType(
    {
        "model": "model.request.duration",
        "http": "http.server.request.duration",
        "gen_ai": "gen_ai.server.request.duration",
    }
)
"""The metric of a request's whole time, by the family of the server."""

NUMBERS = MappingProxyType(
    {
        "latency": Role("duration", LATENCY["model"], "s", "Time a request took."),
        "queue": Role("duration", "model.queue.duration", "s", "Time a request waited."),
        "preprocess": Role("duration", "model.preprocess.duration", "s", "Time before the model ran."),
        "inference": Role("duration", "model.inference.duration", "s", "Time the model itself ran."),
        "postprocess": Role("duration", "model.postprocess.duration", "s", "Time after the model ran."),
        "first_token": Role(
            "duration", "gen_ai.server.time_to_first_token", "s", "Time to a reply's first token."
        ),
        "token_time": Role(
            "duration", "gen_ai.server.time_per_output_token", "s", "Time a token after the first took."
        ),
        "input_tokens": Role("sum", "model.tokens", "{token}", "Tokens, read or written.", (_TOKEN, "input")),
        "output_tokens": Role(
            "sum", "model.tokens", "{token}", "Tokens, read or written.", (_TOKEN, "output")
        ),
        "input_rate": Role(
            "level", "model.tokens.rate", "{token}/s", "Tokens a second, as told.", (_TOKEN, "input")
        ),
        "output_rate": Role(
            "level", "model.tokens.rate", "{token}/s", "Tokens a second, as told.", (_TOKEN, "output")
        ),
        "batch_size": Role("value", "model.batch.size", "{request}", "Requests that ran together."),
        "queue_length": Role("level", "model.queue.length", "{request}", "Requests that wait."),
        "running": Role("level", "model.requests.active", "{request}", "Requests that run."),
        "cache_usage": Role("level", "model.cache.utilization", "1", "Share of the cache that is in use."),
        "cache_hit_ratio": Role("level", "model.cache.hit_ratio", "1", "Share of look-ups that hit."),
        "cache": Role("flag", "model.cache.lookups", "{lookup}", "Look-ups in a cache, hits and misses."),
        "preemptions": Role("sum", "model.preemptions", "{preemption}", "Requests put back to wait."),
        "frame_rate": Role("level", "model.frames.rate", "{frame}/s", "Frames a second, as told."),
        "objects": Role("value", "model.objects", "{object}", "Objects found in an image."),
        "confidence": Role("value", "model.confidence", "1", "The model's own confidence."),
    }
)
"""The roles that are numbers."""

TEXTS = ("model", "version", "status", "exception", "level")
"""The roles that are texts and tell records apart."""

OUTCOMES: Mapping[str, Use] = MappingProxyType(
    {"predicted_value": "value", "true_value": "value", "rank": "sum", "correct": "flag"}
)
"""The roles that are numbers and tell whether a prediction was right. `rank` is the place of the truth among
the classes that were predicted, from 1 on; `correct` is all that some logs tell."""

CLASSES = ("prediction", "label")
"""The roles that are classes: what was predicted, and what is true."""

OTHERS = ("time", "message", "request")
LONGEST_KEY = 128
FEATURE = re.compile(r"feature\.[A-Za-z0-9_.-]{1,64}")
CATEGORY = re.compile(r"category\.[A-Za-z0-9_.-]{1,64}")

ROLES = (*OTHERS, *TEXTS, *NUMBERS, *CLASSES, *OUTCOMES, "feature.NAME", "category.NAME")
"""All of them; the last two with a name of one's own."""

REQUESTS = Metric(
    "model.requests",
    "{request}",
    "counter",
    ("model.name", "model.version", "status"),
    SOURCE,
    "Requests, by status.",
)
ERRORS = Metric(
    "model.errors",
    "{error}",
    "counter",
    ("model.name", "model.version", "error.type"),
    SOURCE,
    "Failed requests and exceptions, by status or type.",
)
TEMPLATES = Metric(
    "model.errors.template",
    "{error}",
    "top",
    (),
    SOURCE,
    "Texts of errors, by the identifier of their template.",
)


def is_key(text: str) -> bool:
    """Whether a format can name a key so: lines may have others, which play no role."""
    return 0 < len(text) <= LONGEST_KEY and text.isprintable() and not {'"', "\\"} & set(text)


def is_role(name: str) -> bool:
    """Whether a field may play this role."""
    return (
        name in NUMBERS
        or name in TEXTS
        or name in OUTCOMES
        or name in OTHERS
        or FEATURE.fullmatch(name) is not None
        or is_class(name)
    )


def is_class(name: str) -> bool:
    """Whether it is a role of classes: of CLASSES, or a feature that is a category."""
    return name in CLASSES or CATEGORY.fullmatch(name) is not None


def role_of(name: str, family: str) -> Role:
    """The role of a number.

    Raises:
        KeyError: no number plays it.
    """
    if FEATURE.fullmatch(name):
        return Role("value", f"model.{name}", "1", "A feature of the model's input.")
    role = NUMBERS[name]
    return role._replace(metric=LATENCY[family]) if name == "latency" else role


def metrics() -> Iterator[Metric]:
    """Every metric that the lines of logs become; `log.name`, and attributes of the configuration, come with
    all of them, chosen fields with all but `TEMPLATES`."""
    told = ("model.name", "model.version")
    yield from (REQUESTS, ERRORS, TEMPLATES)
    for name, role in NUMBERS.items():
        more = ("result",) if role.use == "flag" else (role.attribute[0],) if role.attribute else ()
        for metric in LATENCY.values() if name == "latency" else (role.metric,):
            yield Metric(metric, role.unit, role.kind, (*told, *more), SOURCE, role.brief)
    feature = role_of("feature.NAME", "model")
    yield Metric(feature.metric, feature.unit, feature.kind, told, SOURCE, feature.brief)
