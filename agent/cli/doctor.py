"""`outrider doctor`: what is the matter with this device and its way to the broker, and what to do."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.cli.probe import Probe
    from agent.config.settings import Config
    from agent.doctor import Finding
    from agent.doctor.broker import Way
    from agent.doctor.endpoints import Looked
    from agent.doctor.readings import Told
    from collectors.host import Host

EXAMPLES = """examples:
  outrider doctor                      everything, as the service's user where that can be
  outrider doctor --offline            without the broker
  outrider doctor --json | jq -c 'select(.level == "problem")'

As root it becomes the user `outrider` first, if there is one, to see what the service sees; with
--as-root it stays root. One small message is published below the device's own topic; nothing else is
sent, and nothing on the device is changed.
exit code: 0 all well, 10 warnings, 20 problems, 78 bad configuration"""

SERVICE_USER = "outrider"
CODES = {"ok": 0, "note": 0, "warning": 10, "problem": 20}
MARKS = {"ok": "ok     ", "note": "note   ", "warning": "WARNING", "problem": "PROBLEM"}
WIDTH = 100
PROBE_INTERVAL = 1.0
PROBE_PATIENCE = 5.0


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """The arguments of `doctor`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES
    add_flags(parser, ("--broker", "--state-dir", "--runtime-dir", "--device"))
    parser.add_argument("--json", action="store_true", help="one JSON object a finding")
    parser.add_argument("--offline", action="store_true", help="leave the broker alone")
    parser.add_argument("--as-root", action="store_true", help="do not become the service's user")
    parser.set_defaults(run=doctor)


def doctor(args: argparse.Namespace) -> int:
    """Examine everything and print the findings as they come; the exit code says how bad the worst is."""
    from agent.cli.flags import settings
    from agent.doctor import worst
    from agent.observed import host

    if not args.as_root:
        become(SERVICE_USER)
    config = settings(args)
    found = []
    for each in examinations(config, host(config), offline=args.offline):
        found.append(each)
        sys.stdout.writelines(f"{line}\n" for line in (as_json(each) if args.json else as_text(each)))
        sys.stdout.flush()
    if not args.json:
        counts = {
            level: sum(each.level == level for each in found) for level in ("problem", "warning", "note")
        }
        shown = ", ".join(f"{n} {level}{'s' if n != 1 else ''}" for level, n in counts.items() if n)
        sys.stdout.write(f"\n{shown or 'all is well'}\n")
    return CODES[worst(found)]


def summary(found: Sequence[Finding]) -> str:
    """How many findings of each level there are, the worst first."""
    counts = [(sum(each.level == level for each in found), level) for level in ("problem", "warning", "note")]
    return ", ".join(f"{n} {level}{'s' * (n != 1)}" for n, level in counts if n) or "all is well"


def become(user: str) -> None:
    """Be this user for good, if we are root and there is one: what root may tells nothing of the service."""
    import os
    import pwd

    if os.geteuid() != 0:
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return
    os.initgroups(entry.pw_name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def examinations(config: Config, host: Host, *, offline: bool) -> Iterator[Finding]:
    """Every examination in turn; the broker last, as it takes longest."""
    import time

    from agent.doctor import alerts, bounds, broker, clock, device, gpus, logs, readings
    from agent.trust import Trust
    from collectors.logs.formats import roles
    from collectors.runner import UP
    from collectors.schedule import KEY

    now = time.time()
    yield from clock.examine(host, now, Trust.of(host).quality(now))
    yield from device.examine(config, host)
    yield from device.running(config)
    yield from bounds.examine(config, host, time.time())
    probes = probed(config, host)
    told = [told_by(each) for each in probes]
    yield from readings.examine(told)
    series = [each for probe in probes if probe.last for each in probe.last.series]
    series += [UP.of(**{KEY[0]: each.collector}) for each in told]
    metrics = list(roles.metrics()) if config.logs else []
    pages = fetched(config, offline=offline)
    if pages:
        from agent.doctor import endpoints

        yield from endpoints.examine(pages)
        series += endpoints.series(pages)
        metrics += endpoints.known(pages)
    yield from alerts.examine(config.alert, series, metrics)
    yield from gpus.examine(host, {each.collector: each.nothing or each.fault for each in told})
    yield from logs.examine(host)
    if config.logs:
        from agent.doctor import followed

        yield from followed.examine(config, time.time)
    if config.model:
        from agent.doctor import models

        yield from models.examine(config, now)
    if not offline:
        yield from broker.examine(way(config, host))


def fetched(config: Config, *, offline: bool) -> list[Looked]:
    """The pages of endpoints, asked for once; offline, of those on this host."""
    if not config.endpoint:
        return []
    import os

    from agent.doctor.endpoints import look

    return [look(each, os.environ) for each in config.endpoint if not (offline and each.remote)]


def way(config: Config, host: Host) -> Way:
    """The way to the broker under a client name of our own: the daemon's would throw the daemon out."""
    import time

    from agent import uplink
    from agent.cli.probe import boot_clock
    from agent.doctor import broker
    from agent.identity import device_name
    from agent.ship.limits import ROOT

    name = config.device.name or device_name(host)
    there = uplink.broker(config, f"outrider-doctor-{name}")
    return broker.Way(there, f"{ROOT}/{config.device.fleet}/{name}/doctor", boot_clock, time.time)


def probed(config: Config, host: Host) -> list[Probe]:
    """Two polls of each enabled collector."""
    import time

    from agent.cli.probe import boot_clock, probe
    from agent.config.plans import plans, selection

    patience, kept = min(config.collect.hang_after, PROBE_PATIENCE), selection(config)
    return probe(plans(config), PROBE_INTERVAL, patience, host, boot_clock, time.sleep, kept)


def told_by(probe: Probe) -> Told:
    """How a collector did."""
    from agent.doctor.readings import Told

    name = probe.registration.name
    if probe.last is not None:
        values = sum(value is not None for value in probe.last.values)
        return Told(name, values, tuple((each.what, each.reason) for each in probe.last.absences))
    return Told(name, 0, nothing=probe.reason) if probe.absent else Told(name, 0, fault=probe.reason)


def as_json(finding: Finding) -> Iterator[str]:
    """One object."""
    yield json.dumps(finding._asdict())


def as_text(finding: Finding) -> Iterator[str]:
    """The finding, and what to do on a line of its own; a file's name in it may be of any bytes."""
    import textwrap

    from collectors.host import printable

    text, advice = (printable(each, len(each)) for each in (finding.text, finding.advice))
    head = f"{MARKS[finding.level]}  {finding.check:11}  "
    yield from textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    if advice:
        lead = " " * (len(head) - 3) + "-> "
        yield from textwrap.wrap(advice, WIDTH, initial_indent=lead, subsequent_indent=" " * len(head))
