"""What one line became: a record, made the exact way, line by line.

This path defines what every faster one must give.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, nan
from types import MappingProxyType
from typing import NamedTuple, Protocol

from collectors.logs.formats.format import Format
from collectors.logs.formats.hashes import LONGEST_REQUEST, request_of
from collectors.logs.formats.roles import NUMBERS, OUTCOMES
from collectors.logs.formats.states import MISSING, state_of
from collectors.logs.formats.times import Near, moment
from collectors.logs.formats.values import flag, number

LONGEST_TEXT = 256
"""Characters of a text; more than are kept of it, so that a secret in what is kept is known by its rest."""
LONGEST_MESSAGE = 4096
_LEVELS = ("error", "critical", "fatal", "severe", "panic")
FAILED_LEVELS = MappingProxyType(
    {level.upper(): level for level in _LEVELS} | {"E": "error", "C": "critical", "F": "fatal"}
)
"""The levels of lines that tell of an error, as they are counted."""
FAILED_STATUSES = frozenset(
    {"error", "err", "fail", "failed", "failure", "exception", "timeout", "fatal", "aborted"}
)


class Record(NamedTuple):
    """A line that was understood.

    Args:
        time: its own, s since 1970; None where it tells none.
        texts: what tells it apart, in the order of the format's `texts`; "" where absent.
        numbers: in base units, in the order of the format's `numbers`; NaN where absent.
        message: its text, for errors; "" where it has none.
        outcomes: the same of the format's `outcomes`.
        states: of the format's `features`, as in `states`.
        classes: names, in the order of the format's `classes`; "" where absent.
        request: the identity of its request; 0 where it tells none.
    """

    time: float | None
    texts: tuple[str, ...]
    numbers: tuple[float, ...]
    message: str
    outcomes: tuple[float, ...] = ()
    states: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    request: int = 0


class Reader(Protocol):
    """Takes lines of one kind apart."""

    def fields(self, line: bytes) -> Mapping[str, object] | None:
        """What a line says, by key: numbers, texts, truth values, or that there is something `Strange`.
        None: it is not of this kind."""
        ...


class Making:
    """Makes records of what a reader found, as the format says."""

    def __init__(self, form: Format) -> None:
        self.time, self.message = form.key("time"), form.key("message")
        self.texts = [field.key for field in form.texts]
        self.numbers = [(field.key, field.scale, use_of(field.role)) for field in form.numbers]
        self.outcomes = [(field.key, field.scale, use_of(field.role)) for field in form.outcomes]
        self.classes = [field.key for field in form.classes]
        self.request = form.key("request")
        numbers = form.numbers
        self.features = [(numbers.index(field), field.key) for field in form.features]

    def record(self, found: Mapping[str, object], near: Near) -> Record | None:
        """The record; None where the line has nothing that the format knows."""
        texts = tuple([text(found.get(key)) for key in self.texts])
        numbers = tuple([measured(found.get(key), scale, use) for key, scale, use in self.numbers])
        outcomes = tuple([measured(found.get(key), scale, use) for key, scale, use in self.outcomes])
        classes = tuple([class_of(found.get(key)) for key in self.classes])
        states = tuple([state_of(found.get(key), numbers[at]) for at, key in self.features])
        if (
            not (any(texts) or any(classes))
            and all(map(isnan, (*numbers, *outcomes)))
            and max(states, default=MISSING) <= MISSING
        ):
            return None
        time = moment(found.get(self.time), near) if self.time is not None else None
        message = text(found.get(self.message), LONGEST_MESSAGE) if self.message is not None else ""
        request = 0 if self.request is None else request_of(text(found.get(self.request), LONGEST_REQUEST))
        return Record(time, texts, numbers, message, outcomes, states, classes, request)


def use_of(role: str) -> str:
    """What is made of a number in this role."""
    return NUMBERS[role].use if role in NUMBERS else OUTCOMES.get(role, "value")


def measured(value: object, scale: float, use: str) -> float:
    """A number as its use has it: a duration, a count or a level is never negative."""
    if use == "flag":
        return flag(value)
    result = number(value, scale)
    return nan if result < 0 and use != "value" else result


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """A text that tells records apart, cut to `longest` characters; "" where there is none."""
    if isinstance(value, str):
        return value[:longest]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:longest] if isinstance(value, (int, float)) else ""


def class_of(value: object) -> str:
    """The name of a class, a text or a number; "" where there is none. 3.0 and 3 are one class."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)
    return text(value)


class Judge:
    """Tells the failed from the rest by the texts of a record: status, exception, level."""

    def __init__(self, form: Format) -> None:
        roles = [field.role for field in form.texts]
        self._status = roles.index("status") if "status" in roles else None
        self._exception = roles.index("exception") if "exception" in roles else None
        self._level = roles.index("level") if "level" in roles else None

    def status(self, texts: tuple[str, ...]) -> str:
        """The status, "" where there is none."""
        return texts[self._status] if self._status is not None else ""

    def fault(self, texts: tuple[str, ...]) -> str:
        """The type of the error: the exception, else the status, else the level; "" where it is none."""
        if self._exception is not None and texts[self._exception]:
            return texts[self._exception]
        status = self.status(texts)
        if status.lower() in FAILED_STATUSES or (len(status) == 3 and status[0] == "5" and status.isdigit()):
            return status
        level = texts[self._level].upper() if self._level is not None else ""
        return FAILED_LEVELS.get(level, "")
