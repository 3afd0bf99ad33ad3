"""The flight recorder of the daemon: what happens says when, the 1 s ring what, and a record keeps it.

    writer's thread    events of judges, requests --> decisions (`agent.stats.capture`)
                       once a capture is due: the end of the ring, from its file --> frames of one tick each,
                       thinned until they fit --> a record of `samples`, and an event that tells of it

Nothing is asked of the thread that polls: the ring is read as another process would read it. The decisions
are stored with each flush, and a capture that was pending goes on after a restart, for the ring outlives it.
All is called in the writer's thread.
"""

from __future__ import annotations

import queue
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from agent.config.recording import Recorder as Settings
from agent.control_socket import Asked, Fields
from agent.poller import Clocks
from agent.stats.capture import EVENT, KEY, Bounds, Capture, Captures, Trigger
from agent.stats.clocks import Clock
from agent.stats.frame import Content, Event, Frame
from agent.stats.freeze import LEAD, Frozen, fitted, frozen
from agent.stats.freeze import Bounds as Span
from agent.stats.ringfile import RingError
from agent.stats.ringtail import tail_of
from agent.store import codec
from collectors.api import Attributes, Series
from collectors.tally import Tally

STATE = "captures"
TRIGGERS: Mapping[str, str] = MappingProxyType({"alert.fired": "outrider.alert.rule"})
"""Events that begin a capture, and their attribute that says what caused them."""

SEVERITY, METRIC = "outrider.alert.severity", "outrider.alert.metric"
OWN = "outrider.alert."
SEVERITIES = ("info", "warning", "critical", "none")
T = TypeVar("T")
VALUES, SERIES = 50_000, 5_000
"""Values and series of one capture: up to 24 MB of memory while it is made."""

ABOUT, TEXT = 16, 256
ASKERS = 64
"""Who is told of a capture, at most: some hang up and ask again, for as long as it is under way."""

SLACK = 0.5
"""Seconds that the last tick of a capture may come late."""


class Due:
    """A capture is to be taken now."""


class Place(NamedTuple):
    """Where the ring is (None: there is none), how far it goes back in s, and of which boot it is."""

    ring: Path | None
    keep: float
    boot: str


def awaited(inbox: queue.SimpleQueue[T], patience: float | None) -> T | Due:
    """What comes in `patience` s, or that a capture is due: at 0 that goes before what came after its end."""
    try:
        return Due() if patience == 0 else inbox.get(timeout=patience)
    except queue.Empty:
        return Due()


