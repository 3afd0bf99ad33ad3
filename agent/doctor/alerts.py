"""Alert rules that no series of this device can ever meet: a wrong name, attribute or unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from agent.config.settings import Alert
from agent.doctor.finding import Finding
from agent.judge.rule import parse
from collectors.api import Series


def examine(alerts: Iterable[Alert], series: Iterable[Series]) -> Iterator[Finding]:
    """Hold each rule to the series that were just read."""
    present = list(series)
    names = sorted({each.name for each in present})
    matched = 0
    for alert in alerts:
        rule = parse(alert.when, alert.clear)
        named = [each for each in present if rule.selector.matches(each)]
        if any(rule.fits(each) for each in named):
            matched += 1
        elif named:
            units = ", ".join(sorted({each.unit for each in named}))
            text = f"the alert {alert.name} compares {rule.selector} with another unit than its {units}"
            yield Finding("alerts", "warning", text, f"give the level of `{alert.when}` in {units}")
        else:
            near = get_close_matches(rule.selector.metric, names, 1)
            hint = f"the nearest that is read is {near[0]}" if near else "`outrider test` lists what is read"
            text = f"the alert {alert.name} is about {rule.selector}, which nothing on this device reads now"
            yield Finding("alerts", "warning", text, hint)
    if matched:
        yield Finding("alerts", "ok", f"{matched} alert rules watch series of this device")
