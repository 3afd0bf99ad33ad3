"""Takes out of texts what may not be kept or sent: addresses, numbers of cards and phones, tokens and keys.

Every rule goes through a text in time that grows with its length alone: what a rule repeats is bounded, and
texts are cut to `LONGEST` before. What was taken out is named in its place: `[email]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import NamedTuple

LONGEST = 4096

_NAMED = (
    r"(?:api[_-]?key|(?:access|private|signing|account)[_-]?key|secret|pass(?:wor[dt]|wd|phrase)|pwd|token"
    r"|credentials?|session[_-]?id)"
)
_QUERY_NAMES = r"(?:(?:[\w-]{0,32}[_-])?(?:key|sig|signature|auth|credential|session)|code|jwt|pass|pw|sid)"
_DONE = r"(?!\[(?:key|token|email|ip|card|phone|redacted)\]|(?:bearer|basic) \[)"
_IS = r"(?:\\?[\"'])?[ ]{0,8}[:=]\s{0,32}"
"""Between a name and its value, in JSON inside of JSON too, and where the value stands on the next line."""
_OF_SEVERAL = r"(?:digest|aws4-[\w-]{1,24}|hawk|oauth|negotiate|ntlm)"
"""Ways to log in whose proof has several parts."""
_QUOTED = r"""\\"(?:(?!\\").)*(?:\\")?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?"""
_ESCAPE = re.compile(r"\\u00([2-6][0-9A-Fa-f]|7[0-9A-Ea-e])|\\/")
"""A sign that some write by its number in JSON: `\\u003d` for an equals sign, `\\/` for a slash."""
_LOGIN = re.compile(r"(?<=://)[^\s/@\"']+\Z")
_BEGUN = re.compile(r"(?:[+(]?\d[\d ().-]{0,40})?[\w.%+@:~-]{0,128}\Z")
_REACH = 170
"""Characters at the end of a text that was cut, in which something may begin that its rest would tell."""
_CARDS = [
    re.compile(rf"{layout}(?!\d)", re.ASCII)
    for layout in (
        r"\d{13,19}",
        r"\d{4}([ -])\d{6}\1\d{4,5}",
        r"(?:\d{4}([ -]))(?:\d{4}\1){2}\d{1,4}",
        r"(?:\d{4}([ -]))(?:\d{4}\1){3}\d{3}",
    )
]
"""How the digits of a card are set."""
_GROUP = re.compile(r"\d+", re.ASCII)


class Rule(NamedTuple):
    """What is looked for, and what stands in its place."""

    pattern: re.Pattern[str]
    put: str | Callable[[re.Match[str]], str]


def _sign(found: re.Match[str]) -> str:
    """What an escape stands for; one that JSON cannot do without stays."""
    sign = chr(int(found[1], 16)) if found[1] else "/"
    return found[0] if sign in '"\\' else sign


def _card(found: re.Match[str]) -> str:
    """Without a card's number: all digits, or, beside other numbers, those that are set as on a card."""
    text = found[0]
    if _is_card(text):
        return "[card]"
    kept, at = [], 0
    for group in _GROUP.finditer(text):
        cards = (layout.match(text, group.start()) for layout in _CARDS if group.start() >= at)
        card = next((each for each in cards if each and _is_card(each[0])), None)
        if card is not None:
            kept += [text[at : card.start()], "[card]"]
            at = card.end()
    return "".join([*kept, text[at:]])


def _is_card(text: str) -> bool:
    """Whether 13 to 19 digits pass Luhn's check."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _address(found: re.Match[str]) -> str:
    try:
        ip_address(found[0])
    except ValueError:
        return found[0]
    return "[ip]"


def _phone(found: re.Match[str]) -> str:
    """Nine to fifteen digits with a plus before them, or in groups; no dates and times."""
    digits = sum(char.isdigit() for char in found[0])
    groups = len(re.findall(r"\d+", found[0]))
    dated = re.match(r"\d{4}-\d\d-\d\d|\d\d-\d\d-\d{4}|\d+\.\d+$", found[0])
    return "[phone]" if 9 <= digits <= 15 and not dated and (found[0][0] == "+" or groups >= 3) else found[0]


RULES = (
    Rule(re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^$]*"), "[key]"),
    Rule(
        re.compile(
            rf"(authorization{_IS}[\"'\\]{{0,2}})(?!\[|(?:bearer|basic)\s)"
            rf"(?:{_OF_SEVERAL} [^\r\n]+|(?:[a-z][\w-]{{0,24}} +)?[^\s\"',;&)}}\]\\]+)",
            re.IGNORECASE,
        ),
        r"\1[token]",
    ),
    Rule(re.compile(rf"(cookie{_IS}[\"'\\]{{0,2}})(?!\[)[^\r\n\"'\\]+", re.IGNORECASE), r"\1[key]"),
    Rule(re.compile(r"\b(bearer|basic)\s{1,32}[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), r"\1 [token]"),
    Rule(
        re.compile(r"\beyJ[A-Za-z0-9_-]{6,2048}\.[A-Za-z0-9_-]{1,2048}(?:\.[A-Za-z0-9_-]{0,2048})?"),
        "[token]",
    ),
    Rule(
        re.compile(
            r"\b(?:[sprh][kf][-_][A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|AKIA[0-9A-Z]{12,}"
            r"|github_pat_\w{16,}|xox[abprs]-[A-Za-z0-9-]{8,}|glpat-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{20,})"
        ),
        "[key]",
    ),
    Rule(re.compile(r"(?<=://)[^\s/@:\"']{0,256}:[^\s/@\"']{1,256}(?=@)"), "[key]"),
    Rule(
        re.compile(
            rf"({_NAMED}{_IS}){_DONE}"
            rf"(?:{_QUOTED}|[^\s\"',;&)}}\]\\]+)",
            re.IGNORECASE | re.DOTALL,
        ),
        r"\1[key]",
    ),
    Rule(re.compile(rf"([?&]{_QUERY_NAMES}=){_DONE}[^&\s\"'#\\]+", re.IGNORECASE), r"\1[key]"),
    Rule(
        re.compile(
            r"(?<![\w.%+-])[\w.%+-]{1,64}?(?:@|%40)[\w-]{1,63}(?:(?:\.[\w-]{1,63}){1,8}|\Z)", re.IGNORECASE
        ),
        "[email]",
    ),
    Rule(re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,}(?![\w-])", re.ASCII), _card),
    Rule(re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", re.ASCII), _address),
    Rule(re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])"), _address),
    Rule(re.compile(r"(?<![\w.+-])(?:\+|\()?\d[\d ().-]{6,18}\d(?![\w])", re.ASCII), _phone),
)
"""In this order: a rule sees what those before it left."""


class Redactor:
    """Takes out what the rules and patterns of the user's own find.

    Args:
        patterns: further patterns, as `regexes.fault` lets pass; what they match becomes `[redacted]`.
        allowed: keys of fields that are kept as they are.
    """

    def __init__(self, patterns: Iterable[str] = (), allowed: Iterable[str] = ()) -> None:
        self._rules = (*(Rule(re.compile(pattern), "[redacted]") for pattern in patterns), *RULES)
        self._allowed = frozenset(allowed)

    def text(self, text: str) -> str:
        """A text without what may not be kept, cut to `LONGEST` characters."""
        kept = _ESCAPE.sub(_sign, text[:LONGEST])
        for rule in self._rules:
            kept = rule.pattern.sub(rule.put, kept)
        return ended(kept, cut=len(text) >= LONGEST)

    def field(self, key: str, text: str) -> str:
        """The same of a field's value, unless the field is allowed."""
        return text if key in self._allowed else self.text(text)


def ended(text: str, *, cut: bool) -> str:
    """A text without what may not be kept; one that was `cut` before that was taken out loses its last word
    and the numbers before it too: no rule knows half an address, or three quarters of a card's number."""
    if not cut:
        return text
    login = _LOGIN.search(text)
    begun = _BEGUN.search(text, max(0, len(text) - _REACH)) if login is None else login
    return text if begun is None else text[: begun.start()]
