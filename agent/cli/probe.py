"""`outrider test`: what the collectors read on this host, sample by sample; nothing is sent."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Thread
from typing import NamedTuple

from collectors.api import Reading, Registration, Series
from collectors.host import Host
from collectors.runner import EVERYTHING, Runner
from collectors.schedule import Plan
from collectors.selection import Selection
from collectors.tally import Tally

EXAMPLES = """examples:
  outrider test                      every collector, twice, one second apart
  outrider test --interval 10s       rates over ten seconds
  outrider test --cost               CPU time and series of each collector
  outrider test --json | jq -c 'select(.value == null)'    what is missing, and why

A counter is shown as its total and, behind it, as its growth a second between the two polls.
Units are UCUM codes: By is bytes, 1 a plain number (a utilization of 0.5 is a half, 50 %).
exit code: 0, or 1 if nothing at all could be read"""

SHORTEST, LONGEST = 0.05, 3600.0
POLLS = 10
NO_VALUE = "no value this time"


class Probe(NamedTuple):
    """What two polls of one collector gave; without a `last` reading there is a reason.

    `absent`: there is nothing of the kind here, which is no fault.
    """

    registration: Registration
    first: Reading | None
    last: Reading | None
    reason: str
    absent: bool = False


class Sample(NamedTuple):
    """One number, or with `value` None an absence and its reason. `rate` is a counter's growth (1/s)."""

    metric: str
    attributes: dict[str, str]
    unit: str
    kind: str
    value: object
    rate: float | None = None
    reason: str = ""


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """The arguments of `test`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES
    add_flags(parser, ())
    parser.add_argument("--json", action="store_true", help="one JSON object a sample")
    parser.add_argument("--cost", action="store_true", help=f"what each collector costs, in {POLLS} polls")
    parser.add_argument(
        "--interval", type=_interval, default=1.0, metavar="1s", help="time between the polls (default: 1s)"
    )
    parser.set_defaults(run=test)


def _interval(text: str) -> float:
    from agent.config.quantity import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'{text!r} is no duration such as "1s" or "500ms"') from None
    if not SHORTEST <= seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is out of bounds, allowed: 50ms to 1h")
    return seconds


def test(args: argparse.Namespace) -> int:
    """Collect twice, print; 1 if nothing at all could be read."""
    from agent.cli.flags import settings
    from agent.config.plans import plans, selection
    from agent.observed import host

    config = settings(args)
    if args.cost:
        from agent.cli.cost import run

        return run(config, host(config), POLLS, args.interval, as_json=args.json)
    patience, kept = config.collect.hang_after, selection(config)
    probes = probe(plans(config), args.interval, patience, host(config), boot_clock, time.sleep, kept)
    shown = as_json if args.json else as_table
    sys.stdout.writelines(f"{line}\n" for probed in probes for line in shown(probed, args.interval))
    return 0 if any(probed.last is not None for probed in probes) else 1


def boot_clock() -> float:
    """Seconds since boot, on the clock that the daemon's polls lie on."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def probe(
    plans: Iterable[Plan],
    interval: float,
    patience: float,
    host: Host,
    clock: Callable[[], float],
    wait: Callable[[float], object],
    selection: Selection = EVERYTHING,
) -> list[Probe]:
    """Poll each collector twice, `interval` seconds apart, all side by side under the daemon's runner.

    One that has not answered `patience` seconds after its second poll was due is left behind.
    """
    tally = Tally()
    pairs = [_Pair(plan, interval, host, tally, clock, wait, selection) for plan in plans]
    for pair in pairs:
        pair.start()
    end = clock() + interval + patience
    return [pair.result(max(0.0, end - clock()), patience) for pair in pairs]


