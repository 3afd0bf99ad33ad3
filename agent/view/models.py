"""Models at a glance: what logs and endpoints told in the latest window, by model and version; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from agent.logs.measures import CONFUSION, DRIFT, NAME, Info, info_of
from agent.ship.plain import mean_rate
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary, merge
from agent.view.joined import named
from agent.view.rows import Window, is_late, natural
from collectors.api import Series
from collectors.logs.formats.roles import ERRORS, LATENCY, NUMBERS, REQUESTS

WHOSE = ("log.name", "endpoint.name", "model.name", "model.version")
"""The attributes that tell models apart here; what else tells series apart is summed up."""
TOKENS, TOKEN_RATE = NUMBERS["output_tokens"], NUMBERS["output_rate"]
QUEUE, HIT_RATIO, LOOKUPS = (NUMBERS[role].metric for role in ("queue_length", "cache_hit_ratio", "cache"))
LATENCIES = tuple(LATENCY.values())
GLANCED = (
    REQUESTS.name,
    *LATENCIES,
    TOKENS.metric,
    TOKEN_RATE.metric,
    ERRORS.name,
    QUEUE,
    HIT_RATIO,
    LOOKUPS,
    CONFUSION.name,
    DRIFT.name,
)
"""What is looked at; the first of them that a model has is what it opens."""
SLIVER = 0.5
"""Seconds of a window before the latest that do not make it part of it."""


class Model(NamedTuple):
    """A model at a glance; None is what its log does not tell.

    Args:
        whose: log or endpoint, model and version, as far as they are known.
        series: the one to look at first.
        age: of its latest window, s; `late` as of a row.
        requests: 1/s.
        errors: share of the requests.
        p50, p99: of the latency, s.
        tokens: written, 1/s.
        queue: requests that wait.
        hits: share of look-ups in a cache that hit.
        accuracy: of all windows that are held, for labels come late.
        drift: the worst of the last scores of its features, in thresholds: above 1 something has drifted.
    """

    name: str
    whose: tuple[str, ...]
    series: Series
    age: float
    late: bool
    requests: float | None = None
    errors: float | None = None
    p50: float | None = None
    p99: float | None = None
    tokens: float | None = None
    queue: float | None = None
    hits: float | None = None
    accuracy: float | None = None
    drift: float | None = None


def models(held: Mapping[Series, Sequence[Window]], now: float) -> tuple[Model, ...]:
    """The models that these windows (of each series the oldest first) tell of, in natural order."""
    known = info_of(held)
    groups: dict[tuple[str, ...], dict[Series, Sequence[Window]]] = {}
    for series, windows in held.items():
        if series.name in GLANCED and windows:
            groups.setdefault(_whose(series, known), {})[series] = windows
    found = [_model(whose, group, now, known) for whose, group in groups.items()]
    return tuple(sorted(found, key=lambda model: (natural(model.series._replace(name="")), model.whose)))


def _whose(series: Series, known: Mapping[str, Info]) -> tuple[str, ...]:
    """What tells a model apart; the log of a model need not name it in each line."""
    about = dict(series.attributes)
    if not about.get(NAME) and any(about.get(WHOSE[0]) in info.logs for info in known.values()):
        about[NAME] = named(series, known)
    return tuple(about.get(key, "") for key in WHOSE)


def _model(
    whose: tuple[str, ...], group: Mapping[Series, Sequence[Window]], now: float, known: Mapping[str, Info]
) -> Model:
    lead = min(group, key=lambda series: (GLANCED.index(series.name), natural(series)))
    last = max((windows[-1] for windows in group.values()), key=lambda window: window.end)
    latest = _Latest(group, last)
    requests, errors = latest.rate(REQUESTS.name), latest.rate(ERRORS.name)
    latency = latest.histogram(LATENCIES)
    written = latest.rate(TOKENS.metric, TOKENS.attribute)
    return Model(
        named(lead, known),
        tuple(filter(None, whose)),
        lead,
        now - last.end,
        is_late(group[lead], now),
        requests,
        # A log that tells of requests and of no error has none; one without requests has no share.
        (errors or 0.0) / requests if requests else None,
        latency.quantile(0.5) if latency else None,
        latency.quantile(0.99) if latency else None,
        latest.level(TOKEN_RATE.metric, TOKEN_RATE.attribute) if written is None else written,
        latest.level(QUEUE),
        latest.hits(),
        _accuracy(group),
        _drift(group),
    )


def _accuracy(group: Mapping[Series, Sequence[Window]]) -> float | None:
    """The share of pairs that were right: of each true class, those that were taken for it."""
    right, pairs = 0, 0
    for series, windows in group.items():
        if series.name == CONFUSION.name:
            label = dict(series.attributes).get("label", "")
            tops = [window.summary for window in windows if isinstance(window.summary, Top)]
            right += sum(top.counts.get(label, 0) for top in tops)
            pairs += sum(top.seen for top in tops)
    return right / pairs if pairs else None


def _drift(group: Mapping[Series, Sequence[Window]]) -> float | None:
    """Those that were judged last, for verdicts are far between."""
    judged = [windows[-1] for series, windows in group.items() if series.name == DRIFT.name]
    last = max((window.end for window in judged), default=0.0)
    scores = [each.summary.last for each in judged if each.end == last and isinstance(each.summary, Gauge)]
    return max(scores, default=None)


class _Latest:
    """The windows of a group that lie in its latest one."""

    def __init__(self, group: Mapping[Series, Sequence[Window]], last: Window) -> None:
        self._windows = {
            series: [window for window in windows if window.end > last.start + SLIVER]
            for series, windows in group.items()
        }
        self._covered = max(window.covered for windows in self._windows.values() for window in windows)

    def _summaries(self, names: Iterable[str], attribute: tuple[str, str] | None = None) -> list[Summary]:
        """What the series of these metrics say, those with this attribute alone."""
        return [
            reduce(merge, (window.summary for window in windows))
            for series, windows in self._windows.items()
            if series.name in names and windows and (attribute is None or attribute in series.attributes)
        ]

    def rate(self, name: str, attribute: tuple[str, str] | None = None) -> float | None:
        """Of all counters of this metric together, in 1/s."""
        counters = [each for each in self._summaries((name,), attribute) if isinstance(each, Counter)]
        rates = [rate for each in counters if (rate := mean_rate(each, self._covered)) is not None]
        return sum(rates) if rates else None

    def level(self, name: str, attribute: tuple[str, str] | None = None) -> float | None:
        """Of all gauges of this metric together."""
        gauges = [
            each for each in self._summaries((name,), attribute) if isinstance(each, Gauge) and each.count
        ]
        return sum(each.last for each in gauges) if gauges else None

    def histogram(self, names: Iterable[str]) -> Histogram | None:
        """All histograms of these metrics as one."""
        found = [each for each in self._summaries(names) if isinstance(each, Histogram) and each.count]
        return reduce(Histogram.merged, found) if found else None

    def hits(self) -> float | None:
        """The share of look-ups that hit: as told, or of those that were told one by one."""
        told = [each for each in self._summaries((HIT_RATIO,)) if isinstance(each, Gauge) and each.count]
        if told:
            return sum(each.last for each in told) / len(told)
        hit, missed = (self.rate(LOOKUPS, ("result", result)) or 0.0 for result in ("hit", "miss"))
        return hit / (hit + missed) if hit + missed else None
