"""What is told of logs, beside their windows: formats that were found, errors, lines that nobody understands,
logs that do not answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from agent.logs.digest import Tally as Lines
from agent.logs.following import Following
from collectors.api import Attributes, Series
from collectors.logs.formats.roles import TEMPLATES as TEXTS
from collectors.logs.tail.guard import Hang
from collectors.tally import Tally

LONGEST_TEXT = 1024
TEMPLATES, TOLD_IN_ALL = 8, 1024
"""Templates of errors that are told in a window, and that are remembered as told."""
RETOLD, RETOLD_ON_BUDGET = 3600.0, 86_400.0
"""Seconds after which a template that still comes is told again; the second where bytes are counted."""
COUNTED = ("outrider.logs.lines", "outrider.logs.missed", "outrider.logs.untimed", "outrider.logs.astray")
"""Where the fields of a log's tally are counted."""


class Remarks:
    """Tells each thing once.

    Args:
        event: takes an event, by its name, text and attributes.
        say: takes a line for the daemon's log, with its level.
        tally: counts under `outrider.logs.*`.
        on_budget: whether bytes are counted that are sent.
    """

    def __init__(
        self,
        event: Callable[[str, str, Attributes], None],
        say: Callable[[str, str], None],
        tally: Tally,
        *,
        on_budget: bool,
    ) -> None:
        self._event, self._say, self._tally = event, say, tally
        self._retold = RETOLD_ON_BUDGET if on_budget else RETOLD
        self._told: OrderedDict[str, float] = OrderedDict()
        self._counted: dict[str, Lines] = {}
        self._formats: dict[str, str] = {}
        self.misfits: tuple[str, ...] = ()
        """Logs whose lines nobody understands, in words."""

    def anew(self) -> None:
        """All logs count from nothing again."""
        self._counted = {}

    def of(self, logs: Mapping[str, Following], takes: Callable[[Series], bool], now: float) -> None:
        """What there is to tell of all logs by name, at `now` (s since 1970); `takes` says which series the
        configuration wants."""
        for log in logs.values():
            self._tell_format(log)
        self._count(logs)
        self._tell_errors(logs, takes, now)

    def left(self, hang: Hang) -> None:
        """A log does not answer; of one that hangs again and again, the first time."""
        which = (("log.name", hang.name),)
        self._tally.add("outrider.logs.stale", 1, **dict(which))
        if not hang.again:
            text = f"log {hang.name}: no answer for {hang.seconds:.0f} s; the others go on without it"
            self._say("warning", text)
            self._event("logs.stale", text, which)

    def well(self, hangs: Iterable[Hang]) -> None:
        """These logs answer again."""
        for hang in hangs:
            text = f"log {hang.name}: it answers again, after {hang.seconds:.0f} s"
            self._say("info", text)
            self._event("logs.ok", text, (("log.name", hang.name),))

    def left_out(self, sizes: Mapping[str, int]) -> None:
        """So many bytes of logs are not read again, as they failed twice."""
        for name, size in sizes.items():
            self._tally.add("outrider.logs.left_out", size, **{"log.name": name})
            text = f"log {name}: {size} bytes are left out, as reading them failed twice"
            self._say("error", text)
            self._event("logs.left_out", text, (("log.name", name),))

    def _tell_format(self, log: Following) -> None:
        """Which format was found, and why, once."""
        if log.found != self._formats.get(log.name, ""):
            self._formats[log.name] = log.found
            self._say("info", log.found)
            self._event("logs.format", log.found[:LONGEST_TEXT], (("log.name", log.name),))

    def _count(self, logs: Mapping[str, Following]) -> None:
        """Lines, and what is amiss with logs, for those who look at the daemon."""
        misfits = []
        for name, log in logs.items():
            counted, self._counted[name] = self._counted.get(name, Lines()), log.tally
            for metric, before, now in zip(COUNTED, counted, log.tally, strict=True):
                if now > before:
                    self._tally.add(metric, now - before, **{"log.name": name})
            if log.misfit:
                misfits.append(f"logs: nothing of {name} is understood, such as: {log.misfit[:160]}")
        fresh = [misfit for misfit in misfits if misfit not in self.misfits]
        self.misfits = tuple(misfits)
        for misfit in fresh:
            self._say("warning", misfit)

    def _tell_errors(
        self, logs: Mapping[str, Following], takes: Callable[[Series], bool], now: float
    ) -> None:
        """An event for each template of errors that is new: what stands behind its identifier. Of the most
        frequent it is told again now and then, for who has begun to listen since."""
        left = TEMPLATES
        for name, log in logs.items():
            templates = log.templates()
            if not templates or not takes(log.series(TEXTS)):
                continue
            for rank, template in enumerate(templates):
                key = f"{name}/{template.identity}"
                told = self._told.get(key)
                again = told is not None and rank < TEMPLATES and template.last >= told + self._retold
                if not left or (told is not None and not again):
                    continue
                left -= 1
                self._told[key] = now
                if len(self._told) > TOLD_IN_ALL:
                    self._told.popitem(last=False)
                attributes = (
                    ("log.name", name),
                    ("error.template", template.identity),
                    ("error.example", template.example),
                )
                self._event("model.error", template.text, attributes)
