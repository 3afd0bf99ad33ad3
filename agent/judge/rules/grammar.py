"""One line of a rule, `when = "hw.temperature{hw.name='cpu*'} > 85 Cel for 2m"`, as data.

    rule     := value op level [ "for" duration ]  |  "no" selector "for" duration
    value    := selector  |  function "(" selector ")"  |  "share" "(" selector "," selector ")" [ by ]
    function := mean min max, or a quantile: p50 p75 p90 p95 p99 p999 ...
    by       := "by" attribute ["," ...]
    selector := metric [ "{" attribute "=" pattern ["," ...] "}" ]     a pattern in quotes, ' or "
    op       := > >= < <= == !=
    level    := number [unit] ["/s"]                                   85, 85 Cel, 90%, 2 GiB, 10 MiB/s

Metric and patterns may hold `*`, `?` and `[...]` as in a shell. A level is kept in the base unit of the
series; a counter is compared by its rate a second, so its level is a rate, with or without "/s". A function
is of histograms; a share is one of counters, between 0 and 1 where one holds the other.
Nothing here can run for long: texts are of bounded length, and every part is read once, left to right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from agent.judge.rules.rule import Rule, Selector

LONGEST = 512
"""Characters of a rule."""

MOST_ATTRIBUTES = 8
LONGEST_FOR = 30 * 86400.0

FORM = (
    'METRIC[{attribute="pattern"}] > NUMBER[unit] [for DURATION], or no METRIC[{...}] for DURATION; '
    "in place of METRIC[{...}] also p99(METRIC[{...}]), with p50 to p999, mean, min or max, or "
    "share(METRIC[{...}], METRIC[{...}]) [by ATTRIBUTE, ...]"
)

# Base unit -> units as people write them, and how many base units each is; below zero, how many of them
# make one: 90% is exactly the double 0.9 then.
_WRITTEN: Mapping[str, Mapping[str, int]] = {
    "1": {"%": -100},
    "s": {"ns": -(10**9), "us": -(10**6), "ms": -1000, "s": 1, "min": 60, "h": 3600, "d": 86400},
    "By": {
        "B": 1,
        "By": 1,
        "KB": 1000,
        "MB": 10**6,
        "GB": 10**9,
        "TB": 10**12,
        "KiB": 2**10,
        "MiB": 2**20,
        "GiB": 2**30,
        "TiB": 2**40,
    },
    "Cel": {"Cel": 1, "°C": 1},
    "W": {"mW": -1000, "W": 1, "kW": 1000},
    "J": {"J": 1, "kJ": 1000, "Wh": 3600, "kWh": 3_600_000},
    "V": {"mV": -1000, "V": 1},
    "A": {"mA": -1000, "A": 1},
    "Hz": {"Hz": 1, "kHz": 1000, "MHz": 10**6, "GHz": 10**9},
    "rpm": {"rpm": 1},
    "dB": {"dB": 1},
    "dBm": {"dBm": 1},
}
UNITS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {word: (base, scale) for base, words in _WRITTEN.items() for word, scale in words.items()}
)

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BLANK = re.compile(r"[ \t]*")
_METRIC = re.compile(r"[A-Za-z0-9_.*?\[\]-]{1,128}")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PATTERN = re.compile(r"\"[^\"]{0,128}\"|'[^']{0,128}'")
_OPERATOR = re.compile(r"[<>=!]=|[<>]")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,3})?")
_UNIT = re.compile(r"%|(?!for(?![A-Za-z]))°?[A-Za-z]{1,8}|\{[A-Za-z0-9_.]{1,32}\}")
_PER_SECOND = re.compile(r"/[ \t]*s(?![A-Za-z])")
_DURATION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|[smhdw])(?![A-Za-z])")
_CALL = re.compile(r"[A-Za-z0-9_]{1,32}(?=[ \t]*\()")
_FUNCTION = re.compile(r"mean|min|max|p(?!00)[0-9]{2}|p9[0-9]{2}")
_WORD = re.compile(r"[A-Za-z]{1,8}(?![A-Za-z0-9_.*?\[-])")


class _Reader:
    """Takes one part after the other from a rule's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def take(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """The next part if it is of this form, blanks before it skipped."""
        self._skip()
        found = form.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def need(self, form: re.Pattern[str], allowed: str) -> str:
        """The next part, which must be of this form."""
        found = self.take(form)
        if found is None:
            self.fail(allowed)
        return found[0]

    def mark(self, char: str) -> bool:
        """Take one character, if it is the next."""
        self._skip()
        here = self._text.startswith(char, self._at)
        self._at += len(char) if here else 0
        return here

    def word(self, word: str) -> bool:
        """Take a whole word, if it is the next."""
        self._skip()
        found = _WORD.match(self._text, self._at)
        here = found is not None and found[0] == word
        self._at += len(word) if here else 0
        return here

    def end(self, allowed: str) -> None:
        """Nothing may follow."""
        self._skip()
        if self._at < len(self._text):
            self.fail(allowed)

    def fail(self, allowed: str) -> NoReturn:
        """Raise ValueError: what is allowed here, and what was found."""
        rest = self._text[self._at : self._at + 40]
        found = ascii(rest) if rest else "its end"
        raise ValueError(f"{allowed} is expected at character {self._at + 1}, not {found}")

    def _skip(self) -> None:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at


