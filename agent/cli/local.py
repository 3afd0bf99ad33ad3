"""The verbs that look at this device's own store: `history` and `spool`, beside a daemon or without one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.reading import FAILED, duration, fail, print_lines, read_store, readable, unread, who, why

if TYPE_CHECKING:
    from agent.config import Config
    from agent.stats.frame import Content, Frame
    from agent.stats.ringfile import Snapshot
    from agent.store.reader import Reader

EXAMPLES = {
    "history": """examples:
  outrider history                                  every series, its latest window of the last hour
  outrider history system.cpu.utilization --last 2h
  outrider history 'system.network.*' --last 7d --json
  outrider history system.cpu.utilization --last 30s --raw   each second, from the runtime directory
  outrider history --model iris --last 1d           quality, inputs, drift, latency and load as one record

It reads beside a running daemon. Times are UTC; older windows are merged into longer ones.
--json prints one object a window and series, as `outrider view --json` does; with --model one object.
""",
    "spool": """examples:
  outrider spool ls                                 what is kept, confirmed or lost
  outrider spool status                             what waits, and what is left of the budget
  outrider spool verify                             every checksum; exit code 1 when something is wrong
  outrider spool export - | gzip > history.json.gz  every window and event as a line of JSON
  outrider spool export --refused left.json         those that can never be sent
  outrider spool repair /var/lib/outrider/outrider.db.corrupt-20260101T000000Z /tmp/repaired
                                                    what a damaged store still holds, as a new store

ls prints of each record: the epoch (a number that each start of the daemon draws), the stream, the
numbers that it covers there, data, or why it is lost or refused (it can never be sent, and is kept),
whether the far side confirmed it (ship.confirm says whose word counts), its bytes, when it begins (UTC)
and how long it is.
""",
}
DIRECTORIES = ("--state-dir", "--runtime-dir", "--device")


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """Register the arguments of `history` or `spool`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES[verb]
    parser.set_defaults(verb=verb)
    if verb == "history":
        parser.add_argument(
            "metric", nargs="?", metavar="METRIC", help="a name, or a pattern like 'system.cpu.*'"
        )
        parser.add_argument(
            "--last", type=duration, default="1h", metavar="D", help="how far back (default: 1h)"
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--raw", action="store_true", help="each poll, from the ring of the last hour")
        what.add_argument("--model", metavar="NAME", help="all that is known of this model, joined")
        parser.add_argument("--json", action="store_true", help="one JSON object a window and series")
        parser.set_defaults(run=history)
    else:
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="ls|status|verify|export|repair"
        )
        listing = _action(actions.add_parser, "ls", "one line a record")
        listing.add_argument("--json", action="store_true", help="one JSON object a record")
        add_flags(listing, DIRECTORIES[:1])
        state = _action(actions.add_parser, "status", "what waits, and what is left of the budget")
        state.add_argument("--json", action="store_true", help="one JSON object")
        add_flags(state, DIRECTORIES[:1])
        add_flags(_action(actions.add_parser, "verify", "check every record"), DIRECTORIES[:1])
        export = _action(actions.add_parser, "export", "every window, event and sample as a line of JSON")
        export.add_argument("--refused", action="store_true", help="only of records that can never be sent")
        export.add_argument("file", metavar="FILE", help="written anew; - for standard output")
        add_flags(export, (DIRECTORIES[0], DIRECTORIES[2]))
        repair = _action(actions.add_parser, "repair", "carry over what a damaged store still holds")
        repair.add_argument("file", metavar="FILE", type=Path, help="the damaged store; it is only read")
        repair.add_argument("into", metavar="DIRECTORY", type=Path, help="where the new store is made")
        parser.set_defaults(run=lambda args: SPOOL[args.action](args))
        return
    add_flags(parser, DIRECTORIES)


def _action(make: Callable[..., argparse.ArgumentParser], name: str, brief: str) -> argparse.ArgumentParser:
    """The parser of an action of `spool`, with the examples of all."""
    shape = argparse.RawDescriptionHelpFormatter
    return make(name, help=brief, description=brief, epilog=EXAMPLES["spool"], formatter_class=shape)


def history(args: argparse.Namespace) -> int:
    """Print windows, or the polls of the ring; 1 if there are none."""
    import time

    from agent.cli.flags import settings

    config = settings(args)
    now = time.time()
    if args.model is not None:
        from agent.cli import joined

        return read_store(args, config, lambda reader: joined.history(args, reader, now - args.last, now))
    if args.raw:
        return _raw(args, config, now)
    return read_store(args, config, lambda reader: _windows(args, config, reader, now))


def _windows(args: argparse.Namespace, config: Config, reader: Reader, now: float) -> int:
    from agent.cli.listing import latest, window
    from agent.ledger import utc
    from agent.stats.frame import Content
    from agent.view.lines import json_lines

    lines: Iterator[str]
    since = now - args.last
    frames = _frames(reader, args.metric or "*", since)
    if args.json:
        device = _device(config)
        lines = (line for frame in frames for line in json_lines(device, Content((frame,))))
    elif args.metric is None:
        lines = latest(frames)
    else:
        lines = (window(frame, *of) for frame in frames for of in frame.windows.items())
    if print_lines(lines, sys.stdout):
        return 0
    if args.metric is None:
        advice = f"the first is kept when its span ({config.window.span:g} s) is over; or try a longer --last"
        return fail("history", f"no window since {utc(since)}; {advice}")
    advice = "try a longer --last, or see what there is with `outrider history`"
    return fail("history", f"no window of {args.metric} since {utc(since)}; {advice}")


