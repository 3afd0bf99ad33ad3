"""The thread that fetches the pages of model servers: they become windows, which the writer gathers.

    endpoints thread  one page at a time, each within its time-out; the quick endpoints first
    writer            `gather`: what the pages since then say
    poll thread       `elsewhere`: what alert rules are judged by, a reading a page

A server that hangs, lies or is not there costs its own series, and is told of once.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from agent.alarms import Elsewhere
from agent.config import fetched
from agent.config.endpoints import Endpoint as Settings
from agent.config.plans import selection
from agent.config.settings import Config
from agent.flush.feed import Fed
from agent.logs.admission import Admission
from agent.logs.live import Live
from agent.poller import Clocks
from agent.scrape.endpoint import Endpoint, Taken
from agent.scrape.schedule import Schedule
from agent.stats.topk import key_of
from agent.stats.window import Summary, merge_into
from collectors.api import Reading, Series
from collectors.endpoints.client import Client
from collectors.endpoints.plan import Clean, Plan
from collectors.endpoints.presets import UP
from collectors.endpoints.reply import Failed
from collectors.logs.redact import Redactor, ended
from collectors.tally import Tally

READINGS = 64
"""Readings that wait for the poll thread at most."""
TEXTS, LONGEST = 4096, 512
"""Texts of labels whose cleaned form is remembered, and how much of each is looked at."""
STUCK = 120.0
"""Seconds after which an endpoint that does not return, against its time-out, is told of."""


class Outlets(NamedTuple):
    """Whom to tell; each returns at once. `say(level, text)` logs a line."""

    say: Callable[[str, str], None]
    tally: Tally


class _One(NamedTuple):
    """An endpoint, who fetches its page, and what is made of it."""

    settings: Settings
    client: Client
    endpoint: Endpoint
    live: Live


class _Fault(NamedTuple):
    """Why there is no page, as it was told first."""

    reason: str
    text: str


class Scraping:
    """Fetches the endpoints of a configuration, from `start` to `stop`."""

    def __init__(
        self, config: Config, clocks: Clocks, outlets: Outlets, others: Callable[[], int] = lambda: 0
    ) -> None:
        """`others` is how many series there are beside these: `collect.max_series` bounds all of them."""
        self._clocks, self._outlets = clocks, outlets
        self.admission = Admission(selection(config), lambda: config.collect.max_series - others())
        clean = cleaned(config)
        self._all = {each.name: self._made(each, clean) for each in config.endpoint}
        self._judged = bool(config.alert)
        self._lock = threading.Lock()
        self._windows: dict[Series, Summary] = {}
        self._readings: queue.SimpleQueue[tuple[float, str, Reading]] = queue.SimpleQueue()
        self._over = threading.Event()
        self._failing: dict[str, _Fault] = {}
        self._busy_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="endpoints", daemon=True)
        outlets.tally.describe(UP.name, UP.unit)

    @property
    def elsewhere(self) -> Elsewhere:
        """What alert rules are judged by."""
        return Elsewhere({source(name): one.settings.interval for name, one in self._all.items()}, self._came)

    @property
    def refused(self) -> Mapping[str, str]:
        """The endpoints whose last page could not be had, and why."""
        return {name: fault.text for name, fault in self._failing.items()}

    def start(self, positions: Mapping[str, bytes], *, lost: bool = False) -> None:
        """Fetch from now on; a page has no position."""
        self._thread.start()

    def gather(self, patience: float) -> Fed:
        """As of `agent.flush.feed.Feed`; it never waits."""
        with self._lock:
            windows, self._windows = self._windows, {}
            self.admission.hand_over()
        return Fed(now=windows)

    def look(self, now: float) -> tuple[str, ...]:
        """What is the matter, in words; `now` on the boot clock, s."""
        since = self._busy_since
        stuck = ("endpoints: a page does not end",) if since is not None and now > since + STUCK else ()
        return (*stuck, *(f"endpoint {name}: {why}" for name, why in self.refused.items()))

    def stop(self, patience: float) -> bool:
        """End the thread; False if it takes longer than `patience` s."""
        self._over.set()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _made(self, settings: Settings, clean: Clean) -> _One:
        endpoint = Endpoint(Plan(fetched.choice(settings), clean))
        return _One(settings, fetched.client(settings, self._clocks.boot), endpoint, Live())

    def _run(self) -> None:
        schedule = Schedule(
            {name: one.settings.interval for name, one in self._all.items()}, self._clocks.boot()
        )
        while True:
            name, left = schedule.next(self._clocks.boot())
            if self._over.wait(left):
                break
            if left:
                continue
            began = self._busy_since = self._clocks.boot()
            self._ask(self._all[name])
            self._busy_since = None
            schedule.asked(name, began, self._clocks.boot() - began)
        for one in self._all.values():
            one.client.close()

    def _ask(self, one: _One) -> None:
        """Fetch a page and take it, or tell why there is none."""
        name, tally = one.settings.name, self._outlets.tally
        try:
            body = one.client.fetch(fetched.token(one.settings, os.environ))
            now = self._clocks.boot()
            taken = one.endpoint.take(body, now, now + self._clocks.offset())
        except Failed as failed:
            self._tell(name, failed.reason, str(failed))
        except Exception as error:  # noqa: BLE001 - whatever a server did to us, it is told and asked again
            self._tell(name, "error", f"{type(error).__name__}: {error}"[:256])
        else:
            self._take(one, taken, now)
            tally.add("outrider.endpoints.pages", 1, **{"endpoint.name": name})
            self._tell(name, "", "")

    def _take(self, one: _One, taken: Taken, now: float) -> None:
        """Add what a page says to the window, and make a reading of it."""
        tally, which = self._outlets.tally, {"endpoint.name": one.settings.name}
        with self._lock:
            kept = self.admission.take(taken.windows)
            merge_into(self._windows, kept)
        if self._judged and self._readings.qsize() < READINGS:
            self._readings.put((now, source(one.settings.name), one.live.reading(kept)))
        if taken.malformed:
            tally.add("outrider.endpoints.malformed", taken.malformed, **which)
        if taken.refused:
            tally.add("outrider.endpoints.refused", taken.refused, **which)
        if taken.other:
            tally.set("outrider.endpoints.other", taken.other, **which)

    def _tell(self, name: str, reason: str, text: str) -> None:
        """Whether an endpoint's page came; said where that is other than the last time."""
        tally, before = self._outlets.tally, self._failing.get(name)
        tally.set(UP.name, 0 if reason else 1, **{"endpoint.name": name})
        if reason:
            tally.add("outrider.endpoints.failed", 1, **{"endpoint.name": name, "reason": reason})
            if before is None or before.reason != reason:
                self._failing = {**self._failing, name: _Fault(reason, text)}
                self._outlets.say("warning", f"endpoint {name}: {text}")
        elif before is not None:
            self._failing = {each: why for each, why in self._failing.items() if each != name}
            self._outlets.say("info", f"endpoint {name}: its page comes again")

    def _came(self) -> Iterator[tuple[float, str, Reading]]:
        """What came since it was asked last; called in the poll thread."""
        while True:
            try:
                yield self._readings.get_nowait()
            except queue.Empty:
                return


def source(name: str) -> str:
    """What alert rules call an endpoint's readings."""
    return f"endpoint {name}"


def cleaned(config: Config) -> Clean:
    """Takes out of a label's text what may not be kept, and cuts it: the same texts come again and again."""
    redactor = Redactor(config.redact.patterns, config.redact.allow)

    @lru_cache(TEXTS)
    def clean(label: str, text: str) -> str:
        return key_of(ended(redactor.field(label, text), cut=len(text) >= LONGEST))

    return lambda label, text: clean(label, text[:LONGEST])