class Recorder:
    """Told what happens; `content` is the capture that waits to be written, empty where there is none. None
    is begun or taken while memory is `tight`."""

    def __init__(self, settings: Settings, place: Place, clocks: Clocks, tally: Tally) -> None:
        self._settings, self._place, self._clocks, self._tally = settings, place, clocks, tally
        before = min(settings.before, max(0.0, place.keep - settings.after))
        self._bounds = Bounds(before, settings.after, settings.cooldown, settings.per_day)
        self._captures = Captures(self._bounds, place.boot, b"", clocks.wall())
        self._largest = settings.max_size
        self._kept = self._offered = self._captures.saved()
        self._askers: list[Asked] = []
        self._told: Fields = {}
        self.content = Content()
        self.tight = False

    def restore(self, states: Mapping[str, bytes], largest: int) -> tuple[Event, ...]:
        """Go on from what the store kept, which takes at most `largest` bytes a record; what to tell."""
        wall = self._clocks.wall()
        self._kept = states.get(STATE, self._kept)
        self._captures = Captures(self._bounds, self._place.boot, states.get(STATE, b""), wall)
        self._largest = min(self._settings.max_size, largest)
        missed = self._captures.missed
        if missed is None:
            return ()
        self._tally.add("outrider.recorder.refused", reason="reboot")
        text = "the device went down before the capture was over, and the ring with it"
        return (self._event("recorder.missed", missed, text, self._clocks.boot()),)

    def judged(self, events: Iterable[Event]) -> str:
        """What judges found; "begun" if that began a capture, "joined" if it joined one, else ""."""
        outcomes = [self._trigger(each) for each in events if self._counts(each)]
        return next((each for each in ("begun", "joined") if each in outcomes), "")

    def asked(self, asked: Asked) -> str:
        """Somebody asks for a capture; says of it what `judged` says."""
        before, after, note = asked.request
        about = ((f"{KEY}by", "command"), (f"{KEY}rule", ""))
        trigger = Trigger("command", self._clocks.boot(), note, about, asked=True)
        before = self._bounds.before if before is None else min(before, self._place.keep)
        outcome = self._take(trigger, before, self._bounds.after if after is None else after)
        pending = self._captures.pending
        if outcome not in ("begun", "joined") or pending is None:
            asked.answer({"state": "refused", "reason": outcome})
            return ""
        seconds = max(0.0, pending.end - self._clocks.boot())
        asked.answer({"state": outcome, "id": pending.id, "seconds": round(seconds, 1)})
        self._askers = [*self._askers, asked][-ASKERS:]
        return outcome

    def patience(self) -> float | None:
        """How long nothing is to be done, in s; None for as long as nothing happens."""
        due = self._captures.due()
        if due is None or self.content.frames:
            return None
        return max(0.0, due + 2 * SLACK - self._clocks.boot())

    def freeze(self) -> tuple[Event, ...]:
        """Take the capture that is due into `content`; the event that tells of it, or why it failed."""
        pending = self._captures.pending
        if pending is None:
            return ()
        if self.tight:
            return self._gave_up(pending, "memory", "memory is short (limits.memory)")
        try:
            found = self._frozen(pending)
        except (OSError, RingError) as error:
            return self._gave_up(pending, "ring", f"the ring cannot be read: {error}")
        if not found.ticks:
            why = "the ring holds nothing of that time, or it does not fit a record"
            return self._gave_up(pending, "ring", why)
        event = self._event(
            EVENT, pending, pending.trigger.text, pending.trigger.at, _figures(found, pending)
        )
        self._told = {"state": "captured", "id": pending.id, **dict(_figures(found, pending))}
        self.content = Content(found.frames, (event,))
        return (event,)

    def states(self) -> Mapping[str, bytes | None]:
        """What the store must learn: with a capture, that it is no longer pending."""
        self._offered = self._captures.saved(pending=not self.content.frames)
        return {} if self._offered == self._kept else {STATE: self._offered}

    def forgotten(self) -> None:
        """The store was begun anew, and knows nothing of what `states` gave."""
        self._kept = b""

    def written(self) -> None:
        """A flush is committed: what `states` gave is kept, and `content` is a record."""
        self._kept = self._offered
        if self.content.frames:
            self._tally.add("outrider.recorder.captures")
            self._end(self._told)

    def _end(self, told: Fields) -> None:
        for each in self._askers:
            each.answer(told)
        self._askers.clear()
        self.content = Content()
        self._captures.written()

    def _gave_up(self, pending: Capture, reason: str, why: str) -> tuple[Event, ...]:
        self._tally.add("outrider.recorder.refused", reason=reason)
        self._end({"state": "failed", "id": pending.id, "reason": why})
        return (self._event("recorder.failed", pending, why, pending.trigger.at),)

    def _frozen(self, pending: Capture) -> Frozen:
        """
        Raises:
            OSError, RingError: the ring cannot be read.
        """
        if self._place.ring is None:
            raise RingError("there is none")
        snapshot = tail_of(self._place.ring, pending.start - LEAD)
        if snapshot.boot != pending.boot:
            raise RingError("it is of another boot")
        clock = Clock(snapshot.boot, self._clocks.offset(), self._clocks.quality())
        span = Span(pending.start, pending.end + SLACK, pending.trigger.at, VALUES)
        found = frozen(snapshot, span, clock, self._wanted(snapshot.series))
        return fitted(found, pending.trigger.at, VALUES, self._largest, self._size)

    def _wanted(self, series: Sequence[Series]) -> frozenset[Series]:
        patterns = self._settings.metrics
        picked = (s for s in series if not patterns or any(fnmatchcase(s.name, each) for each in patterns))
        return frozenset(sorted(picked)[:SERIES])

    def _size(self, frames: Sequence[Frame]) -> int:
        """Bytes of these frames in a record; twice what may be where they are beyond any record."""
        try:
            return len(codec.pack(Content(tuple(frames))))
        except ValueError:
            return 2 * self._largest

    def _counts(self, event: Event) -> bool:
        """Whether it is of those that begin a capture, and bad enough."""
        severity = dict(event.attributes).get(SEVERITY, SEVERITIES[-1])
        return (
            self._settings.enabled
            and event.name in TRIGGERS
            and self._settings.severity != "none"
            and severity in SEVERITIES[SEVERITIES.index(self._settings.severity) :]
        )

    def _trigger(self, event: Event) -> str:
        """Begin or join a capture for an event."""
        told = dict(event.attributes)
        rule = told.get(TRIGGERS[event.name], "")
        series = [(key, text[:TEXT]) for key, text in event.attributes if not key.startswith(OWN)][:ABOUT]
        about = (
            (f"{KEY}by", event.name),
            (f"{KEY}rule", rule),
            (f"{KEY}metric", told.get(METRIC, "")),
            *series,
        )
        trigger = Trigger(f"{event.name} {rule}", event.at, event.text[:TEXT], about)
        return self._take(trigger, self._bounds.before, self._bounds.after)

    def _take(self, trigger: Trigger, before: float, after: float) -> str:
        if not self._settings.enabled:
            outcome = "disabled"
        elif self._place.ring is None:
            outcome = "no_ring"
        elif self.tight:
            outcome = "memory"
        else:
            outcome = self._captures.trigger(trigger, self._clocks.wall(), before, after)
        if outcome not in ("begun", "joined"):
            self._tally.add("outrider.recorder.refused", reason=outcome)
        return outcome

    def _event(self, name: str, of: Capture, text: str, at: float, figures: Attributes = ()) -> Event:
        attributes = ((f"{KEY}id", of.id), *((KEY + key, said) for key, said in figures), *of.trigger.about)
        return Event(self._place.boot, at, self._clocks.offset(), name, attributes, text)


def _figures(of: Frozen, pending: Capture) -> Attributes:
    """Of a capture: s before and after its trigger; ticks, series, ticks cut, triggers that joined."""
    spans = [frame.span for frame in of.frames]
    before = pending.trigger.at - min(span.end for span in spans)
    after = max(span.end for span in spans) - pending.trigger.at
    counts = (len(of.ticks), of.series, of.cut, pending.joined)
    names = ("ticks", "series", "cut", "joined")
    return (
        ("before", f"{before:.1f}"),
        ("after", f"{after:.1f}"),
        *zip(names, map(str, counts), strict=True),
    )
