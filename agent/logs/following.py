"""One log that is followed: its format is found if it was not told, and its lines become windows of minutes
and readings for alert rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, NamedTuple

from agent.logs.digest import Minute, Tally
from agent.logs.limits import DEFAULT, Limits
from agent.logs.log import PATIENCE, Log
from agent.logs.templates import Template
from agent.logs.windows import Windows
from collectors.api import Attributes, Metric, Series
from collectors.logs.formats.exact import Exact
from collectors.logs.formats.format import Format
from collectors.logs.formats.guess import SAMPLE, beyond, guess, named
from collectors.logs.formats.spare import assumed
from collectors.logs.formats.times import Near
from collectors.logs.redact import Redactor

if TYPE_CHECKING:
    from agent.logs.models.model import Model

LONGEST = 1 << 14
"""Bytes of a line that are kept to find the format by."""
UNKNOWN = Format("unknown", "regex")
"""Lines of it are counted, and none is understood."""


class Told(NamedTuple):
    """What is known of a log beforehand.

    Args:
        name: what it is called.
        attributes: those of all its series.
        form: its format; a word, `auto`, `json` or `logfmt`, where the first lines are to tell it.
        own: formats of the user's own, which `auto` tries too.
        zone: that of times without one.
    """

    name: str
    attributes: Attributes
    form: Format | str
    own: tuple[Format, ...]
    zone: tzinfo


class Following:
    """A log, with what it was found to be.

    A format that is to be found is so in the first lines that came within `PATIENCE` s, and anew when there
    are twice as many, up to `SAMPLE`: a field that an early line lacks is found in a later one.
    """

    def __init__(
        self,
        told: Told,
        limits: Limits = DEFAULT,
        redactor: Redactor | None = None,
        model: Model | None = None,
    ) -> None:
        self._model = model
        self._told, self._limits, self._redactor = told, limits, redactor or Redactor()
        self._sure = isinstance(told.form, Format)
        self._log = self._begun(told.form if isinstance(told.form, Format) else UNKNOWN)
        self._sample: list[bytes] = []
        self._head: list[tuple[bytes, float, Sequence[float | None] | None]] = []
        self._guessed = 0
        self._before = Tally()
        self._pending: list[Minute] = []
        self.found = ""
        """The format and why it is that one, for people; "" as long as that is not known."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self._told.name

    def take(self, text: bytes, now: float, times: Sequence[float | None] | None = None) -> None:
        """Lines that were read at `now`, s since 1970."""
        if self._sure:
            self._log.take(text, now, times)
            return
        lines = [line[:LONGEST] for line in text.split(b"\n", SAMPLE)[:SAMPLE] if line.strip()]
        self._sample += lines[: SAMPLE - len(self._sample)]
        self._head.append((text, now, times))
        if len(self._sample) >= SAMPLE:
            self._settle(now)

    def flush(self, now: float) -> list[Minute]:
        """The windows of all lines since the last flush, oldest first."""
        self._settle(now)
        found, self._pending = self._pending, []
        return [*found, *self._log.flush()]

    def lately(self, now: float) -> Windows:
        """The windows of new lines of this minute and the one before, each time those that came since the
        last; they are in the next `flush` too."""
        if self._head and now - self._head[0][1] >= PATIENCE:
            self._settle(now)
        return self._log.lately()

    @property
    def minutes(self) -> int:
        """Minutes that wait for `flush`."""
        return len(self._pending) + self._log.minutes

    @property
    def tally(self) -> Tally:
        """Lines, and what became of them."""
        return Tally(*(one + two for one, two in zip(self._before, self._log.tally, strict=True)))

    @property
    def misfit(self) -> str:
        """The first line, redacted, if none of at least a hundred was understood; else ""."""
        return self._log.misfit

    def templates(self) -> list[Template]:
        """The most frequent texts of errors."""
        return self._log.templates()

    def series(self, metric: Metric) -> Series:
        """The series of this log that no field of a line tells apart."""
        return Series(metric.name, metric.unit, metric.kind, self._told.attributes)

    def _begun(self, form: Format) -> Log:
        told = self._told
        return Log(form, told.attributes, told.zone, self._limits, self._redactor, self._model)

    def _settle(self, now: float) -> None:
        """Let the lines that wait become what the format makes of them, once that was looked for."""
        if not self._head:
            return
        if len(self._sample) >= min(SAMPLE, 2 * self._guessed):
            self._guess(now)
        head, self._head = self._head, []
        for read in head:
            self._log.take(*read)

    def _guess(self, now: float) -> None:
        self._guessed = len(self._sample)
        near = Near(self._told.zone, now)
        if self._told.form == "auto":
            form, why = guess(self._sample, near, self._told.own)
        else:
            form = named(str(self._told.form), self._sample)
            why = f"the configuration says so{beyond(form, self._sample)}"
        known = self._log.form
        if (
            form is not None
            and form.fields
            and (form.name != known.name or len(form.fields) > len(known.fields))
        ):
            self._pending += self._log.flush()
            self._before = self.tally
            self._log = self._begun(form)
            self.found = f"log {self.name} is read as {form.name}: {why}; {_fields(form, self._sample)}"
        if self._guessed >= SAMPLE:
            # Where nothing fits, the next lines may.
            self._sure = self._log.form is not UNKNOWN
            self._sample, self._guessed = [], 0


def _fields(form: Format, lines: Sequence[bytes]) -> str:
    """What is read from where; and of durations without a unit that they are taken to be in s."""
    open_ = assumed(form, lines)
    return ", ".join(
        f"{field.role} from {field.key}{' in s, as it tells no unit' if field in open_ else ''}"
        for field in form.fields
    )


class Stamp:
    """Tells when a line was written, by the format of its log, or by the one that the line itself has."""

    def __init__(self, form: Format | str, own: Iterable[Format], zone: tzinfo) -> None:
        self._exact = Exact(form) if isinstance(form, Format) else None
        self._own, self._zone = tuple(own), zone

    def time(self, line: bytes, now: float) -> float | None:
        """Seconds since 1970 of a line that is read at `now`; None: it does not say."""
        near, line = Near(self._zone, now), line.rstrip(b"\r\n")
        if self._exact is None:
            form = guess([line], near, self._own).form
            if form is None or form.key("time") is None:
                return None
            self._exact = Exact(form)
        record = self._exact.record(line, near)
        return None if record is None else record.time
