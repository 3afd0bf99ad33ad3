"""Variables of the environment in the texts of a configuration, as a shell writes them.

    ${NAME}             its value; that it is not set is a fault
    ${NAME:-default}    the default where it is not set or empty
    ${NAME:?message}    the message as a fault where it is not set or empty
    $$                  a dollar

Only values are looked at, never keys, and never the files that hold secrets. What comes out is not looked
at again. Messages show a text as it was written: a variable may hold what nobody should read in a log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.config.fault import Expanded, Refusal, Refused, quoted

_DOLLAR = re.compile(r"\$\$|\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::([-?])([^$]*))?")
ALLOWED = '"${NAME}", "${NAME:-default}", "${NAME:?message}", or "$$" for a dollar'


def has_variables(value: object) -> bool:
    """Whether a variable stands in one of the texts of a TOML value."""
    if isinstance(value, dict):
        return any(map(has_variables, value.values()))
    if isinstance(value, list):
        return any(map(has_variables, value))
    return isinstance(value, str) and any(match[0] != "$$" for match in _DOLLAR.finditer(value))


def expand(value: object, environment: Mapping[str, str]) -> object:
    """A TOML value with the variables in all its texts replaced.

    Raises:
        Refused: one is not set, or is not written as above; names the part of the value.
    """
    refusals: list[Refusal] = []
    found = _expand(value, environment, (), refusals)
    if refusals:
        raise Refused(*refusals)
    return found


def _expand(
    value: object, environment: Mapping[str, str], inside: tuple[str | int, ...], refusals: list[Refusal]
) -> object:
    if isinstance(value, dict):
        return {key: _expand(one, environment, (*inside, key), refusals) for key, one in value.items()}
    if isinstance(value, list):
        return [_expand(one, environment, (*inside, at), refusals) for at, one in enumerate(value)]
    if not isinstance(value, str) or "$" not in value:
        return value
    try:
        text = _DOLLAR.sub(lambda match: _replaced(match, environment), value)
    except Refused as refused:
        refusals.extend(refusal._replace(inside=inside) for refusal in refused.refusals)
        return value
    return Expanded(text, written=value)


def _replaced(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match[0] == "$$":
        return "$"
    inside = _INSIDE.fullmatch(match[1]) if match[2] else None
    if inside is None:
        raise Refused(Refusal(f"{quoted(match[0])} is no variable", ALLOWED))
    name, how, rest = inside.groups()
    found = environment.get(name)
    if how is None and found is None:
        raise Refused(Refusal(f"the variable {name} is not set", f'a set one, or "${{{name}:-default}}"'))
    if how == "?" and not found:
        said = f": {quoted(rest)[1:-1]}" if rest else ""
        raise Refused(Refusal(f"the variable {name} is not set{said}", "a set one"))
    return (found or rest) if how == "-" else found or ""