def _frames(reader: Reader, pattern: str, since: float) -> Iterator[Frame]:
    """The frames that end after `since`, with the series asked for."""
    from fnmatch import fnmatchcase

    for content in readable(reader, since):
        for frame in sorted(content.frames, key=lambda frame: frame.span.wall):
            windows = {s: each for s, each in frame.windows.items() if fnmatchcase(s.name, pattern)}
            if windows and frame.span.end + frame.span.offset > since:
                yield frame._replace(windows=windows)


def _raw(args: argparse.Namespace, config: Config, now: float) -> int:
    """Print the polls that the ring holds."""
    import time

    from agent.daemon import RING
    from agent.stats.ring import Ring
    from agent.stats.ringfile import RingError

    path = Path(config.runtime.directory) / RING
    try:
        snapshot = Ring.view(path)
    except (OSError, RingError) as error:
        return fail("history", f"{path}: {why(error)}; {who(error, 'runtime')}")
    offset = now - time.clock_gettime(time.CLOCK_BOOTTIME)
    if not print_lines(_polls(args, snapshot, offset, now - args.last), sys.stdout):
        asked = args.metric or "any metric"
        return fail("history", f"{path}: no poll of {asked} in the last {args.last:g} s")
    return 0


def _polls(args: argparse.Namespace, snapshot: Snapshot, offset: float, since: float) -> Iterator[str]:
    """The polls of the series asked for, one series after the other."""
    from fnmatch import fnmatchcase

    from agent.cli.listing import poll, poll_json

    show = poll_json if args.json else poll
    for series in snapshot.series:
        if fnmatchcase(series.name, args.metric or "*"):
            for at, value in snapshot.read(series, since - offset):
                yield show(series, at + offset, value)


def _ls(args: argparse.Namespace) -> int:
    """Print one line a record."""
    from agent.cli.flags import settings
    from agent.cli.listing import record, record_json

    show = record_json if args.json else record

    def lines(reader: Reader) -> int:
        refused = reader.refused()
        found = reader.stored(bodies=False)
        print_lines((show(each, refused.get(each.row.digest)) for each in found), sys.stdout)
        return 0

    return read_store(args, settings(args), lines)


def _status(args: argparse.Namespace) -> int:
    """Print what waits and what is left to spend."""
    import time

    from agent.cli.flags import settings
    from agent.cli.spoolstatus import Moment, show
    from agent.identity import boot_id
    from agent.observed import host

    config = settings(args)
    rate = config.store.write_budget
    try:
        boot = boot_id(host(config))
    except OSError as error:
        return fail("spool", f"no boot id: {why(error)}")
    now = Moment(time.time(), boot, time.clock_gettime(time.CLOCK_BOOTTIME))
    return read_store(args, config, lambda reader: show(reader, rate, now, as_json=args.json))


def _verify(args: argparse.Namespace) -> int:
    """Check the store; 1 when something is wrong."""
    from agent.cli.flags import settings
    from agent.store.audit import audit
    from agent.store.errors import StoreError

    directory = Path(settings(args).store.directory)
    try:
        found = audit(directory)
    except StoreError as error:
        return unread("spool", error)
    sys.stderr.writelines(f"outrider spool: {fault}\n" for fault in found.faults)
    sys.stdout.write(
        f"{found.records} records of {found.size} bytes and {found.tombstones} tombstones cover "
        f"{found.numbers} numbers; {found.lost} are lost, {found.deleted} were deleted after confirmation: "
        f"{'damaged' if found.faults else 'ok'}\n"
    )
    return FAILED if found.faults else 0


def _export(args: argparse.Namespace) -> int:
    """Write every window, event and sample of a model's records as a line of JSON."""
    from agent.cli.flags import settings
    from agent.view.lines import json_events, json_lines

    config = settings(args)

    def write(reader: Reader) -> int:
        device = _device(config)
        lines = (
            line
            for content in _exported(reader, refused=args.refused)
            for line in (*json_lines(device, content), *json_events(device, content))
        )
        if args.file == "-":
            print_lines(lines, sys.stdout)
            return 0
        try:
            with Path(args.file).open("w", encoding="ascii") as file:
                print_lines(lines, file)
        except OSError as error:
            return fail("spool", f"{args.file}: {error.strerror}; choose another file")
        return 0

    return read_store(args, config, write)


def _exported(reader: Reader, *, refused: bool) -> Iterator[Content]:
    """What is written. Captures of the recorder are what some windows were made of: beside them they would
    count twice."""
    from agent.logs.measures import SAMPLE
    from agent.ship.records import RAW, STREAMS

    if refused:
        yield from readable(reader, float("-inf"), STREAMS, set(reader.refused()))
        return
    yield from readable(reader, float("-inf"), tuple(name for name in STREAMS if name != RAW))
    for content in readable(reader, float("-inf"), (RAW,)):
        samples = tuple(event for event in content.events if event.name == SAMPLE)
        yield content._replace(frames=(), events=samples)


def _repair(args: argparse.Namespace) -> int:
    """Carry over what a damaged store still holds, and say what is left behind; 1 if nothing could be."""
    from agent.store.errors import StoreError
    from agent.store.repair import repair

    try:
        done = repair(args.file, args.into)
    except StoreError as error:
        return fail("spool", str(error))
    sys.stdout.write(
        f"{done.records} records of {done.size} bytes and {done.tombstones} tombstones of {done.lives} lives "
        f"are in {args.into}; left behind: {done.wrong} that are damaged, {done.nameless} of lives that are "
        f"not known any more; {done.buried} numbers in what cannot be read are marked as lost (corrupt)\n"
    )
    return 0 if done.records or done.tombstones else FAILED


SPOOL = {"ls": _ls, "status": _status, "verify": _verify, "export": _export, "repair": _repair}


def _device(config: Config) -> str:
    """The name that messages of this device bear."""
    from agent.identity import device_name
    from agent.observed import host

    return config.device.name or device_name(host(config))
