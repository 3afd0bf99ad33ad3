"""JSON lines: one object a line, of which only the fields asked for are decoded.

The rest of a line is skipped, checked for its grammar but not built: a bomb of brackets or a long text
beside the fields costs no memory. A key that comes twice has its last value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from collectors.logs.formats.states import Strange

_SCALAR = msgspec.json.Decoder(str | bool | int | float | None)
# Texts are stepped over.
_STRANGE = re.compile(rb'"(?:[^"\\]|\\.)*+"|((?<![\w.-])(?:NaN|-?Infinity)(?!\w))')
NOTHING: Mapping[str, object] = MappingProxyType({})


class _Object:
    """The fields wanted of an object: scalars by name, objects inside it by theirs."""

    def __init__(self, paths: Iterable[tuple[tuple[str, ...], str]]) -> None:
        self.leaves: dict[str, str] = {}
        inside: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for path, key in paths:
            if len(path) == 1:
                self.leaves[path[0]] = key
            else:
                inside.setdefault(path[0], []).append((path[1:], key))
        self.inside = {name: _Object(rest) for name, rest in inside.items()}
        names = list(dict.fromkeys([*self.leaves, *self.inside]))
        slots = {name: f"f{place}" for place, name in enumerate(names)}
        fields: list[Any] = [(slot, msgspec.Raw, msgspec.Raw()) for slot in slots.values()]
        wanted = msgspec.defstruct(
            "Wanted", fields, rename={slot: name for name, slot in slots.items()}, gc=False
        )
        self.decode = msgspec.json.Decoder(wanted).decode
        self.slots = slots

    def gather(self, raw: bytes | msgspec.Raw, found: dict[str, object]) -> bool:
        """Add what an object has; False: it is none."""
        try:
            wanted = self.decode(raw)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return False
        for name, slot in self.slots.items():
            part = getattr(wanted, slot)
            if name in self.leaves and (value := scalar(part)) is not None:
                found[self.leaves[name]] = value
            if name in self.inside:
                self.inside[name].gather(part, found)
        return True


def scalar(raw: msgspec.Raw) -> object:
    """A text, number or truth value; None for what is none or absent, else what is `Strange`."""
    try:
        return _SCALAR.decode(raw)
    except (msgspec.DecodeError, ValueError):
        first = bytes(raw)[:1]
        return None if not first else Strange.OTHER if first in b'{["' else Strange.HUGE


class JsonLines:
    """Reads the fields of these keys; a dot leads into an object."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._object = _Object([(tuple(key.split(".")), key) for key in keys])

    def fields(self, line: bytes) -> Mapping[str, object] | None:
        """What a line says of the keys; None: it is no JSON object."""
        found: dict[str, object] = {}
        if self._object.gather(line, found):
            return found
        if b"NaN" in line or b"Infinity" in line:
            return found if self._object.gather(_STRANGE.sub(_quoted, line), found) else None
        return None


def _quoted(match: re.Match[bytes]) -> bytes:
    """A number that JSON does not have, but Python prints, as a text."""
    return b'"%b"' % match[0] if match[1] else match[0]
