"""The forms of settings that pick: patterns of names, and the rule of an alert with its levels."""

from __future__ import annotations

from typing import NamedTuple

from agent.config.fault import Expanded, Refusal, Refused, quoted
from agent.config.forms import Schema, text
from agent.judge.rules.grammar import FORM, LONGEST, is_level, parse

LONGEST_PATTERN = 128


class Patterns(NamedTuple):
    """An array of patterns with `*`, `?` and `[...]`, as in a shell."""

    most: int = 64

    def read(self, value: object) -> tuple[str, ...]:
        """The patterns, in their order."""
        if not isinstance(value, list):
            raise Refused(Refusal(f"{quoted(value)} is no array", self.allowed()))
        if len(value) > self.most:
            raise Refused(Refusal(f"has {len(value)} patterns", self.allowed()))
        wrong = [(at, each) for at, each in enumerate(value) if not _is_pattern(each)]
        if wrong:
            raise Refused(
                *(Refusal(f"{quoted(each)} is no pattern", self.allowed(), (at,)) for at, each in wrong)
            )
        return tuple(map(str, value))

    def allowed(self) -> str:
        """How many, and of what."""
        return (
            f"an array of at most {self.most} texts of 1 to {LONGEST_PATTERN} printable characters, "
            "in which * ? and [...] stand for others"
        )

    def show(self, value: object) -> str:
        """In TOML."""
        return f"[{', '.join(map(text, value))}]" if isinstance(value, tuple) else "[]"

    def schema(self) -> Schema:
        """In JSON schema."""
        each = {"type": "string", "minLength": 1, "maxLength": LONGEST_PATTERN}
        return {"type": "array", "maxItems": self.most, "items": each}


def _is_pattern(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_PATTERN and value.isprintable()


class When:
    """The rule of an alert, as `agent.judge.rules.grammar` reads it."""

    def read(self, value: object) -> str:
        """The rule as it was written."""
        if not isinstance(value, str):
            raise Refused(Refusal(f"{quoted(value)} is no text", self.allowed()))
        try:
            parse(str(value))
        except ValueError as error:
            reason = "is no rule" if isinstance(value, Expanded) else f"is no rule: {error}"
            raise Refused(Refusal(f"{quoted(value)} {reason}", self.allowed())) from None
        return value

    def allowed(self) -> str:
        """The grammar."""
        return FORM

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "maxLength": LONGEST}


class Clear:
    """The level that ends an alert, or nothing."""

    def read(self, value: object) -> str:
        """The level as it was written."""
        if not isinstance(value, str):
            raise Refused(Refusal(f"{quoted(value)} is no text", self.allowed()))
        if value and not is_level(str(value)):
            raise Refused(Refusal(f"{quoted(value)} is no level", self.allowed()))
        return value

    def allowed(self) -> str:
        """The grammar."""
        return "a text with a number and its unit, or an empty one"

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "maxLength": LONGEST}
