"""`outrider record`: ask the running daemon for a capture of every sample, and show those there are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.config import Config
    from agent.store.reader import Reader, Stored

EXAMPLES = """examples:
  outrider record                          the last 2m and the next 1m, as recorder.before and .after say
  outrider record --before 10m --after 0s --note 'the fan rattled'
  outrider record ls                       the captures that this device has kept
  outrider record show 20260301T101500Z-3fa2 'system.cpu.*'
  outrider record show 20260301T101500Z-3fa2 --json | jq -c .

An alert begins a capture by itself. One is a record of the stream `samples`: it is shipped after all else.
Who asks while one is under way joins it: the note is added, and it goes as far back as was asked.
To ask for one takes the daemon's user or root, and it counts as one of recorder.per_day.
"""
FAILED = 1
PATIENCE = 30.0
"""Seconds that the daemon may be late with an answer: its disk may be slow."""

WHY = {
    "per_day": "there were as many captures in the last 24 hours as recorder.per_day allows",
    "busy": "the one before is not written yet; ask again",
    "callers": "too many ask at the same time; ask again",
    "disabled": "recorder.enabled is false in the daemon's configuration",
    "no_ring": "the daemon keeps no ring of samples: ring.enabled is false, or it could not be made",
    "denied": "only the daemon's user and root may ask",
    "malformed": "the daemon does not take it so; is it of another version?",
}


def add(parser: argparse.ArgumentParser, verb: str) -> None:
    """Register the arguments of `record` and its actions."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES
    directories = ("--state-dir", "--runtime-dir", "--device")
    parser.add_argument(
        "--before", type=_duration, metavar="D", help="how far back (default: recorder.before)"
    )
    parser.add_argument("--after", type=_duration, metavar="D", help="how far on (default: recorder.after)")
    parser.add_argument("--note", default="", metavar="TEXT", help="what for, kept with the capture")
    add_flags(parser, directories)
    parser.set_defaults(run=record, verb=verb)
    actions = parser.add_subparsers(metavar="[ls|show]")
    listing = actions.add_parser("ls", help="one line a capture")
    listing.add_argument("--json", action="store_true", help="one JSON object a capture")
    listing.set_defaults(run=ls)
    show = actions.add_parser("show", help="every sample of a capture")
    show.add_argument("id", metavar="ID", help="as `record ls` has it; the newest for -")
    show.add_argument("metric", nargs="?", default="*", help="a name, or a pattern like 'system.cpu.*'")
    show.add_argument("--json", action="store_true", help="one JSON object a series")
    show.set_defaults(run=show_capture)
    for each in (listing, show):
        add_flags(each, directories, inner=True)


def record(args: argparse.Namespace) -> int:
    """Ask the daemon, wait until it is done, and say what was captured."""
    from agent.cli.flags import settings
    from agent.control_socket import ask

    directory = Path(settings(args).runtime.directory)
    fields = {"ask": "record", "before": args.before, "after": args.after, "note": args.note}
    try:
        for answer in ask(directory, fields, PATIENCE):
            if answer.get("state") not in ("begun", "joined", "captured"):
                return _refused(answer)
            sys.stdout.write(f"{_told(answer)}\n")
            sys.stdout.flush()
            if answer["state"] == "captured":
                return 0
    except FileNotFoundError:
        return _fail(f"{directory}: no daemon runs with this runtime directory; --runtime-dir names another")
    except ConnectionRefusedError:
        return _fail(f"{directory}: no daemon listens there now; start it again")
    except PermissionError:
        return _fail(f"{directory}: ask as the daemon's user or as root")
    except (OSError, ValueError) as error:
        return _fail(f"{directory}: the daemon does not answer: {error}")
    return _fail("the daemon went away; a capture that had begun goes on when it is back: outrider record ls")


