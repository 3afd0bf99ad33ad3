"""The configuration to paste, by which a log is followed as it was explained. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import NamedTuple

from collectors.logs.formats.format import Field, Format

LONGEST_NAME = 64
WORDS = ("auto", "json", "logfmt")
UNITS = {1.0: "", 1e-3: " in ms", 1e-6: " in us", 1e-9: " in ns", 60.0: " in m", 0.01: " in %"}


class File(NamedTuple):
    """A log as it lies on the disk.

    Args:
        path: absolute.
        folder: that it really lies in, behind symbolic links.
        pipe: whether it is a FIFO.
    """

    path: str
    folder: str
    pipe: bool = False

    @property
    def name(self) -> str:
        """What the log may be called: by its file, with signs that a name may have."""
        stem = self.path.rpartition("/")[2].partition(".")[0]
        fit = "".join(letter for letter in stem if letter.isprintable() and letter not in "+#").strip()
        return fit[:LONGEST_NAME].strip() or "log"


def called(form: Format, file: File) -> Format:
    """A format that was made up for this file, by its name."""
    return form._replace(name=f"{file.name[: LONGEST_NAME - 6]}-lines" if file.name in WORDS else file.name)


def configuration(form: Format, file: File, *, made_up: bool, assumed: Collection[Field] = ()) -> str:
    """What makes the daemon follow this file in this format; one that was `made_up` comes with it, and says
    of the fields whose unit was `assumed` that they are in s."""
    return "\n".join([*_log(form, file), *(["", toml(form, assumed)] if made_up else [])])


def _log(form: Format, file: File) -> Iterator[str]:
    yield "[[logs]]"
    yield f"name = {text(file.name)}"
    yield f"{'pipes' if file.pipe else 'paths'} = [{text(file.path if file.pipe else pattern(file.path))}]"
    if file.folder != (file.path.rpartition("/")[0] or "/"):
        yield f"roots = [{text(file.folder)}]"
    yield f"format = {text(form.name)}"


def pattern(path: str) -> str:
    """A pattern that this path alone matches; or, where a sign cannot be written, those like it."""
    return "".join(
        f"[{letter}]" if letter in "*?[" else letter if letter.isprintable() else "?" for letter in path
    )


def toml(form: Format, assumed: Collection[Field] = ()) -> str:
    """The table that makes a format known; the fields whose unit was `assumed` have it written down."""
    rows = ["[[format]]", f"name = {text(form.name)}", f'kind = "{form.kind}"']
    for name, patterns in (
        ("patterns", form.patterns),
        ("parts", form.parts),
        ("attributes", form.attributes),
    ):
        if patterns:
            rows.append(f"{name} = [{', '.join(map(text, patterns))}]")
    if form.family != "model":
        rows.append(f'family = "{form.family}"')
    if form.fields:
        rows += ["", "[format.fields]"]
        rows += [
            row(field, " in s" if field in assumed else UNITS.get(field.scale, "")) for field in form.fields
        ]
    return "\n".join(rows)


def row(field: Field, unit: str = "") -> str:
    """The row that gives a field its role; the unit comes as ` in ms`."""
    role = text(field.role) if "." in field.role else field.role
    return f"{role} = {text(field.key + unit)}"


def text(value: str) -> str:
    """A string in TOML; what cannot be seen is written by its number."""
    written = json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in written)
