"""What must hold between settings, and between settings and the files that they name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from agent.config.fault import Fault, Place, quoted
from agent.config.names import CREDENTIAL
from agent.config.quantity import show_duration, show_size
from agent.config.secret import SecretRefused, read_secret
from agent.config.settings import Config
from agent.config.templates import NONE, Templates, shown
from agent.judge.rules.grammar import parse
from collectors.endpoints.address import address_of, is_loopback, is_numeric

DEFAULTS = Place("defaults")


class Broken(NamedTuple):
    """A relation that does not hold: the setting to change, and the others that it depends on."""

    key: str
    reason: str
    allowed: str
    others: tuple[str, ...] = ()


def check(
    config: Config,
    origins: Mapping[str, Place],
    credentials: str | None,
    doubtful: frozenset[str],
    written: Templates = NONE,
) -> Iterator[Fault]:
    """Every relation that does not hold, at the place of the setting to change.

    Args:
        config: settings that are each right on their own.
        origins: where those that are no defaults came from, by dotted key.
        credentials: systemd's directory of credentials; None leaves `credential:` unchecked, as an
            administrator's shell has none.
        doubtful: keys that stand at their default only because what was given is wrong: what
            depends on them is not judged.
        written: settings with variables in them, which are shown so.
    """
    found = (
        *_broker(config, written),
        *_host(config),
        *_times(config, origins, written),
        *_retention(config, written),
        *_ship(config),
        *_alerts(config, written),
        *_watches(config),
        *_logs(config),
        *_models(config),
        *_endpoints(config, written),
        *_files(config, credentials, written),
    )
    for broken in found:
        if doubtful.isdisjoint((broken.key, *broken.others)):
            yield Fault(origins.get(broken.key, DEFAULTS), broken.key, broken.reason, broken.allowed)


def _broker(config: Config, written: Templates) -> Iterator[Broken]:
    broker = config.broker
    for key, other in (
        ("key_file", "certificate_file"),
        ("certificate_file", "key_file"),
        ("password_file", "user"),
    ):
        if getattr(broker, key) and not getattr(broker, other):
            reason, allowed = f"is of no use without broker.{other}", f"only together with broker.{other}"
            yield Broken(f"broker.{key}", reason, allowed, (f"broker.{other}",))
    if broker.url.startswith("mqtt://"):
        for key in ("ca_file", "certificate_file", "key_file"):
            if getattr(broker, key):
                allowed = 'only with broker.url = "mqtts://..."'
                yield Broken(f"broker.{key}", "is of no use without TLS", allowed, ("broker.url",))
    if broker.backoff_min > broker.backoff_max:
        least = shown(written, "broker.backoff_min", show_duration(broker.backoff_min))
        most = shown(written, "broker.backoff_max", show_duration(broker.backoff_max))
        reason, allowed = f"{least} is above broker.backoff_max", f"at most {most}"
        yield Broken("broker.backoff_min", reason, allowed, ("broker.backoff_max",))


def _host(config: Config) -> Iterator[Broken]:
    """Another host's mounts are looked up below its root, so this must be known too."""
    host, others = config.host, ("host.root", "collectors.filesystem.enabled")
    if host.proc and host.root == "/" and config.polling("filesystem").enabled:
        reason = "is another host's, but host.root is our own: file systems would be mistaken"
        yield Broken("host.proc", reason, "with host.root, or collectors.filesystem.enabled = false", others)


def _alerts(config: Config, written: Templates) -> Iterator[Broken]:
    for number, alert in enumerate(config.alert, 1):
        key, other = f"alert[{number}].clear", f"alert[{number}].when"
        if alert.when and alert.clear:
            try:
                parse(alert.when, alert.clear)
            except ValueError as error:
                why = "" if key in written or other in written else f": {error}"
                yield Broken(key, f"does not go with `when`{why}", "a level that ends it", (other,))


def _watches(config: Config) -> Iterator[Broken]:
    for number, watch in enumerate(config.polling("processes").options.watch, 1):
        key = f"collectors.processes.watch[{number}]"
        if watch.name and not (watch.match or watch.unit or watch.pid_file):
            others = tuple(f"{key}.{name}" for name in ("match", "unit", "pid_file"))
            yield Broken(f"{key}.name", "picks no process", "with match, unit or pid_file", others)


def _logs(config: Config) -> Iterator[Broken]:
    """A log has something to be read from, and a format that there is."""
    own = [form.name for form in config.format]
    for number, logs in enumerate(config.logs, 1):
        key = f"logs[{number}]"
        if logs.name and not (logs.paths or logs.units or logs.matches or logs.pipes):
            others = tuple(f"{key}.{name}" for name in ("paths", "units", "matches", "pipes"))
            yield Broken(
                f"{key}.name", "names nothing to read", "with paths, units, matches or pipes", others
            )
        if logs.format not in ("auto", "json", "logfmt", *own):
            from collectors.logs.formats.presets import PRESETS

            if logs.format not in PRESETS:
                known = ", ".join(["auto", "json", "logfmt", *PRESETS, *own])
                others = tuple(f"format[{at}].name" for at in range(1, len(own) + 1))
                yield Broken(f"{key}.format", f"there is no format {quoted(logs.format)}", known, others)