def parse(when: str, clear: str = "") -> Rule:
    """The rule that `when` writes; `clear` is a level in the same unit, which need not be repeated.

    Raises:
        ValueError: it is none. The text says what is allowed where, and what was found.
    """
    if len(when) > LONGEST:
        raise ValueError(f"at most {LONGEST} characters are allowed, not {len(when)}")
    if not when.strip():
        raise ValueError(f"{FORM} is expected, not an empty text")
    reader = _Reader(when)
    if not reader.word("no"):
        return _threshold(reader, clear)
    if clear:
        raise ValueError("a clear level goes with a level only: an absence is over when a value comes")
    selector = _selector(reader)
    if not reader.word("for"):
        reader.fail("`for` and a duration, as in `no outrider.up for 5m`,")
    return Rule(selector, seconds=_duration(reader))


def is_level(text: str) -> bool:
    """Whether this may be a clear level: a number, with a unit or without."""
    reader = _Reader(text)
    try:
        _level(reader)
        reader.end("the end")
    except ValueError:
        return False
    return len(text) <= LONGEST


def _threshold(reader: _Reader, clear: str) -> Rule:
    value = _value(reader)
    op = reader.need(_OPERATOR, "one of > >= < <= == !=")
    level = _level(reader)
    seconds = 0.0
    if reader.word("for"):
        seconds = _duration(reader)
    reader.end("`for` and a duration, or the end of the rule,")
    if value.whole is not None and (level.rate or level.unit not in ("", "1")):
        raise ValueError(f"a share takes a level in % or without unit, not in {level.unit or 'one a second'}")
    over = _clear(clear, op, level) if clear else None
    return value._replace(
        op=op, level=level.value, unit=level.unit, rate=level.rate, seconds=seconds, clear=over
    )


def _value(reader: _Reader) -> Rule:
    """What is compared, as a rule that lacks the rest."""
    call = reader.take(_CALL)
    if call is None:
        return Rule(_selector(reader))
    name = call[0]
    if name != "share" and not _FUNCTION.fullmatch(name):
        raise ValueError(
            f"one of the functions p50 p75 p90 p95 p99 p999 (p and two digits, or three from p900 on), "
            f"mean, min, max and share is expected, not {name!a}"
        )
    reader.mark("(")
    selector, whole = _selector(reader), None
    if name == "share":
        if not reader.mark(","):
            reader.fail("`,` and the metric that it is a share of")
        whole = _selector(reader)
    if not reader.mark(")"):
        reader.fail("`)`")
    if whole is None:
        return Rule(selector, function=name)
    return Rule(selector, whole=whole, by=_by(reader) if reader.word("by") else ())


