"""The pages of model servers that the configuration fetches: whether they come, and what is in them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import NamedTuple

from agent.config import fetched
from agent.config.endpoints import NONE, Endpoint
from agent.doctor.finding import Finding
from agent.scrape import endpoint as scraped
from collectors.api import Metric, Series
from collectors.endpoints.plan import Plan
from collectors.endpoints.presets import UP, metrics
from collectors.endpoints.reply import Failed

SHOWN = 4
ADVICE = {
    "connection": "is the server running, and is this its port?",
    "timeout": "is the server busy or stopped? a longer `timeout` of this [[endpoint]] may help",
    "name": "look at the url of this [[endpoint]] and at /etc/resolv.conf",
    "remote": "only what is on this host is fetched unless it says remote = true",
    "tls": "set ca_file of this [[endpoint]] to the authority that signed the server's certificate",
    "token": "see token_file of this [[endpoint]]",
    "status": "is this the path of its page? some servers need to be told to have one, or want a token",
    "redirect": "set url of this [[endpoint]] to where it leads",
    "protocol": "is this an HTTP server, and this its port?",
    "size": "a larger `max_size` of this [[endpoint]], or fewer metrics on the server's side",
    "cut": "look at the server's own log",
}


class Looked(NamedTuple):
    """An endpoint that was asked once: what its page had, or why there was none."""

    settings: Endpoint
    taken: scraped.Taken | None = None
    fault: Failed | None = None


def look(endpoint: Endpoint, environment: Mapping[str, str]) -> Looked:
    """Fetch its page."""
    try:
        with closing(fetched.client(endpoint, time.monotonic)) as client:
            body = client.fetch(fetched.token(endpoint, environment))
    except Failed as failed:
        return Looked(endpoint, fault=failed)
    plan = Plan(fetched.choice(endpoint))
    return Looked(endpoint, scraped.Endpoint(plan).take(body, time.monotonic(), time.time()))


def examine(looked: Iterable[Looked]) -> Iterator[Finding]:
    """What was found, in words."""
    for each in looked:
        if each.fault is not None:
            text = f"endpoint {each.settings.name}: {each.fault}"
            yield Finding("endpoints", "problem", text, ADVICE.get(each.fault.reason, ""))
        elif each.taken is not None:
            yield from _told(each.settings, each.taken)


def series(looked: Iterable[Looked]) -> Iterator[Series]:
    """All that came, for rules to be held to."""
    return (series for each in looked if each.taken is not None for series in each.taken.series)


def known(looked: Iterable[Looked]) -> Iterator[Metric]:
    """The metrics that may come at any time."""
    for each in looked:
        yield UP
        if each.settings.preset != NONE:
            yield from metrics(each.settings.preset)


def _told(settings: Endpoint, taken: scraped.Taken) -> Iterator[Finding]:
    of = f"endpoint {settings.name}"
    if not taken.series:
        advice = "does the preset fit the server? `curl` shows its page"
        yield Finding("endpoints", "warning", f"{of}: nothing of its page is taken", advice)
        return
    text, advice = f"{of}: {len(taken.series)} series", ""
    if taken.missing:
        named = ", ".join(taken.missing[:SHOWN])
        more = f" and {len(taken.missing) - SHOWN} more" if len(taken.missing) > SHOWN else ""
        text += f"; the preset's {named}{more} are not there"
        advice = "other versions tell other metrics, and some only after the first request"
    yield Finding("endpoints", "note" if taken.missing else "ok", text, advice)
    if taken.other:
        text = f"{of}: {taken.other} series are counted under `other`"
        yield Finding("endpoints", "note", text, "name fewer labels, or more max_series")
    if taken.malformed or taken.refused:
        text = f"{of}: {taken.malformed} lines are no samples, {taken.refused} samples are refused"
        yield Finding(
            "endpoints", "warning", text, "`curl` shows its page; is it in Prometheus' text format?"
        )
