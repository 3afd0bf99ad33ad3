"""Settings in effect as text: all of them with their origin as TOML, and one summary for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from agent.config.collected import collector_names
from agent.config.fault import dotted
from agent.config.load import Loaded
from agent.config.quantity import show_duration, show_rate, show_size
from agent.config.section import Each, Field, Section, section
from agent.config.settings import Config
from agent.config.templates import shown

Path = tuple[str | int, ...]


class Table(NamedTuple):
    """A table in TOML: its header, and for each line the key in it, its path, and what is set."""

    header: str
    rows: list[tuple[str, Path, str]]


def effective(loaded: Loaded) -> str:
    """All settings in effect as TOML, each with its origin: "default", a file and line, or the flags.

    Where variables are in a value it stands as it is written: they may hold what is not to be shown.
    Of attributes, tags and arrays of tables there is what was given; of collectors, all of them.
    """
    lines: list[str] = []
    for header, plain in _whole(loaded.config):
        rows = [(key, path, shown(loaded.templates, dotted(path), value)) for key, path, value in plain]
        width = max((len(f"{key} = {value}") for key, _, value in rows), default=0)
        lines.append(header)
        for key, path, value in rows:
            origin = loaded.origins.get(dotted(path), "default")
            lines.append(f"{f'{key} = {value}':{width}}  # {origin}")
        lines.append("")
    return "\n".join(lines)


def _whole(config: Config) -> Iterator[Table]:
    for field in section(Config).fields.values():
        values = getattr(config, field.name)
        if field.section is not None:
            yield from _tables(field.section, values, (field.name,))
        elif field.each is not None:
            for name, one in _named(field, field.each, config):
                yield from _tables(field.each.section(name), one, (field.name, name))
        elif field.items is not None:
            yield from _array(field.items.section(), values, (field.name,))


def _named(field: Field, each: Each, config: Config) -> Iterator[tuple[str, Any]]:
    if field.name == "collectors":
        yield from ((name, config.polling(name)) for name in each.names())
    else:
        yield from getattr(config, field.name).items()


def _tables(of: Section, values: Any, path: Path) -> Iterator[Table]:
    yield Table(f"[{dotted(path)}]", list(_rows(of, values, path)))
    for field in of.fields.values():
        if field.section is not None:
            yield from _tables(field.section, of.get(values, field.name), (*path, field.name))
        elif field.items is not None:
            yield from _array(field.items.section(), of.get(values, field.name), (*path, field.name))


def _array(of: Section, values: tuple[Any, ...], path: Path) -> Iterator[Table]:
    for at, one in enumerate(values):
        yield Table(f"[[{dotted(path)}]]", list(_rows(of, one, (*path, at))))


def _rows(of: Section, values: Any, path: Path) -> Iterator[tuple[str, Path, str]]:
    for field in of.fields.values():
        here = (*path, field.name)
        value = of.get(values, field.name)
        if field.form is not None:
            yield field.name, here, field.form.show(value)
        elif field.pairs is not None:
            pairs: Mapping[str, Any] = value
            for name, one in pairs.items():
                yield dotted((field.name, name)), (*here, name), field.pairs.form.show(one)


def summary(loaded: Loaded) -> str:
    """What a configuration comes to, in a few lines for people; values with variables as they are written."""
    config = loaded.config
    collect, store, ship = config.collect, config.store, config.ship

    def said(key: str, plain: str) -> str:
        return shown(loaded.templates, key, plain)

    polled = ", ".join(name for name in collector_names() if config.polling(name).enabled)
    every = said("collect.interval", show_duration(collect.interval))
    span = said("window.span", show_duration(config.window.span))
    size = said("store.max_size", show_size(store.max_size))
    age = said("retention.windows.max_age", show_duration(config.retention.windows.max_age))
    named = {
        "logs": [(logs.name, f" ({logs.format})") for logs in config.logs],
        "endpoint": [(each.name, "") for each in config.endpoint],
        "model": [(each.name, "") for each in config.model],
        "alert": [(each.name, "") for each in config.alert],
    }
    words = {
        key: ", ".join(said(f"{key}[{at}].name", name) + more for at, (name, more) in enumerate(each, 1))
        for key, each in named.items()
    }
    optional = "".join(
        f"  {title:<8} {words[key]}\n"
        for key, title in (("logs", "logs"), ("endpoint", "pages"), ("model", "models"))
        if words[key]
    )
    host = f"  host     {said('host.root', config.host.root)}\n" if config.host.root != "/" else ""
    name = said("device.name", config.device.name or "(named after the host)")
    fleet = said("device.fleet", config.device.fleet)
    budget = said("ship.budget", show_rate(ship.budget) if ship.budget else "none")
    flash = said("store.write_budget", show_rate(store.write_budget))
    url, payload = said("broker.url", config.broker.url), said("ship.payload", ship.payload)
    return (
        f"  device   {name}, fleet {fleet}\n"
        f"{host}"
        f"  broker   {url}, {payload}, confirmed by {said('ship.confirm', ship.confirm)}\n"
        f"  budget   {budget} on the link, {flash} on the disk\n"
        f"  collect  {polled or 'nothing'}, every {every} or less often, windows of {span}\n"
        f"  store    at most {size} in {said('store.directory', store.directory)}, kept {age}\n"
        f"{optional}"
        f"  alerts   {words['alert'] or 'none'}\n"
    )
