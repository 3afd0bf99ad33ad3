"""Settings with variables in them, shown as they are written: what a variable holds may be a secret."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agent.config.fault import dotted
from agent.config.forms import basic
from agent.config.variables import has_variables

Templates = Mapping[str, object]
"""By dotted key, TOML values with variables in them as the file has them."""

NONE: Templates = MappingProxyType({})


def templates(key: tuple[str | int, ...], value: object) -> dict[str, object]:
    """This value, and those in it if it is a table, as far as there are variables in them."""
    if not has_variables(value):
        return {}
    found = {dotted(key): value}
    for name, inner in value.items() if isinstance(value, dict) else ():
        found.update(templates((*key, name), inner))
    return found


def shown(written: Templates, key: str, plain: str) -> str:
    """A setting for people: in TOML as it was written if a variable is in it, else `plain`."""
    return toml(written[key]) if key in written else plain


def toml(value: object) -> str:
    """A TOML value as a file may have it, on one line."""
    if isinstance(value, str):
        return basic(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{dotted((key,))} = {toml(one)}' for key, one in value.items())} }}"
    return str(value)
