"""Alert rules that no series of this device can ever meet: a wrong name, attribute, kind or unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from agent.config.settings import Alert
from agent.doctor.finding import Finding
from agent.judge.rules.grammar import parse
from agent.judge.rules.rule import Rule, Selector
from collectors.api import Metric, Series


class Known(NamedTuple):
    """The series that were just read, and metrics of which series come when something is logged."""

    series: tuple[Series, ...]
    metrics: tuple[Metric, ...]

    def named(self, selector: Selector) -> list[Series | Metric]:
        """Those that a selector means; of a metric without series it is not known which attributes it has."""
        read = [each for each in self.series if selector.matches(each)]
        return [*read, *(each for each in self.metrics if _may_mean(selector, each.name))]

    def names(self) -> list[str]:
        """Of all metrics."""
        return sorted({each.name for each in self.series} | {each.name for each in self.metrics})


def examine(
    alerts: Iterable[Alert], series: Iterable[Series], metrics: Iterable[Metric] = ()
) -> Iterator[Finding]:
    """Hold each rule to the series that were just read, and to the metrics that may come at any time."""
    known = Known(tuple(series), tuple(metrics))
    matched = 0
    for alert in alerts:
        rule = parse(alert.when, alert.clear)
        wrong = next((found for each in rule.selectors for found in _wrong(alert, rule, each, known)), None)
        if wrong is None:
            matched += 1
        else:
            yield wrong
    if matched:
        yield Finding("alerts", "ok", f"{matched} alert rules watch series of this device")


def _may_mean(selector: Selector, metric: str) -> bool:
    """Whether a metric is meant; one whose name ends in NAME stands for all that begin so."""
    kind, own, _ = metric.partition("NAME")
    return selector.names(metric) or (bool(own) and selector.metric.startswith(kind))


def _wrong(alert: Alert, rule: Rule, selector: Selector, known: Known) -> Iterator[Finding]:
    """What is wrong with one of the metrics that a rule looks at."""
    named = known.named(selector)
    if not named:
        near = get_close_matches(selector.metric, known.names(), 1)
        hint = f"the nearest that is read is {near[0]}" if near else "`outrider test` lists what is read"
        text = f"the alert {alert.name} is about {selector}, which nothing on this device reads now"
        yield Finding("alerts", "warning", text, hint)
    elif rule.op and not any(rule.compares(each.kind, each.unit) for each in named):
        text, hint = _mismatch(alert.when, rule, str(selector), named)
        yield Finding("alerts", "warning", f"the alert {alert.name} {text}", hint)


def _mismatch(when: str, rule: Rule, what: str, named: Sequence[Series | Metric]) -> tuple[str, str]:
    """Why a rule cannot be held to any of these: what it does with them, and what to do about it."""
    kinds = {each.kind for each in named}
    kind, units = " or ".join(sorted(kinds)), ", ".join(sorted({each.unit for each in named}))
    if rule.whole is not None:
        return f"takes a share of {what}, a {kind}", "a share is one of counters"
    if rule.function and "histogram" not in kinds:
        return f"takes {rule.function} of {what}, a {kind}", "compare it without a function"
    if not rule.function and not kinds & {"gauge", "counter"}:
        return (
            f"compares {what}, a {kind}",
            "compare a function of it, such as p99(...) or max(...)",
        )
    return f"compares {what} with another unit than its {units}", f"give the level of `{when}` in {units}"
