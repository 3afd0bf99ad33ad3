"""One log: chunks of lines come in as they are read, windows of minutes go out.

Lines wait for each other: a thousand that are read at once cost a tenth of a thousand that are read singly.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, NamedTuple

from agent.logs.digest import Digest, Minute, Tally
from agent.logs.limits import DEFAULT, MINUTE, Limits
from agent.logs.templates import Template
from agent.logs.windows import Windows
from collectors.api import Attributes
from collectors.logs.formats.columns import LABELS
from collectors.logs.formats.format import Format
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.times import Near
from collectors.logs.redact import Redactor
from collectors.logs.tail.joined import one_line

if TYPE_CHECKING:
    from agent.logs.models.bridge import Watching
    from agent.logs.models.model import Model


class Room(NamedTuple):
    """Bytes of one log that wait at most: of lines as they come, and of those of a backlog, which are
    read the faster the more are read together. A tailer's block has a little less than 1 << 18."""

    usual: int
    behind: int


NARROW, WIDE = Room(7 << 16, 1 << 20), Room(11 << 16, 1 << 21)
"""The second of a model's log, whose many columns cost some calls each."""
FEW = 1 << 18
"""Bytes that wait for the end of their minute."""
AT_ONCE = 0.25
"""Seconds within which more came than usually waits: there is a backlog."""
PATIENCE = 10.0
"""Seconds that more than a few lines wait at most."""
MISFIT = 100
"""So many lines without one that is understood: the format does not fit."""


class _Waiting(NamedTuple):
    """A chunk, when its lines were written, and when it was read."""

    text: bytes
    times: Sequence[float | None] | None
    now: float


class Log:
    """What becomes of the lines of one log.

    Args:
        form: its format.
        source: attributes of all its series.
        zone: that of times without one.
        limits: what bounds it.
        redactor: takes out what may not be kept.
        model: is told of the records too.
    """

    def __init__(
        self,
        form: Format,
        source: Attributes,
        zone: tzinfo,
        limits: Limits = DEFAULT,
        redactor: Redactor | None = None,
        model: Model | None = None,
    ) -> None:
        self._redactor = redactor or Redactor()
        self._lines, self._zone = Lines(form), zone
        self._watch = None if model is None else _watching(model, form, source, self._redactor)
        self._room = NARROW if self._watch is None else WIDE
        self._digest = Digest(form, self._lines.labels, source, limits, self._redactor.field, self._watch)
        self._name()
        self._waiting: list[_Waiting] = []
        self._size = 0
        self._first = ""

    def take(self, text: bytes, now: float, times: Sequence[float | None] | None = None) -> None:
        """Lines that were read at `now`, s since 1970; `times`, as far as known: when each was written."""
        if not text:
            return
        if self._waiting and not self._go_together(now, times):
            self._read()
        self._waiting.append(_Waiting(text, times, now))
        self._size += len(text)
        if self._is_enough(now - self._waiting[0].now):
            self._read()

    def flush(self) -> list[Minute]:
        """The windows of all lines since the last flush, oldest first; they hold for all that was taken."""
        self._read()
        found = self._digest.flush()
        if len(self._lines.labels.texts) >= LABELS:
            # What was told apart once need not be told apart for ever.
            self._lines = Lines(self._lines.form)
            self._digest.relabel(self._lines.labels)
            self._name()
        return found

    def lately(self) -> Windows:
        """The windows of new lines of this minute and the one before, each time those that came since the
        last; they are in the next `flush` too."""
        self._read()
        return self._digest.lately()

    @property
    def form(self) -> Format:
        """Its format."""
        return self._lines.form

    @property
    def minutes(self) -> int:
        """Minutes that wait for `flush`: whoever reads a long log flushes now and then."""
        return self._digest.minutes

    @property
    def tally(self) -> Tally:
        """Lines, and what became of them, as far as they were read."""
        return self._digest.tally

    def templates(self) -> list[Template]:
        """The most frequent texts of errors."""
        return self._digest.templates.top()

    @property
    def misfit(self) -> str:
        """The first line, redacted, if of at least `MISFIT` none was understood; else ""."""
        tally = self._digest.tally
        return self._first if tally.lines >= MISFIT and tally.missed == tally.lines else ""

    def _name(self) -> None:
        """Tell the watcher the names of classes, as they are told apart from now on."""
        if self._watch is not None:
            self._watch.name(self._lines.classes)

    def _go_together(self, now: float, times: Sequence[float | None] | None) -> bool:
        """Whether lines read now may wait with the others: lines without a time count at that of reading."""
        last = self._waiting[-1]
        return now // MINUTE == last.now // MINUTE and (times is None) == (last.times is None)

    def _is_enough(self, waited: float) -> bool:
        """Whether what waits is read, the first of it since so many seconds."""
        if self._size >= self._room.usual and waited >= AT_ONCE:
            return True
        return self._size >= self._room.behind or (self._size >= FEW and waited >= PATIENCE)

    def _read(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._size = self._waiting, [], 0
        text = waiting[0].text if len(waiting) == 1 else b"".join([each.text for each in waiting])
        times = [time for each in waiting if each.times is not None for time in each.times]
        now = waiting[-1].now
        # They are in the text: both together would be the most that is held.
        waiting.clear()
        batch = self._lines.read(text, Near(self._zone, now), times or None)
        if batch.samples and not self._first:
            self._first = one_line(self._redactor.text(batch.samples[0].decode("utf-8", "replace")))
        self._digest.take(batch, now)


def _watching(model: Model, form: Format, source: Attributes, redactor: Redactor) -> Watching | None:
    """What hands records to a model, where their format says anything of it; loaded where there is one."""
    from agent.logs.models.bridge import Watching, tells

    return Watching(model, form, source, redactor.field) if tells(form) else None