def _endpoints(config: Config, written: Templates) -> Iterator[Broken]:
    """A page comes before the next is due, and from this host unless that is said otherwise."""
    for number, endpoint in enumerate(config.endpoint, 1):
        key, address = f"endpoint[{number}]", address_of(endpoint.url) if endpoint.url else None
        if endpoint.timeout > endpoint.interval:
            took = shown(written, f"{key}.timeout", show_duration(endpoint.timeout))
            every = shown(written, f"{key}.interval", show_duration(endpoint.interval))
            reason, others = f"{took} is longer than its interval", (f"{key}.interval",)
            yield Broken(f"{key}.timeout", reason, f"at most {every}", others)
        if address is None:
            continue
        if not endpoint.remote and is_numeric(address.host) and not is_loopback(address.host):
            reason = f"{shown(written, f'{key}.url', address.host)} is not on this host"
            allowed, others = "an address of this host, or remote = true", (f"{key}.remote",)
            yield Broken(f"{key}.url", reason, allowed, others)
        if endpoint.ca_file and not address.tls:
            allowed = 'only with url = "https://..."'
            yield Broken(f"{key}.ca_file", "is of no use without TLS", allowed, (f"{key}.url",))


def _models(config: Config) -> Iterator[Broken]:
    """A model has logs that there are, each log one model, and its process is watched."""
    names, taken = [logs.name for logs in config.logs], dict[str, int]()
    watched = [watch.name for watch in config.polling("processes").options.watch]
    for number, model in enumerate(config.model, 1):
        key = f"model[{number}]"
        others = tuple(f"logs[{at}].name" for at in range(1, len(names) + 1))
        for name in model.logs:
            if name not in names:
                known = ", ".join(names) or "names of [[logs]]; there are none"
                yield Broken(f"{key}.logs", f"there is no log {quoted(name)}", known, others)
            elif taken.setdefault(name, number) != number:
                first = f"model[{taken[name]}].logs"
                yield Broken(f"{key}.logs", f"{quoted(name)} is in {first} too", "each log once", (first,))
        if model.name and not model.logs:
            yield Broken(f"{key}.logs", "names no log", "at least one of [[logs]]", others)
        if model.process and model.process not in watched:
            known = ", ".join(watched) or "names in collectors.processes.watch; there are none"
            yield Broken(f"{key}.process", f"{quoted(model.process)} is not watched", known)


def _times(config: Config, origins: Mapping[str, Place], written: Templates) -> Iterator[Broken]:
    """A window holds at least one poll; a tier begins before all is deleted.

    A single collector may be slower than a window: it is then in some windows only. Default tiers
    beyond a shorter age of retention never come about, which harms nobody.
    """
    interval, span = config.collect.interval, config.window.span
    if interval > span:
        every = shown(written, "collect.interval", show_duration(interval))
        longest = shown(written, "window.span", show_duration(span))
        reason = f"collect.interval, {every}, is longer than a window of {longest}"
        key, other = ("collect.interval", "window.span")
        if key not in origins:
            key, other = other, key
        yield Broken(key, reason, "collect.interval of at most window.span", (other,))
    most = config.retention.windows.max_age
    for tier in config.store.tiers if "store.tiers" in origins else ():
        if tier.age >= most:
            age = shown(written, f"store.tiers.{tier.windows}", show_duration(tier.age))
            reason = f"the age {age} of {tier.windows} windows is never reached"
            key = "retention.windows.max_age"
            allowed = f"ages below {key}, {shown(written, key, show_duration(most))}"
            yield Broken("store.tiers", reason, allowed, (key,))


def _retention(config: Config, written: Templates) -> Iterator[Broken]:
    """No stream is given more bytes than the store has."""
    most = config.store.max_size
    for name, kept in config.retention._asdict().items():
        if kept.max_size.size > most:
            key = f"retention.{name}.max_size"
            reason = f"{shown(written, key, show_size(kept.max_size.size))} is above store.max_size"
            allowed = f"at most {shown(written, 'store.max_size', show_size(most))}"
            yield Broken(key, reason, allowed, ("store.max_size",))


def _ship(config: Config) -> Iterator[Broken]:
    if config.ship.payload == "json" and config.ship.confirm != "broker":
        allowed = '"broker", or ship.payload = "msgpack"'
        yield Broken("ship.confirm", "no sink confirms json", allowed, ("ship.payload",))


def _files(config: Config, credentials: str | None, written: Templates) -> Iterator[Broken]:
    broker = config.broker
    secrets = {"broker.password_file": broker.password_file, "broker.key_file": broker.key_file}
    plain = {"broker.ca_file": broker.ca_file, "broker.certificate_file": broker.certificate_file}
    for number, endpoint in enumerate(config.endpoint, 1):
        secrets[f"endpoint[{number}].token_file"] = endpoint.token_file
        plain[f"endpoint[{number}].ca_file"] = endpoint.ca_file
    for key, reference in secrets.items():
        if reference and not (reference.startswith(CREDENTIAL) and credentials is None):
            try:
                read_secret(reference, credentials, shown(written, key, ""))
            except SecretRefused as refused:
                yield Broken(key, str(refused), "a file of its own, mode 0600 or 0400")
    for key, file in plain.items():
        if file and not (Path(file).is_file() and os.access(file, os.R_OK)):
            yield Broken(key, f"{shown(written, key, file)} is missing or cannot be read", "a file in PEM")
