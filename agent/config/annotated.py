"""Settings as text: the annotated file with every default, the effective settings, one summary."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from agent.config.load import Loaded
from agent.config.quantity import show_duration, show_size
from agent.config.settings import Config, Field, Polling, SectionType, collector_names, fields

WIDTH = 100
HEADER = """\
# Outrider's configuration: every setting with its meaning, at its default.
#
# To change a setting, remove the "#" before it. `outrider check` finds every fault in this file,
# and `systemctl reload outrider` takes it over; a faulty one is refused and the old settings stay.
#
# Durations are written like "90s", "5m", "1h30m", "2d" or as plain seconds; sizes like "16 MiB",
# "500 KB" or as plain bytes. Secrets never stand here, only the files that hold them.
"""


def annotated() -> str:
    """The file that `outrider config default` prints and config/outrider.toml is."""
    lines = [HEADER, *(line for field in fields(Config).values() for line in _section(field))]
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(field: Field) -> Iterator[str]:
    yield from _comment(field.doc)
    yield f"[{field.name}]"
    for setting in fields(field.section).values():
        yield ""
        yield from _comment(setting.doc)
        if setting.form is not None:
            yield from _comment(f"Allowed: {setting.form.allowed()}.")
        yield from (f"#{key} = {value}" for key, value in _defaults(setting))
    yield ""
    yield ""


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )


def _defaults(field: Field) -> Iterator[tuple[str, str]]:
    """Keys and defaults in TOML: one of each, or one for each name."""
    if field.form is not None:
        yield field.name, field.form.show(field.default)
    if field.each is not None:
        for name in field.each.names():
            inner = ", ".join(
                f"{key} = {shown}" for key, shown in _shown(Polling, Config().collect.polling(name))
            )
            yield f"{field.name}.{name}", f"{{ {inner} }}"


def _shown(section: SectionType, values: object) -> Iterator[tuple[str, str]]:
    """The settings of one section in TOML, sections inside it left out."""
    for field in fields(section).values():
        if field.form is not None:
            yield field.name, field.form.show(getattr(values, field.name))


def effective(loaded: Loaded) -> str:
    """All settings in effect as TOML, each with its origin: "default", a file and line, or the flags."""
    lines: list[str] = []
    for field in fields(Config).values():
        section = getattr(loaded.config, field.name)
        shown = list(_shown(field.section, section))
        if field.name == "collect":
            shown += _collectors(loaded.config)
        width = max(len(f"{key} = {value}") for key, value in shown)
        lines.append(f"[{field.name}]")
        for key, value in shown:
            origin = loaded.origins.get(f"{field.name}.{key}", "default")
            lines.append(f"{f'{key} = {value}':{width}}  # {origin}")
        lines.append("")
    return "\n".join(lines)


def _collectors(config: Config) -> Iterator[tuple[str, str]]:
    for name in collector_names():
        for key, value in _shown(Polling, config.collect.polling(name)):
            yield f"collectors.{name}.{key}", value


def summary(config: Config) -> str:
    """What a configuration comes to, in a few lines for people."""
    collect, store, ship = config.collect, config.store, config.ship
    polled = ", ".join(name for name in collector_names() if collect.polling(name).enabled)
    every, span = show_duration(collect.interval), show_duration(config.window.span)
    size, age = show_size(store.max_size), show_duration(store.max_age)
    return (
        f"  device   {config.device.name or '(named after the host)'}, fleet {config.device.fleet}\n"
        f"  broker   {config.broker.url}, {ship.payload}, confirmed by {ship.confirm}\n"
        f"  collect  {polled or 'nothing'}, every {every} or less often, windows of {span}\n"
        f"  store    at most {size} in {store.directory}, kept {age}\n"
    )
