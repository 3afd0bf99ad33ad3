"""The forms of settings: each reads a TOML value, says what it takes, and writes a value back.

A form is what the loader, the annotated file, the reference and the JSON schema know of a setting.
`read` raises `Refused` with a reason that quotes the value, except where it could hold a secret.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

from agent.config.fault import Expanded, Refusal, Refused, nearest, quoted
from agent.config.quantity import (
    DURATION_FORM,
    SHARE_FORM,
    SIZE_FORM,
    parse_duration,
    parse_share,
    parse_size,
    show_duration,
    show_share,
    show_size,
)

Schema = dict[str, object]

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")


class Form(Protocol):
    """What the loader and the generators ask of a form."""

    def read(self, value: object) -> object:
        """The value as the daemon uses it.

        Raises:
            Refused: it is not of this form, or out of bounds.
        """
        ...

    def allowed(self) -> str:
        """What is allowed, in words."""
        ...

    def show(self, value: object) -> str:
        """The value in TOML."""
        ...

    def schema(self) -> Schema:
        """The form in JSON schema."""
        ...


class Flag:
    """true or false."""

    def read(self, value: object) -> bool:
        """The value itself; "true" in quotes is no flag, unless a variable says it."""
        found = _unquoted(value)
        if not isinstance(found, bool):
            raise Refused(Refusal(f"{quoted(value)} is neither true nor false", self.allowed()))
        return found

    def allowed(self) -> str:
        """Both of them."""
        return "true or false"

    def show(self, value: object) -> str:
        """In TOML."""
        return "true" if value else "false"

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "boolean"}


class Whole(NamedTuple):
    """A whole number within bounds, both inside."""

    low: int
    high: int

    def read(self, value: object) -> int:
        """The value itself."""
        found = _unquoted(value)
        if isinstance(found, bool) or not isinstance(found, int):
            raise Refused(Refusal(f"{quoted(value)} is no whole number", self.allowed()))
        bounded(found, self.low, self.high, quoted(value), self.allowed())
        return found

    def allowed(self) -> str:
        """The bounds."""
        return f"a whole number from {self.low} to {self.high}"

    def show(self, value: object) -> str:
        """In TOML."""
        return str(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


class Number(NamedTuple):
    """A number within bounds, both inside."""

    low: float
    high: float

    def read(self, value: object) -> float:
        """The value as a float."""
        found = _unquoted(value)
        if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
            raise Refused(Refusal(f"{quoted(value)} is no number", self.allowed()))
        bounded(found, self.low, self.high, quoted(value), self.allowed())
        return float(found)

    def allowed(self) -> str:
        """The bounds."""
        return f"a number from {self.low:g} to {self.high:g}"

    def show(self, value: object) -> str:
        """In TOML."""
        return repr(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}


class Texts(NamedTuple):
    """An array of at most so many texts of one kind.

    Args:
        fits: whether a text is of it.
        one: what is said of one that is not, such as "no path".
        words: what all are called, in words.
        each: one of them in JSON schema.
        most: how many there may be.
    """

    fits: Callable[[str], bool]
    one: str
    words: str
    each: Schema
    most: int = 16

    def read(self, value: object) -> tuple[str, ...]:
        """The texts, in their order."""
        if not isinstance(value, list) or len(value) > self.most:
            raise Refused(Refusal(f"{quoted(value)} is no such array", self.allowed()))
        wrong = [at for at, each in enumerate(value) if not (isinstance(each, str) and self.fits(each))]
        if wrong:
            raise Refused(
                *(Refusal(f"{quoted(value[at])} is {self.one}", self.allowed(), (at,)) for at in wrong)
            )
        return tuple(map(str, value))

    def allowed(self) -> str:
        """How many, and of what."""
        return f"an array of at most {self.most} {self.words}"

    def show(self, value: object) -> str:
        """In TOML."""
        return f"[{', '.join(map(text, value))}]" if isinstance(value, tuple) else "[]"

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "array", "maxItems": self.most, "items": dict(self.each)}


class Duration(NamedTuple):
    """A span of time in s within bounds, both inside."""

    low: float
    high: float

    def read(self, value: object) -> float:
        """Seconds."""
        try:
            seconds = parse_duration(value)
        except ValueError:
            written = f'{self.allowed()}, written like "90s", "5m", "1h30m", "2d" or as seconds'
            raise Refused(Refusal(f"{quoted(value)} is no duration", written)) from None
        bounded(seconds, self.low, self.high, quoted(value), self.allowed())
        return seconds

    def allowed(self) -> str:
        """The bounds."""
        return f"{show_duration(self.low)} to {show_duration(self.high)}"

    def show(self, value: object) -> str:
        """In TOML."""
        return f'"{show_duration(value)}"' if isinstance(value, float | int) else '""'

    def schema(self) -> Schema:
        """In JSON schema; the bounds hold for numbers only."""
        number = {"type": "number", "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "string", "pattern": f"^{DURATION_FORM}$"}]}


class Share(NamedTuple):
    """A share within bounds, both inside; 1 is 100 %."""

    low: float
    high: float

    def read(self, value: object) -> float:
        """The share."""
        try:
            share = parse_share(value)
        except ValueError:
            written = f'{self.allowed()}, written like "2.5 %"'
            raise Refused(Refusal(f"{quoted(value)} is no share", written)) from None
        bounded(share, self.low, self.high, quoted(value), self.allowed())
        return share

    def allowed(self) -> str:
        """The bounds."""
        return f"{show_share(self.low)} to {show_share(self.high)}"

    def show(self, value: object) -> str:
        """In TOML."""
        return f'"{show_share(value)}"' if isinstance(value, float | int) else '""'

    def schema(self) -> Schema:
        """In JSON schema; the bounds are not in it."""
        return {"type": "string", "pattern": f"^{SHARE_FORM}$"}


class Size(NamedTuple):
    """A number of bytes within bounds, both inside."""

    low: int
    high: int

    def read(self, value: object) -> int:
        """Bytes."""
        try:
            size = parse_size(value)
        except ValueError:
            written = f'{self.allowed()}, written like "16 MiB", "500 KB" or as bytes'
            raise Refused(Refusal(f"{quoted(value)} is no size", written)) from None
        bounded(size, self.low, self.high, quoted(value), self.allowed())
        return size

    def allowed(self) -> str:
        """The bounds."""
        return f"{show_size(self.low)} to {show_size(self.high)}"

    def show(self, value: object) -> str:
        """In TOML."""
        return f'"{show_size(value)}"' if isinstance(value, int) else '""'

    def schema(self) -> Schema:
        """In JSON schema; the bounds hold for numbers only."""
        number = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "string", "pattern": f"^{SIZE_FORM}$"}]}


def _unquoted(value: object) -> object:
    """What a variable says in a text, as TOML would read it without quotes; anything else as it is."""
    if not isinstance(value, Expanded):
        return value
    if value in ("true", "false"):
        return value == "true"
    if _WHOLE.fullmatch(value):
        return int(value)
    return float(value) if _FRACTION.fullmatch(value) else value


def bounded(value: float, low: float, high: float, shown: str, allowed: str) -> None:
    """
    Raises:
        Refused: the value, as it is `shown`, lies outside.
    """
    if value < low:
        raise Refused(Refusal(f"{shown} is too small", allowed))
    if value > high:
        raise Refused(Refusal(f"{shown} is too large", allowed))


class Choice:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, value: object) -> str:
        """The word."""
        if isinstance(value, str) and value in self.words:
            return value
        near = nearest(value, self.words) if isinstance(value, str) else ""
        raise Refused(Refusal(f"{quoted(value)} is none of them", self.allowed(), nearest=near))

    def allowed(self) -> str:
        """The words."""
        return ", ".join(f'"{word}"' for word in self.words)

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"enum": list(self.words)}


class Text(NamedTuple):
    """Any printable text within lengths; empty, where that is allowed, means not set."""

    high: int = 256
    low: int = 0

    def read(self, value: object) -> str:
        """The text."""
        if not isinstance(value, str):
            raise Refused(Refusal(f"{quoted(value)} is no text", self.allowed()))
        if not self.low <= len(value) <= self.high:
            raise Refused(Refusal(f"has {len(value)} characters", self.allowed()))
        if not value.isprintable():
            raise Refused(Refusal(f"{quoted(value)} is not printable", self.allowed()))
        return value

    def allowed(self) -> str:
        """The length."""
        return f"{f'{self.low} to' if self.low else 'at most'} {self.high} printable characters"

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "minLength": self.low, "maxLength": self.high}


def text(value: object) -> str:
    """A TOML basic string that stands for this text: a dollar is written twice."""
    return basic(str(value).replace("$", "$$"))


def basic(value: str) -> str:
    """A TOML basic string, on one line."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped) + '"'
