"""The collectors: which of them read, which find nothing here, and which fail, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.doctor.finding import Finding

ADVICE = {
    "Permission": "run it as the service does, or see `outrider service allow --list`",
    "Operation not permitted": "see `outrider service allow --list`",
    "no answer": "a driver or mount hangs: the others go on; look at `dmesg`",
}


class Told(NamedTuple):
    """How a collector did in two polls: how many series have a value, what is absent and why.

    `nothing` is the reason where it found nothing of its kind, `fault` where it failed.
    """

    collector: str
    series: int
    absences: tuple[tuple[str, str], ...] = ()
    nothing: str = ""
    fault: str = ""


def examine(told: Iterable[Told]) -> Iterator[Finding]:
    """A finding for each collector that fails or lacks something, and one for all that do well."""
    well, quiet = [], []
    for each in told:
        if each.fault:
            yield Finding("readings", "problem", f"{each.collector} fails: {each.fault}", advice(each.fault))
        elif each.nothing:
            quiet.append(each.collector)
        else:
            well.append(each)
            yield from _absent(each)
    if quiet:
        yield Finding("readings", "note", f"nothing here for {', '.join(quiet)}")
    if well:
        names = ", ".join(each.collector for each in well)
        yield Finding("readings", "ok", f"{sum(each.series for each in well)} series read by {names}")


def _absent(told: Told) -> Iterator[Finding]:
    """Each reason once, with what is missing for it."""
    by_reason: dict[str, list[str]] = {}
    for what, reason in told.absences:
        by_reason.setdefault(reason, []).append(what)
    for reason, whats in by_reason.items():
        named = ", ".join(dict.fromkeys(whats))
        text, mend = f"{told.collector} lacks {named}: {reason}", advice(reason)
        yield Finding("readings", "warning" if mend else "note", text, mend)


def advice(reason: str) -> str:
    """What to do about a reason; "" if there is nothing to be done."""
    return next((words for sign, words in ADVICE.items() if sign in reason), "")
