"""The verbs of the subscriber's side: `sink` keeps what devices send, `view` shows it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config.forms import Form
    from agent.view.fleet import FleetStore
    from agent.view.intake import Intake, Say
    from agent.view.observer import Observer
    from agent.view.receiver import Build
    from agent.view.subscriber import Endpoint, Subscriber

EXAMPLES = {
    "sink": """examples:
  outrider sink --store fleet.db
  outrider sink --store /var/lib/outrider/fleet.db --broker mqtts://broker.example --user sink \\
      --password-file /etc/outrider/password --retain 90d
  outrider sink --store fleet.db --group keepers     run several: they share the messages

Devices with confirm = "sink:main" keep a record until this sink (--name main) has it on disk.
Device names must differ between fleets that one store keeps.
""",
    "view": """examples:
  outrider view
  outrider view --broker mqtt://broker.example --fleet plant --device 'press-*'
  outrider view --json | jq 'select(.metric == "system.cpu.utilization") | .mean'

The view in the terminal needs Textual: pip install 'outrider[view]'. Keys: j and k or the arrows move,
Enter opens a device or a series, Esc comes back, / filters, [ and ] jump, ? tells all, q ends; the mouse
works. On the device itself `outrider top` needs no Textual and no broker.
--json prints one object a window and series: device, metric, attributes, unit, start, end (UTC, in
seconds since 1970), covered (seconds watched), clock, kind, and the statistics of that kind.
A block that a device merged from windows already printed comes again as one window. An alert has
`alert`, the rule, in the place of `metric`, and `state`, firing or cleared; those that fire are printed
again after each connection.
""",
}
CERTIFICATES = {
    "--ca-file": "certificates to check the broker against (default: the system's)",
    "--certificate-file": "our own certificate, where the broker asks for one",
    "--key-file": "the key of our certificate",
}
INSTALL = "pip install 'outrider[view]'"
DEFAULT_BROKER = "mqtt://127.0.0.1:1883"


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """Register the arguments of `sink` or `view`."""
    parser.epilog = EXAMPLES[verb]
    parser.set_defaults(run=sink if verb == "sink" else view)
    if verb == "sink":
        parser.add_argument(
            "--store", type=Path, required=True, metavar="FILE", help="the database; made if missing"
        )
        parser.add_argument(
            "--name", type=_name, default="main", help="this sink's name (default: %(default)s)"
        )
        parser.add_argument("--group", type=_name, help="share the messages with the others of this group")
        parser.add_argument(
            "--retain",
            type=_duration,
            default="30d",
            metavar="D",
            help="how long records are kept; 0 for ever (default: %(default)s)",
        )
        parser.add_argument("-v", "--verbose", action="store_true", help="print each record")
    else:
        parser.add_argument(
            "--device", default="*", metavar="PATTERN", help="only these devices (default: all)"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a window and series")
        parser.add_argument("--once", action="store_true", help="print the first record that comes, and end")
    _add_broker(parser)


def _add_broker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--broker",
        type=_url,
        default=DEFAULT_BROKER,
        metavar="URL",
        help="mqtt://host[:port], or mqtts:// for TLS (default: %(default)s)",
    )
    parser.add_argument(
        "--fleet", type=_fleet, default="+", help="the fleet's name, or + for all (default: +)"
    )
    parser.add_argument("--user", help="the user to log in as")
    parser.add_argument(
        "--password-file", metavar="FILE", help="the password, in a file of mode 0600, or credential:NAME"
    )
    for flag, brief in CERTIFICATES.items():
        parser.add_argument(flag, type=_file, metavar="FILE", help=brief)


def sink(args: argparse.Namespace) -> int:
    """Receive into a file until SIGTERM or Ctrl-C."""
    import sqlite3
    import time

    from agent.config.secret import SecretRefused
    from agent.view.fleet import FleetStore
    from agent.view.intake import Intake
    from agent.view.sink import Journal, serve, summary
    from agent.view.subscriber import filters
    from collectors.tally import Tally

    _end_by_signal()
    journal = Journal(sys.stdout, verbose=args.verbose)
    tally = Tally()
    try:
        with closing(FleetStore.open(args.store, args.name)) as store, suppress(KeyboardInterrupt):
            intake = Intake(store, args.name, tally, journal.say, journal.applied)
            topics = filters(args.fleet, args.group)
            with closing(_subscriber(_endpoint(args), intake, journal.say, topics)) as subscriber:
                journal.line(f"{args.name} keeps {args.store}, broker {args.broker}, pid {os.getpid()}")
                serve(subscriber, store, time.time, args.retain, journal)
    except sqlite3.Error as error:
        return _fail("sink", f"--store {args.store}: {error}; give a fleet store, or a new file")
    except SecretRefused as error:
        return _fail("sink", f"--password-file: {error}")
    journal.line(summary(tally))
    return 0


def view(args: argparse.Namespace) -> int:
    """Show what comes, until q or Ctrl-C."""
    from agent.config.secret import SecretRefused
    from agent.view.fleet import FleetStore

    drawn = sys.stdout.isatty() and not args.json and not args.once
    _end_by_signal()
    try:
        if drawn:
            return _live(args)
        with closing(FleetStore.open(None, "view")) as store:
            return _printed(args, store)
    except SecretRefused as error:
        return _fail("view", f"--password-file: {error}")
    except KeyboardInterrupt:
        return 0


def _live(args: argparse.Namespace) -> int:
    """The view in the terminal; 1 if it has to end by itself, or Textual is not installed."""
    import importlib.util
    import time

    if importlib.util.find_spec("textual") is None:
        return _fail(
            "view", f"the terminal view needs Textual: {INSTALL}; `outrider view --json` works without"
        )
    from agent.view.app import Viewer

    fault = Viewer(_build(args, _endpoint(args)), time.monotonic).run()
    return _fail("view", fault) if fault else 0


def _build(args: argparse.Namespace, endpoint: Endpoint) -> Build:
    """What the receiving thread makes for itself: the store is for one thread alone."""
    import time

    from agent.view.fleet import FleetStore
    from agent.view.observer import Observer

    place = f"{args.broker} {args.fleet if args.fleet != '+' else 'all fleets'}"

    def build(stack: ExitStack) -> tuple[Subscriber, Observer]:
        store = stack.enter_context(closing(FleetStore.open(None, "view")))
        observer = Observer(store, place, args.device, time.time)
        subscriber = _subscriber(endpoint, observer.intake, observer.notice, _view_filters(args))
        return stack.enter_context(closing(subscriber)), observer

    return build


def _printed(args: argparse.Namespace, store: FleetStore) -> int:
    """Lines on standard output; notices go to standard error."""
    import time

    from agent.view.intake import Intake
    from agent.view.lines import Printer, follow
    from agent.view.sink import Journal
    from collectors.tally import Tally

    journal = Journal(sys.stderr, verbose=False, verb="view")
    printer = Printer(sys.stdout, args.device, time.time, json=args.json)
    intake = Intake(store, None, Tally(), journal.say, printer.applied, printer.alerted)
    with closing(_subscriber(_endpoint(args), intake, journal.say, _view_filters(args))) as subscriber:
        follow(subscriber, store, printer, time.time, once=args.once)
    return 0


def _view_filters(args: argparse.Namespace) -> tuple[str, ...]:
    """A device named in full is asked of the broker alone; patterns are matched here."""
    from agent.view.subscriber import alert_filter, filters

    plain = not any(char in args.device for char in "*?[+#/")
    device = args.device if plain else "+"
    return *filters(args.fleet, None, device), alert_filter(args.fleet, device)


def _subscriber(endpoint: Endpoint, intake: Intake, say: Say, topics: tuple[str, ...]) -> Subscriber:
    import random
    import time

    from agent.view.subscriber import Subscriber

    return Subscriber(endpoint, topics, intake, say, time.monotonic, time.time, random.random)


def _endpoint(args: argparse.Namespace) -> Endpoint:
    """
    Raises:
        SecretRefused: the password's file.
    """
    from agent.config.names import broker_address
    from agent.config.secret import read_secret
    from agent.ship.mqtt.tls import Papers
    from agent.view.subscriber import Endpoint

    host, port, tls = broker_address(args.broker) or ("", 0, False)
    password = args.password_file
    if password is not None:
        password = read_secret(password, os.environ.get("CREDENTIALS_DIRECTORY"))
    papers = Papers(args.ca_file or "", args.certificate_file or "", args.key_file or "")
    return Endpoint(host, port, tls, args.user, password, papers)


def _url(text: str) -> str:
    from agent.config.names import Url

    return _read(Url(), text)


def _name(text: str) -> str:
    from agent.config.names import Name

    return _read(Name(), text)


def _fleet(text: str) -> str:
    return text if text == "+" else _name(text)


def _file(text: str) -> str:
    """The name of a file that can be read: without it no attempt to connect would ever succeed."""
    try:
        with Path(text).open("rb"):
            return text
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be read: {error.strerror}") from None


def _duration(text: str) -> float:
    from agent.config.quantity import parse_duration

    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 12h or 30d") from None


def _read(form: Form, text: str) -> str:
    """The text if the setting of that form in the configuration would take it."""
    from agent.config.fault import Refused

    try:
        return str(form.read(text))
    except Refused as refused:
        reasons = (f"{refusal.reason}; allowed: {refusal.allowed}" for refusal in refused.refusals)
        raise argparse.ArgumentTypeError("; ".join(reasons)) from None


def _end_by_signal() -> None:
    """SIGTERM and a closed terminal end the verb as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def _fail(verb: str, text: str) -> int:
    print(f"outrider {verb}: {text}", file=sys.stderr)
    return 1
