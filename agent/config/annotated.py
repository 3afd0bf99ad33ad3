"""Settings as a file to edit: every one with its meaning, at its default or as a profile has it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from agent.config.fault import dotted
from agent.config.profiles import Profile
from agent.config.section import Field, Section, section
from agent.config.settings import Config
from collectors import catalog

WIDTH = 100
HEADER = """\
# Outrider's configuration: every setting with its meaning, at its default.
"""
ABOUT = """\
#
# To change a setting, remove the "#" before it. `outrider check` finds every fault in this file,
# and `systemctl reload outrider` takes it over; a faulty one is refused and the old settings stay.
# Files of conf.d/ beside this one, *.toml in the order of their names, are laid over it.
#
# Durations are written like "90s", "5m", "1h30m", "2d" or as plain seconds; sizes like "16 MiB",
# "500 KB" or as plain bytes. "${NAME}", "${NAME:-default}" and "${NAME:?message}" in a text stand
# for a variable of the environment, "$$" for a dollar. Secrets never stand here, only the files
# that hold them.
"""
NOTHING = Profile("", ())
Path = tuple[str, ...]


def annotated(name: str = "", profile: Profile = NOTHING) -> str:
    """The file that `outrider config default` prints and config/outrider.toml is; with a profile, that
    of `--profile NAME`, which config/profiles/NAME.toml is."""
    return _Page(name, profile).text()


class _Page:
    """One file, line by line."""

    def __init__(self, name: str, profile: Profile) -> None:
        self._name = name
        self._profile = profile
        self._changes = {change.key: change for change in profile.changes}

    def text(self) -> str:
        lines = [self._header(), ""]
        for field in section(Config).fields.values():
            lines += self._part(field)
        return "\n".join(lines).rstrip("\n") + "\n"

    def _header(self) -> str:
        if not self._name:
            return (HEADER + ABOUT).rstrip("\n")
        about = f"Outrider's configuration for the profile {self._name}: {self._profile.brief}"
        made = f"Made by `outrider config default --profile {self._name}`: what it sets stands without a #."
        return "\n".join([*_comment(about), "#", *_comment(made), ABOUT.rstrip("\n")])

    def _part(self, field: Field) -> Iterator[str]:
        """One field of the whole: a section, or several."""
        yield from _comment(field.doc)
        path: Path = (field.name,)
        if field.section is not None:
            yield f"[{field.name}]"
            yield from self._settings(field.section, path)
        elif field.each is not None and field.each.example:
            path = (*path, field.each.example)
            yield f"#[{dotted(path)}]"
            yield from self._settings(field.each.section(field.each.example), path)
        elif field.each is not None:
            yield from self._collectors(field, field.each.names())
        elif field.items is not None:
            yield from self._example(field, path)
        yield ""
        yield ""

    def _collectors(self, field: Field, names: tuple[str, ...]) -> Iterator[str]:
        """What all have in common is explained once, in front of the first."""
        own = section(Config).fields["collectors"].each
        common = ("enabled", "interval")
        for about in (own.section(names[0]).fields[key] for key in common) if own else ():
            yield "#"
            yield from _comment(f"{about.name}: {about.doc}")
            yield from _allowed(about)
        for name in names:
            yield ""
            yield from _comment(catalog.load(name).brief)
            yield f"[collectors.{name}]"
            of = own.section(name) if own else section(Config)
            for key in common:
                shown = of.fields[key].form
                value = getattr(Config().polling(name), key)
                yield from self._line((field.name, name, key), shown.show(value) if shown else "")
            rest = {key: one for key, one in of.fields.items() if key not in common}
            yield from self._settings(of._replace(fields=rest), (field.name, name))

    def _settings(self, of: Section, path: Path, mark: str = "") -> Iterator[str]:
        """Values first, then tables: what follows these would belong to them. `mark` stands before the names
        of tables: "#" in those of an example."""
        for field in sorted(of.fields.values(), key=lambda one: one.form is None and one.pairs is None):
            yield ""
            yield from _comment(field.doc)
            if field.section is not None:
                yield f"{mark}[{dotted((*path, field.name))}]"
                yield from self._settings(field.section, (*path, field.name), mark)
            elif field.items is not None:
                yield from _comment(f"Allowed: {field.items.allowed()}.")
                yield from self._example(field, (*path, field.name))
            elif field.pairs is not None:
                yield from _comment(f"Allowed: {field.pairs.allowed()}.")
                yield f"#{field.name}.{field.example}"
            else:
                yield from _allowed(field)
                yield from self._line((*path, field.name), _shown(field))

    def _line(self, path: Path, default: str) -> Iterator[str]:
        change = self._changes.get(dotted(path))
        if change is None:
            yield f"#{path[-1]} = {default}"
        else:
            yield from _comment(f"{self._name}: {change.why}")
            yield f"{path[-1]} = {change.value}"

    def _example(self, field: Field, path: Path) -> Iterator[str]:
        """One table of an array."""
        yield f"#[[{dotted(path)}]]"
        if field.items is not None:
            yield from self._settings(field.items.section(), path, "#")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def _allowed(field: Field) -> list[str]:
    return _comment(f"Allowed: {field.form.allowed()}.") if field.form is not None else []


def _shown(field: Field) -> str:
    """The default in TOML, or an example."""
    return field.example or (field.form.show(field.default) if field.form is not None else "")