def _by(reader: _Reader) -> tuple[str, ...]:
    names = [reader.need(_ATTRIBUTE, "the name of an attribute")]
    while reader.mark(","):
        if len(names) == MOST_ATTRIBUTES:
            reader.fail(f"a comparison after at most {MOST_ATTRIBUTES} attributes")
        names.append(reader.need(_ATTRIBUTE, "the name of an attribute"))
    if len(set(names)) < len(names):
        raise ValueError("each attribute after `by` is expected once")
    return tuple(names)


def _selector(reader: _Reader) -> Selector:
    metric = reader.need(_METRIC, "the name of a metric, such as hw.temperature,")
    if not reader.mark("{"):
        return Selector(metric)
    attributes = [_attribute(reader)]
    while reader.mark(","):
        if len(attributes) == MOST_ATTRIBUTES:
            reader.fail(f"`}}` after at most {MOST_ATTRIBUTES} attributes")
        attributes.append(_attribute(reader))
    if not reader.mark("}"):
        reader.fail("`,` and another attribute, or `}`,")
    return Selector(metric, tuple(attributes))


def _attribute(reader: _Reader) -> tuple[str, str]:
    name = reader.need(_ATTRIBUTE, "the name of an attribute")
    if not reader.mark("="):
        reader.fail("`=` and a pattern in quotes")
    return name, reader.need(_PATTERN, "a pattern in quotes, of at most 128 characters,")[1:-1]


class _Level(NamedTuple):
    """A level in its base unit, and the scale of the unit that it was written in."""

    value: float
    unit: str
    rate: bool
    scale: int


def _level(reader: _Reader, same: _Level | None = None) -> _Level:
    """A number and its unit; without one it has that of `same`."""
    number = float(reader.need(_NUMBER, "a number, such as 85 or 0.9,"))
    word = reader.take(_UNIT)
    per_second = reader.take(_PER_SECOND) is not None
    if word is None and same is not None:
        base, scale = same.unit, same.scale
        per_second = per_second or same.rate
    else:
        base, scale = _unit(word[0]) if word is not None else ("", 1)
    value = number * scale if scale > 0 else number / -scale
    if not math.isfinite(value):
        reader.fail("a number below 1e308")
    return _Level(value, base, per_second, scale)


def _unit(word: str) -> tuple[str, int]:
    if word.startswith("{"):
        return word, 1
    if word not in UNITS:
        raise ValueError(f"one of the units {' '.join(UNITS)} is expected, not {word!a}")
    return UNITS[word]


def _duration(reader: _Reader) -> float:
    """Seconds; several parts are added, as in 1h30m."""
    allowed = "a duration such as 30s, 5m or 1h30m"
    total = _seconds(reader.need(_DURATION, allowed))
    while (more := reader.take(_DURATION)) is not None:
        total += _seconds(more[0])
    reader.end("the end of the rule")
    if not 0 < total <= LONGEST_FOR:
        raise ValueError(f"`for` takes more than 0s and at most {LONGEST_FOR / 86400:g}d, not {total:g} s")
    return total


def _seconds(part: str) -> float:
    number = part.rstrip("mshdw")
    return float(number) * _SECONDS[part[len(number) :]]


def _clear(text: str, op: str, level: _Level) -> float:
    """The level that ends the alert.

    Raises:
        ValueError: it is none, is of another unit, or lies beyond the level that begins it.
    """
    if op in ("==", "!="):
        raise ValueError(f"a clear level goes with > >= < <= only, not with {op}")
    if len(text) > LONGEST:
        raise ValueError(f"a clear level of at most {LONGEST} characters is allowed, not {len(text)}")
    reader = _Reader(text)
    over = _level(reader, level)
    reader.end("a number with its unit, and nothing more,")
    if over.unit != level.unit:
        raise ValueError(f"a clear level in {level.unit or 'no unit'} is expected, not in {over.unit}")
    if over.value > level.value if op in (">", ">=") else over.value < level.value:
        side = "at most" if op in (">", ">=") else "at least"
        raise ValueError(f"a clear level of {side} {level.value:g} is expected, not {over.value:g}")
    return over.value
