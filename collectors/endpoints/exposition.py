"""What a `/metrics` page says: Prometheus' text format 0.0.4 and OpenMetrics text, one reader for both.

Only samples whose names are wanted are taken apart; a line that is none is counted and left out. What a
server may write without bound is bounded here: the length of a line, labels, samples, families.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from collectors.api import Attributes

LONGEST = 16384
"""Bytes of a line."""
LABELS = 64
"""Labels of a sample."""
SAMPLES = 10_000
"""Samples taken from one page."""
ALL_LABELS = 80_000
"""Labels of all of these."""
MALFORMED = 10_000
"""Lines that are none, after which nothing more of a page is taken."""
FAMILIES = 4096
"""Families whose kind and unit are remembered."""

Wanted = Callable[[str], bool]
"""Whether a sample of this name is to be taken."""

_LINE = re.compile(rb"[^\n]+")
_NAME = re.compile(rb"[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)")
_NAMED = re.compile(r"(?::|[^\W\d])[\w.:/ -]{0,127}")
"""What may be the name of a metric or a label in quotes, which might be anything: no address, no escapes."""
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SAMPLE = re.compile(
    r"[ \t]*(?:(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*)?"
    rf'(?:\{{(?P<labels>(?:[^"}}]|{_QUOTED})*)\}}[ \t]*|(?<=[ \t]))(?P<rest>\S.*)'
)
_LABEL = re.compile(
    rf'[ \t]*(?:(?P<name>[a-zA-Z_][a-zA-Z0-9_]*|{_QUOTED})[ \t]*=[ \t]*)?"(?P<value>(?:[^"\\]|\\.)*)"'
    r"[ \t]*(?:,|$)"
)
_META = re.compile(r"[ \t]*#[ \t]+(TYPE|UNIT)[ \t]+(\S+)[ \t]+(\S+)[ \t]*$")
_EOF = re.compile(rb"# EOF[ \t\r]*$")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[Ii]nf(?:inity)?|[Nn]a[Nn]")


class Page(NamedTuple):
    """What was read.

    Args:
        samples: value by name, then by labels, these sorted by their names; of two that are alike the first.
        kinds: what `# TYPE` says, by family: "counter", "gauge", "histogram", ...
        units: what `# UNIT` says, by family.
        malformed: lines that are none, and samples that were there before.
        beyond: samples after too many, or after too many labels; lines after too many that are none.
    """

    samples: dict[str, dict[Attributes, float]]
    kinds: dict[str, str]
    units: dict[str, str]
    malformed: int = 0
    beyond: int = 0


def read(body: bytes, wanted: Wanted) -> Page:
    """The samples of a page whose names are `wanted`."""
    page = Page({}, {}, {})
    asked = _once(wanted)
    malformed = beyond = taken = told = 0
    for line in _lines(body):
        if malformed >= MALFORMED:
            beyond += 1
        elif len(line) > LONGEST:
            malformed += 1
        elif line.startswith(b"#"):
            if _EOF.match(line):
                break
            _meta(line, page)
        elif (begun := _NAME.match(line)) is not None and not asked(begun[1].decode()):
            continue
        elif taken >= SAMPLES or told >= ALL_LABELS:
            beyond += 1
        else:
            sample = _sample(line)
            if sample is None:
                malformed += 1
            elif not asked(sample.name):
                continue
            elif sample.labels in (rows := page.samples.setdefault(sample.name, {})):
                malformed += 1
            else:
                rows[sample.labels] = sample.value
                taken += 1
                told += len(sample.labels)
    return page._replace(malformed=malformed, beyond=beyond)


def number(text: str) -> float | None:
    """A value as the formats write it; None if it is none."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _lines(body: bytes) -> Iterator[bytes]:
    """Each line that is not blank, without its end."""
    for found in _LINE.finditer(body):
        line = found[0].rstrip(b"\r")
        if line and not line.isspace():
            yield line


def _once(wanted: Wanted) -> Wanted:
    """The same, asked once a name: a histogram has dozens of samples of one."""
    known: dict[str, bool] = {}

    def asked(name: str) -> bool:
        if name not in known:
            if len(known) >= FAMILIES:
                known.clear()
            known[name] = wanted(name)
        return known[name]

    return asked


def _meta(line: bytes, page: Page) -> None:
    """Remember what a comment says of a family."""
    found = _META.match(line.decode("utf-8", "replace"))
    if found is None:
        return
    kept = page.kinds if found[1] == "TYPE" else page.units
    if len(kept) < FAMILIES:
        name = _unescaped(found[2][1:-1]) if found[2][0] == '"' else found[2]
        kept.setdefault(name, found[3])


class _Sample(NamedTuple):
    name: str
    labels: Attributes
    value: float


def _sample(line: bytes) -> _Sample | None:
    """A sample's name, labels and value; its time and what exemplifies it are left out."""
    parts = _SAMPLE.fullmatch(line.decode("utf-8", "replace"))
    if parts is None:
        return None
    value = _value(parts["rest"])
    named = _labels(parts["name"] or "", parts["labels"] or "")
    return None if value is None or named is None else _Sample(*named, value)


def _value(rest: str) -> float | None:
    """The value in `VALUE [TIME] [# EXEMPLAR]`."""
    told = rest.partition(" # ")[0].split()
    if not 1 <= len(told) <= 2 or (len(told) == 2 and number(told[1]) is None):
        return None
    return number(told[0])


def _labels(name: str, text: str) -> tuple[str, Attributes] | None:
    """Name and labels; a name in quotes may stand first among the labels."""
    labels: dict[str, str] = {}
    at = 0
    while at < len(text) and not text[at:].isspace():
        found = _LABEL.match(text, at)
        if found is None or len(labels) >= LABELS:
            return None
        key, value = found["name"], _unescaped(found["value"])
        if key is None:
            if name or labels:
                return None
            name = value
        else:
            key = _unescaped(key[1:-1]) if key[0] == '"' else key
            if key in labels or not _NAMED.fullmatch(key):
                return None
            labels[key] = value
        at = found.end()
    return (name, tuple(sorted(labels.items()))) if _NAMED.fullmatch(name) else None


def _unescaped(text: str) -> str:
    """Without the escapes; one that is unknown stands for itself, as in Prometheus' own readers."""
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: {"n": "\n", "\\": "\\", '"': '"'}.get(found[1], found[0]), text)