def _told(answer: dict[str, Any]) -> str:
    """An answer for people."""
    from agent.view.clean import clean

    if answer["state"] == "captured":
        left = f"; {answer.get('cut')} ticks did not fit" if answer.get("cut") != "0" else ""
        return clean(
            f"{answer.get('id')}: {answer.get('ticks')} ticks of {answer.get('series')} series, from "
            f"{answer.get('before')} s before to {answer.get('after')} s after{left}"
        )
    joined = " joins one that is under way;" if answer["state"] == "joined" else ""
    return clean(f"{answer.get('id')}:{joined} {answer.get('seconds')} s to go")


def _refused(answer: dict[str, Any]) -> int:
    from agent.view.clean import clean

    reason = str(answer.get("reason"))
    return _fail(f"nothing is captured: {WHY.get(reason, clean(reason))}")


def ls(args: argparse.Namespace) -> int:
    """Print one line a capture, the oldest first; 1 if there are none."""
    import json

    from agent.cli.listing import capture
    from agent.view.captures import of, summary

    def lines(reader: Reader) -> Iterator[str]:
        for stored in _kept(reader):
            found = of(stored.content())
            if found is not None and args.json:
                whose = {"size": stored.row.size, "confirmed": stored.row.confirmed}
                yield json.dumps({**summary(found), **whose})
            elif found is not None:
                yield capture(found, stored)

    return _printed(args, lines, "no capture is kept; an alert begins one, or `outrider record`")


def show_capture(args: argparse.Namespace) -> int:
    """Print every sample of a capture; 1 if there is none of that name."""
    from agent.cli.flags import settings

    config = settings(args)

    def lines(reader: Reader) -> Iterator[str]:
        yield from _samples(args, config, list(_kept(reader)))

    wanted = "no capture" if args.id == "-" else f"no capture {args.id}"
    with_it = f" with a series {args.metric}" if args.metric != "*" else ""
    return _printed(args, lines, f"{wanted}{with_it}; `outrider record ls` lists the captures")


def _samples(args: argparse.Namespace, config: Config, kept: list[Stored]) -> Iterator[str]:
    """The lines of one capture."""
    from fnmatch import fnmatchcase

    from agent.cli.listing import poll
    from agent.identity import device_name
    from agent.observed import host
    from agent.stats.ticks import polled
    from agent.view.captures import json_lines, of

    for stored in reversed(kept):
        content = stored.content()
        found = of(content)
        if found is None or args.id not in (found.id, "-"):
            continue
        frames = [
            frame._replace(
                windows={s: w for s, w in frame.windows.items() if fnmatchcase(s.name, args.metric)}
            )
            for frame in content.frames
        ]
        if args.json:
            name = config.device.name or device_name(host(config))
            yield from json_lines(name, content._replace(frames=tuple(frames)))
            return
        for series, polls in polled(frames).items():
            yield from (poll(series, at, value) for at, value in polls)
        return


def _kept(reader: Reader) -> Iterator[Stored]:
    """The records of captures; one that is lost or cannot be read is said on stderr."""
    from agent.ledger import utc
    from agent.ship.records import RAW
    from agent.store.errors import CorruptRow

    for stored in reader.stored(streams=(RAW,)):
        grave = stored.row.tombstone
        if grave is not None:
            sys.stderr.write(f"{utc(grave.start)}: {grave.records} captures are lost ({grave.reason})\n")
            continue
        try:
            stored.content()
        except CorruptRow as error:
            sys.stderr.write(f"{error}\n")
        else:
            yield stored


def _printed(args: argparse.Namespace, lines: Any, advice: str) -> int:
    """Print what `lines` makes of the store of this device; without any line, say what to do."""
    from agent.cli.flags import settings
    from agent.store.errors import StoreError
    from agent.store.reader import Reader

    count = 0
    try:
        with closing(Reader.copy(Path(settings(args).store.directory))) as reader:
            for line in lines(reader):
                sys.stdout.write(f"{line}\n")
                count += 1
    except StoreError as error:
        return _fail(f"{error}; ask as the daemon's user or as root, of the right --state-dir")
    return 0 if count else _fail(advice)


def _duration(text: str) -> float:
    from agent.config.quantity import parse_duration

    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 5m or 1h") from None


def _fail(words: str) -> int:
    sys.stderr.write(f"outrider record: {words}\n")
    return FAILED
