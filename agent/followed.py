"""Logs of a configuration for the reader of lines: what is followed, and who makes windows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from agent.config.formats import form_named, own_formats
from agent.config.logs import Logs
from agent.config.settings import Config
from agent.logs.following import Following, Stamp, Told
from agent.logs.limits import Limits
from agent.modelling import Models
from collectors.logs.formats.format import Format
from collectors.logs.formats.zones import zone_of
from collectors.logs.redact import Redactor
from collectors.logs.tail.journal import JournalSource
from collectors.logs.tail.source import Source


def followings(config: Config, models: Models) -> dict[str, Following]:
    """Who makes windows of lines, by the names of logs."""
    own = own_formats(config.format)
    found: dict[str, Following] = {}
    for logs in config.logs:
        attributes = (("log.name", logs.name), *logs.attributes.items())
        told = Told(
            logs.name, attributes, form_named(logs.format, own), tuple(own.values()), zone_of(logs.zone)
        )
        redactor = Redactor(config.redact.patterns, config.redact.allow)
        found[logs.name] = Following(told, Limits(groups=logs.groups), redactor, models.of(logs.name))
    return found


def sources(config: Config, wall: Callable[[], float]) -> Iterator[Source | JournalSource]:
    """What is to be followed; `wall` is the wall clock, s."""
    own = own_formats(config.format)
    for logs in config.logs:
        if logs.paths or logs.pipes:
            yield Source(
                logs.name,
                logs.paths,
                logs.start,  # type: ignore[arg-type]  # a form of these
                logs.container,  # type: ignore[arg-type]
                logs.multiline,
                logs.roots,
                logs.archives,
                logs.pipes,
                _stamp(logs, own, wall),
            )
        if logs.units or logs.matches:
            yield JournalSource(logs.name, logs.units, logs.matches, logs.start)  # type: ignore[arg-type]


def _stamp(
    logs: Logs, own: Mapping[str, Format], wall: Callable[[], float]
) -> Callable[[bytes], float | None]:
    stamp = Stamp(form_named(logs.format, own), own.values(), zone_of(logs.zone))
    return lambda line: stamp.time(line, wall())
