"""The most frequent error texts of a log by template: counts, first and last seen, a redacted example."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agent.stats.template import identifier, masked
from collectors.logs.redact import ended
from collectors.logs.tail.joined import one_line

LONGEST_EXAMPLE = 256
LONGEST_TEXT = 1024
"""Characters of a text that are looked at."""
MEMORY = 1024
"""Texts whose template is remembered, so that what repeats is masked once."""
REMEMBERED = 1 << 18
"""Characters of these texts at most."""


class Template(NamedTuple):
    """An error text as it is counted.

    Args:
        identity: the same on every device.
        text: masked.
        count: how often it was seen since it is known; never too high.
        first: when first, s since 1970, to the minute.
        last: when last.
        example: the first such text, redacted.
    """

    identity: str
    text: str
    count: int  # type: ignore[assignment]  # a field of that name hides tuple.count
    first: float
    last: float
    example: str


class Templates:
    """Counts templates, at most twice `most` at a time; the rarest make room, counted in `other`.

    Args:
        most: templates that are told.
        clean: takes out of a text what may not be kept.
    """

    def __init__(self, most: int, clean: Callable[[str], str]) -> None:
        self.other = 0
        self._most, self._clean = most, clean
        self._found: dict[str, Template] = {}
        self._known: dict[str, str] = {}
        self._room = REMEMBERED

    def add(self, text: str, at: float, count: int = 1) -> str:
        """Count a text that was seen so often at `at`; returns its template's identifier."""
        template = self._template(text[:LONGEST_TEXT])
        found = self._found.get(template)
        if found is None:
            # Cleaned first: what is masked away of a secret would not be all of it.
            example = one_line(self._clean(text))[:LONGEST_EXAMPLE]
            found = Template(identifier(template), template, 0, at, at, example)
        self._found[template] = found._replace(
            count=found.count + count, first=min(found.first, at), last=max(found.last, at)
        )
        if len(self._found) > 2 * self._most:
            self._purge()
        return found.identity

    def top(self) -> list[Template]:
        """The most frequent ones, at most `most`, the most frequent first."""
        ordered = sorted(self._found.values(), key=lambda each: (-each.count, each.identity))
        return ordered[: self._most]

    def _template(self, text: str) -> str:
        known = self._known.get(text)
        if known is None:
            self._room -= len(text)
            if len(self._known) >= MEMORY or self._room < 0:
                self._known.clear()
                self._room = REMEMBERED - len(text)
            known = self._known[text] = masked(one_line(self._cleaned(text)))
        return known

    def _cleaned(self, text: str) -> str:
        return ended(self._clean(text), cut=len(text) >= LONGEST_TEXT)

    def _purge(self) -> None:
        """Keep the `most` frequent; what the next one was seen is taken from all (Misra-Gries)."""
        ordered = sorted(self._found.values(), key=lambda each: -each.count)
        cut = ordered[self._most].count
        kept = [each._replace(count=each.count - cut) for each in ordered if each.count > cut]
        self.other += sum(each.count for each in ordered) - sum(each.count for each in kept)
        self._found = {each.text: each for each in kept}
