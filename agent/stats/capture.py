"""When the flight recorder begins a capture, and when that ends: decisions alone, clocks passed in; pure.

    nothing pending --trigger--> pending until `after` s later --due--> taken, and `written` once it is stored
                                    ^--another trigger joins it: its end may come later, its start earlier

What begins no capture has a reason:

    cooldown    this cause has begun or joined one less than `cooldown` s ago
    per_day     as many as a day may have were begun in the last 24 hours
    busy        one is over, and waits to be written

All of it survives a restart as a few bytes of JSON. What cannot be read is forgotten. Wall times count at
most as now, so that a clock which was wrong once blocks nothing for years.
"""

from __future__ import annotations

import json
import math
import time
from typing import Any, NamedTuple
from zlib import crc32

from collectors.api import Attributes

EVENT, KEY = "recorder.capture", "outrider.capture."
"""The event that tells of a capture, and what its attributes begin with."""

DAY = 86_400.0
STRETCH = 2.0
"""How many times its length a capture may become by what joins it."""

NOTES = 512
"""Characters of a capture's text, with the notes of those who joined it."""

CAUSES = 256
"""Causes whose cooldown is remembered; a configuration has fewer rules."""

LARGEST = 64 * 1024
LONGEST = DAY
"""Seconds that a capture of a saved state may be long: one that never ends would keep all others away."""


class Bounds(NamedTuple):
    """Seconds before and after a trigger, s until a cause may trigger again, captures in 24 hours."""

    before: float
    after: float
    cooldown: float
    per_day: int


class Trigger(NamedTuple):
    """Why to capture: `cause` is the rule or what else began it, `at` when, on the boot clock in s.

    `asked` by a person: no cooldown. `about` are attributes that go with the capture's event.
    """

    cause: str
    at: float
    text: str = ""
    about: Attributes = ()
    asked: bool = False


class Capture(NamedTuple):
    """One that is pending: its name, its boot, its first trigger (with the notes of all who asked), its span
    on the boot clock in s, and how many triggers joined it."""

    id: str
    boot: str
    trigger: Trigger
    start: float
    end: float
    joined: int = 0


class Captures:
    """All decisions of one daemon; for one thread.

    `pending` is the capture that is under way or waits to be written; `missed` one that was pending when
    the boot ended, and with it the ring.
    """

    def __init__(self, bounds: Bounds, boot: str, saved: bytes, wall: float) -> None:
        """`saved` is what `saved` gave before a restart, b"" for nothing; `wall` is now, in s since 1970."""
        self._bounds = bounds
        self._boot = boot
        self.pending, self._begun, self._causes = _loaded(saved)
        self._redate(wall)
        self.missed: Capture | None = None
        if self.pending is not None and self.pending.boot != boot:
            self.pending, self.missed = None, self.pending

    def trigger(self, trigger: Trigger, wall: float, before: float = -1.0, after: float = -1.0) -> str:
        """Something happened, `wall` s since 1970; by default the seconds before and after it are those
        of the bounds.

        Returns:
            "begun", "joined", or why neither.
        """
        self._redate(wall)
        before = self._bounds.before if before < 0 else before
        after = self._bounds.after if after < 0 else after
        if not trigger.asked and wall - self._causes.get(trigger.cause, -math.inf) < self._bounds.cooldown:
            return "cooldown"
        if self.pending is not None:
            return self._join(self.pending, trigger, wall, before, after)
        if len(self._begun) >= self._bounds.per_day:
            return "per_day"
        start, end = trigger.at - before, trigger.at + after
        self.pending = Capture(_name(self._boot, trigger.at, wall), self._boot, trigger, start, end)
        self._begun.append(wall)
        self._note(trigger, wall)
        return "begun"

    def due(self) -> float | None:
        """When the pending capture ends, on the boot clock in s; None where none is pending."""
        return None if self.pending is None else self.pending.end

    def written(self) -> None:
        """The capture is stored, or given up: the next may begin."""
        self.pending = None

    def saved(self, *, pending: bool = True) -> bytes:
        """What is to be kept over a restart; without `pending` as it will be once that is written."""
        waits = self.pending if pending else None
        fields = {"pending": waits, "begun": self._begun, "causes": self._causes}
        return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")

    def _join(self, pending: Capture, trigger: Trigger, wall: float, before: float, after: float) -> str:
        if trigger.at > pending.end:
            return "busy"
        length = STRETCH * (self._bounds.before + self._bounds.after)
        # By its first trigger: a start that was brought forward takes nothing from the end.
        latest = max(pending.end, pending.trigger.at - self._bounds.before + length)
        first, end = pending.trigger, min(latest, max(pending.end, trigger.at + after))
        if trigger.asked and trigger.text:
            text = f"{first.text}; {trigger.text}" if first.text else trigger.text
            first = first._replace(text=text[:NOTES])
        start = min(pending.start, trigger.at - before)
        self.pending = pending._replace(trigger=first, start=start, end=end, joined=pending.joined + 1)
        self._note(trigger, wall)
        return "joined"

    def _note(self, trigger: Trigger, wall: float) -> None:
        """Begin the cooldown of a cause."""
        if not trigger.asked:
            self._causes.pop(trigger.cause, None)
            self._causes[trigger.cause] = wall
            while len(self._causes) > CAUSES:
                del self._causes[next(iter(self._causes))]

    def _redate(self, wall: float) -> None:
        """Forget what is over; what would have been in the future was just now."""
        self._begun = [min(at, wall) for at in self._begun if wall - at < DAY]
        cooldown = self._bounds.cooldown
        self._causes = {name: min(at, wall) for name, at in self._causes.items() if wall - at < cooldown}


def _name(boot: str, at: float, wall: float) -> str:
    """A name that people can sort by and type: when it was, in UTC, and four digits of which boot."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(max(0.0, min(wall, 2**36))))
    return f"{stamp}-{crc32(f'{boot} {at:.3f}'.encode()) & 0xFFFF:04x}"


def under_way(saved: bytes, boot: str) -> Capture | None:
    """The capture of this boot that is pending in what `Captures.saved` gave."""
    pending = _loaded(saved)[0]
    return pending if pending is not None and pending.boot == boot else None


def _loaded(saved: bytes) -> tuple[Capture | None, list[float], dict[str, float]]:
    """What `saved` holds; nothing where it is not what `Captures.saved` writes."""
    try:
        fields = json.loads(saved) if 0 < len(saved) <= LARGEST else {}
        begun = [_number(at) for at in fields["begun"]]
        causes = {_text(name): _number(at) for name, at in fields["causes"].items()}
        pending = fields["pending"]
        return None if pending is None else _capture(*pending), begun, causes
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None, [], {}


def _capture(name: Any, boot: Any, trigger: Any, start: Any, end: Any, joined: Any) -> Capture:
    cause, at, text, about, asked = trigger
    pairs = tuple((_text(key), _text(value)) for key, value in about)
    first = Trigger(_text(cause), _number(at), _text(text), pairs, asked is True)
    begin, over = _number(start), _number(end)
    if not begin <= first.at <= over <= begin + LONGEST:
        raise ValueError("no span")
    return Capture(_text(name), _text(boot), first, begin, over, int(_number(joined)))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("no number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - whoever reads a state treats all faults alike
    return value
