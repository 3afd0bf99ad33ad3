"""What was pressed: the bytes a terminal sends, as names of keys. Pure."""

from __future__ import annotations

import re

_NAMES = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "\x1b[F": "end",
    "\x1bOF": "end",
    "\x1b[4~": "end",
    "\x1b": "escape",
    "\r": "enter",
    "\n": "enter",
    "\x7f": "erase",
    "\x08": "erase",
    "\t": "tab",
}
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[ -~]|[\s\S]")


def keys(data: bytes) -> list[str]:
    """The keys in what was read, such as "up", "enter" or "j"; sequences of no meaning are left out.

    A lone ESC is "escape"; printable letters are themselves.
    """
    found = (_NAMES.get(part, part) for part in _SEQUENCE.findall(data.decode(errors="ignore")))
    return [key for key in found if key.isprintable() and key]
