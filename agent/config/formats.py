"""Settings of formats of the user's own: which field of a log's lines plays which role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple

from agent.config.fault import Refusal, Refused, quoted
from agent.config.forms import Choice, Schema, Texts, text
from agent.config.names import Name
from agent.config.section import Pairs, Section, Setting, section
from collectors.logs.formats.roles import CATEGORY, CLASSES, FEATURE, NUMBERS, OTHERS, OUTCOMES, TEXTS, is_key

if TYPE_CHECKING:
    from collectors.logs.formats.format import Format as Made

FORMATS = 32
LONGEST = 1024


class Regexes(NamedTuple):
    """An array of regular expressions, whose time grows by at most the power `power` of a line's length."""

    most: int = 16
    power: int = 3

    def read(self, value: object) -> tuple[str, ...]:
        """The expressions, in their order."""
        if not isinstance(value, list) or len(value) > self.most:
            raise Refused(Refusal(f"{quoted(value)} is no such array", self.allowed()))
        from collectors.logs.formats.regexes import fault

        wrong = [(at, why) for at, each in enumerate(value) if (why := fault(each, self.power))]
        if wrong:
            raise Refused(
                *(Refusal(f"{quoted(value[at])} {why}", self.allowed(), (at,)) for at, why in wrong)
            )
        return tuple(map(str, value))

    def allowed(self) -> str:
        """How many, and of what."""
        return (
            f"an array of at most {self.most} regular expressions of at most {LONGEST} characters, whose "
            f"time grows by at most the power {self.power} of a line's length"
        )

    def show(self, value: object) -> str:
        """In TOML."""
        return f"[{', '.join(map(text, value))}]" if isinstance(value, tuple) else "[]"

    def schema(self) -> Schema:
        """In JSON schema."""
        each = {"type": "string", "maxLength": LONGEST}
        return {"type": "array", "maxItems": self.most, "items": each}


def keys(most: int = 8) -> Texts:
    """What names fields of a line, in an array."""
    each: Schema = {"type": "string", "minLength": 1, "maxLength": 128}
    return Texts(
        is_key, "no key", "keys of 1 to 128 characters, none a control, quote or backslash", each, most
    )


class Source:
    """Which field of a line it is, and the unit of its numbers."""

    def read(self, value: object) -> str:
        """As it was written."""
        from collectors.logs.formats.format import field_of

        if not isinstance(value, str):
            raise Refused(Refusal(f"{quoted(value)} is no text", self.allowed()))
        try:
            field_of("latency", str(value))
        except ValueError as error:
            raise Refused(Refusal(f"{quoted(value)}: {error}", self.allowed())) from None
        return value

    def allowed(self) -> str:
        """The grammar."""
        return "KEY or KEY in UNIT, such as took in ms; dots lead into JSON objects"

    def show(self, value: object) -> str:
        """In TOML."""
        return text(value)

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "minLength": 1, "maxLength": 256}


ROLES = "|".join([*NUMBERS, *OUTCOMES, *CLASSES, *TEXTS, *OTHERS, FEATURE.pattern, CATEGORY.pattern])


class Format(NamedTuple):
    """A format of logs of your own; `outrider logs explain FILE` writes one to begin with."""

    name: Annotated[str, Setting(Name(), "What it is called where a log names its format.", '"mine"')]
    kind: Annotated[
        str,
        Setting(
            Choice("json", "logfmt", "regex"),
            "How a line is taken apart: a JSON object, pairs key=value, or patterns.",
        ),
    ] = "json"
    fields: Annotated[
        Mapping[str, str],
        Setting(
            Pairs(Source(), 64, ROLES, "roles (collectors/logs/README.md lists them)"),
            "Which field plays which role; the unit of a bare number, unless its name ends in it.",
            'latency = "took in ms"',
        ),
    ] = MappingProxyType({})
    patterns: Annotated[
        tuple[str, ...],
        Setting(
            Regexes(),
            "Of regex: the first that matches from the start of a line holds. A named group is a field, and "
            "plays the role of its name, such as (?P<latency_ms>[0-9.]+).",
        ),
    ] = ()
    parts: Annotated[
        tuple[str, ...],
        Setting(
            Regexes(),
            "Of regex: looked for anywhere in a line that a pattern matched, in any order.",
        ),
    ] = ()
    attributes: Annotated[
        tuple[str, ...], Setting(keys(), "Further fields by which records are told apart, with few values.")
    ] = ()
    family: Annotated[
        str,
        Setting(
            Choice("model", "http", "gen_ai"),
            "Whose metric the latency is: model.request.duration, http.server.request.duration or "
            "gen_ai.server.request.duration.",
        ),
    ] = "model"


class Redact(NamedTuple):
    """What is taken out of texts of logs before anything is kept or sent, beside e-mail and IP addresses,
    numbers of cards and phones, tokens and keys.
    """

    patterns: Annotated[
        tuple[str, ...], Setting(Regexes(power=1), "What one of these finds becomes [redacted].")
    ] = ()
    allow: Annotated[
        tuple[str, ...], Setting(keys(64), "Keys of fields whose values are kept as they are.")
    ] = ()


def format_section() -> Section:
    """The settings of one format."""
    return section(Format)


def own_formats(forms: Iterable[Format]) -> dict[str, Made]:
    """The user's formats by name."""
    return {form.name: made(form) for form in forms}


def form_named(name: str, own: Mapping[str, Made]) -> Made | str:
    """The format of this name; `auto`, `json` and `logfmt` stay words: lines must tell the rest."""
    from collectors.logs.formats.presets import PRESETS

    return own.get(name) or PRESETS.get(name) or name


def made(form: Format) -> Made:
    """A format as the reader of logs takes it: named groups first, then what `fields` says."""
    from collectors.logs.formats.format import Format as Made
    from collectors.logs.formats.format import field_of
    from collectors.logs.formats.presets import fields_of

    own = tuple(field_of(role, spec) for role, spec in form.fields.items())
    roles = {field.role for field in own}
    groups = [field for field in fields_of([*form.patterns, *form.parts]) if field.role not in roles]
    return Made(
        form.name,
        form.kind,  # type: ignore[arg-type]  # a Choice of these
        (*groups, *own),
        form.patterns,
        form.parts,
        form.family,  # type: ignore[arg-type]
        form.attributes,
    )
