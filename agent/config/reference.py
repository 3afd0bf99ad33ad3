"""The generated parts of the documentation, and the annotated file: written by

    python -m agent.config.reference --write

from the structs of settings and the registrations of collectors; without `--write` it says what
differs. A test holds them together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agent.config.annotated import annotated
from agent.config.collected import Polling
from agent.config.options import options
from agent.config.profiles import PROFILES
from agent.config.section import Field, Section, section
from agent.config.settings import Config
from collectors.api import Metric
from collectors.catalog import NAMES, load
from collectors.logs.formats import roles
from collectors.runner import METRICS

COMMAND = "python -m agent.config.reference --write"
BEGIN = "<!-- generated: begin -->"
END = "<!-- generated: end -->"
ROOT = Path(__file__).parents[2]


class Generated(NamedTuple):
    """A file, or the part of one between the marks, and what makes it."""

    file: str
    make: Callable[[], str]
    marked: bool

    def due(self, text: str) -> str:
        """What the file should be, given what it is.

        Raises:
            ValueError: the marks are missing.
        """
        if not self.marked:
            return self.make()
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end):
            raise ValueError(f"{self.file}: the marks {BEGIN} and {END} are missing")
        return f"{before}{BEGIN}\n\n{self.make()}\n{END}{after}"


def settings_tables() -> str:
    """Every setting, a table a section, in Markdown."""
    return "\n".join(line for field in section(Config).fields.values() for line in _part(field))


def _part(field: Field) -> Iterator[str]:
    """One field of the whole: a section, or several of one kind; those of collectors with their options."""
    path: tuple[str, ...] = (field.name,)
    of = field.section
    if field.each is not None:
        path = (*path, "NAME")
        of = section(Polling) if field.name == "collectors" else field.each.section("")
    elif field.items is not None:
        path, of = (f"{field.name}[]",), field.items.section()
    rows = list(_rows(path, of)) if of is not None else []
    if field.name == "collectors" and field.each is not None:
        for name in field.each.names():
            rows += _rows((field.name, name), options(name) or Section("", {}, dict))
    yield f"### [{'.'.join(path)}]"
    yield ""
    yield " ".join(field.doc.split())
    yield ""
    yield from table(("setting", "default", "allowed", "meaning"), rows)
    yield ""


def _rows(path: tuple[str, ...], of: Section) -> Iterator[tuple[str, ...]]:
    for field in of.fields.values():
        key = f"`{'.'.join((*path, field.name))}`"
        if field.section is not None:
            yield key, "", "a table", field.doc
            yield from _rows((*path, field.name), field.section)
        elif field.items is not None:
            yield key, "none", field.items.allowed(), field.doc
            yield from _rows((*path, f"{field.name}[]"), field.items.section())
        elif field.pairs is not None:
            yield key, "none", field.pairs.allowed(), field.doc
        elif field.form is not None:
            plain = "" if field.default is None else f"`{field.form.show(field.default)}`"
            yield key, "required" if field.required else plain, field.form.allowed(), field.doc


def metrics_tables() -> str:
    """Every metric, a table a collector, in Markdown."""
    lines: list[str] = []
    for name in NAMES:
        registration = load(name)
        lines += [f"### {name}", "", registration.brief, "", *_metrics(registration.metrics), ""]
    lines += ["### About the collectors", "", "What the runner says of each of them.", ""]
    return "\n".join([*lines, *_metrics(METRICS), ""])


def log_metrics_table() -> str:
    """Every metric that lines of logs become, in Markdown; those that two roles tell stand there once."""
    return "\n".join([*_metrics(dict.fromkeys(roles.metrics())), ""])


def _metrics(metrics: Iterable[Metric]) -> Iterator[str]:
    heads = ("metric", "unit", "kind", "attributes", "source", "meaning")
    rows = (
        (f"`{one.name}`", f"`{one.unit}`", one.kind, _codes(one.attributes), one.source, one.brief)
        for one in metrics
    )
    return table(heads, rows)


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown; bars and line breaks in a cell do not end it."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |"


GENERATED = (
    Generated("config/outrider.toml", annotated, marked=False),
    *(
        Generated(f"config/profiles/{name}.toml", partial(annotated, name, profile), marked=False)
        for name, profile in PROFILES.items()
    ),
    Generated("config/README.md", settings_tables, marked=True),
    Generated("collectors/README.md", metrics_tables, marked=True),
    Generated("collectors/logs/README.md", log_metrics_table, marked=True),
)


def main(argv: Sequence[str]) -> int:
    """Write what differs with `--write`; else name it, and answer 1 if there is any."""
    stale = []
    for generated in GENERATED:
        file = ROOT / generated.file
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        due = generated.due(text)
        if due != text:
            stale.append(generated.file)
            if "--write" in argv:
                file.parent.mkdir(exist_ok=True)
                file.write_text(due, encoding="utf-8")
    if stale:
        what = "written" if "--write" in argv else f"out of date, run `{COMMAND}`"
        sys.stdout.write(f"{what}: {', '.join(stale)}\n")
    return 1 if stale and "--write" not in argv else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