class _Pair:
    """Two polls of one collector in a thread of their own."""

    def __init__(
        self,
        plan: Plan,
        interval: float,
        host: Host,
        tally: Tally,
        clock: Callable[[], float],
        wait: Callable[[float], object],
        selection: Selection,
    ) -> None:
        self._registration = plan.registration
        self._runner = Runner([plan._replace(interval=interval)], host, tally, clock, selection=selection)
        self._interval = interval
        self._clock = clock
        self._wait = wait
        self._readings: list[Reading | None] = []
        self._thread = Thread(target=self._run, name=plan.registration.name, daemon=True)

    def start(self) -> None:
        """Begin with the first poll."""
        self._thread.start()

    def result(self, patience: float, hang_after: float) -> Probe:
        """What came of it, after `patience` seconds at most."""
        self._thread.join(patience)
        first, last = [*self._readings, None, None][:2]
        if self._thread.is_alive():
            return Probe(self._registration, first, None, f"no answer for {hang_after:g} s")
        state = self._runner.states()[0]
        self._runner.close()
        return Probe(self._registration, first, last, state.reason, state.state == "absent")

    def _run(self) -> None:
        self._poll()
        self._wait(self._interval)
        self._poll()

    def _poll(self) -> None:
        found = dict(self._runner.poll(self._clock(), self._runner.token))
        self._readings.append(found.get(self._registration.name))


def samples(probed: Probe, interval: float) -> Iterator[Sample]:
    """Every sample of the last reading in order, then what is absent."""
    name = probed.registration.name
    if probed.last is None:
        yield Sample(name, {}, "", "", None, reason=probed.reason or NO_VALUE)
        return
    told = {absence.what: absence.reason for absence in probed.last.absences}
    before = dict(zip(probed.first.series, probed.first.values, strict=True)) if probed.first else {}
    for series, now in zip(probed.last.series, probed.last.values, strict=True):
        then = before.get(series)
        value = then if now is None and series.kind == "gauge" else now  # some are read once a minute
        reason = "" if value is not None else told.get(series.name, NO_VALUE)
        yield _sample(series, value, _rate(series, then, now, interval), reason)
    names = {series.name for series in probed.last.series}
    for what, reason in told.items():
        if what not in names:
            yield Sample(what, {}, "", "", None, reason=reason)


def _sample(series: Series, value: object, rate: float | None, reason: str) -> Sample:
    return Sample(series.name, dict(series.attributes), series.unit, series.kind, value, rate, reason)


def _rate(series: Series, before: object, value: object, interval: float) -> float | None:
    """Growth a second of a counter; None for others, without two totals, or after a reset."""
    if series.kind != "counter" or not isinstance(before, int | float) or not isinstance(value, int | float):
        return None
    return (value - before) / interval if value >= before else None


def as_json(probed: Probe, interval: float) -> Iterator[str]:
    """One JSON object a sample; `rate` and `reason` only where there is one."""
    for sample in samples(probed, interval):
        fields = {"collector": probed.registration.name, **sample._asdict()}
        optional = {"rate": sample.rate is None, "reason": not sample.reason}
        yield json.dumps({key: value for key, value in fields.items() if not optional.get(key)})


def as_table(probed: Probe, interval: float) -> Iterator[str]:
    """The collector, then its samples with name, value, unit and rate below each other."""
    yield f"{probed.registration.name}: {probed.registration.brief}"
    rows = [(_name(sample), *_cells(sample)) for sample in samples(probed, interval)]
    names = max((len(name) for name, *_ in rows), default=0)
    values = max((len(value) for _, value, _ in rows if len(value) < 24), default=0)
    for name, value, rest in rows:
        yield f"  {name:{names}}  {value:>{values}} {rest}".rstrip()
    yield ""


def _name(sample: Sample) -> str:
    inner = ",".join(f'{key}="{value}"' for key, value in sample.attributes.items())
    return f"{sample.metric}{{{inner}}}" if inner else sample.metric


def _cells(sample: Sample) -> tuple[str, str]:
    """The value, and what stands behind it."""
    if sample.value is None:
        return "absent", sample.reason
    beside = _growth(sample) if sample.kind == "counter" else _as_people_read(sample)
    return _number(sample.value), f"{sample.unit}{beside}"


def _growth(sample: Sample) -> str:
    return "" if sample.rate is None else f"  (+{_number(sample.rate)} {sample.unit}/s)"


def _as_people_read(sample: Sample) -> str:
    """Bytes and shares once more, as MiB and per cent; nothing for what is read as it stands."""
    from agent.cli.listing import is_share
    from agent.view.units import human

    share = sample.unit == "1" and is_share(sample.metric)
    if not isinstance(sample.value, int | float) or not (share or sample.unit == "By"):
        return ""
    return f"  ({human(sample.value, sample.unit, ratio=share)})"


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_number, value)) + "]"
    return str(value)
