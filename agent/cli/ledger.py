"""`outrider ledger`: what became coarser, was let go, lost, cut or refused on this device, and why."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agent.ledger import Entry
    from agent.ship.records import Key
    from agent.stats.frame import Content
    from agent.store.reader import Reader

EXAMPLES = """examples:
  outrider ledger                 all that the store knows
  outrider ledger --last 2d       of the last two days
  outrider ledger --json | jq     one object a line

It reads beside a running daemon. A line says when it was told, what happened to records of which stream,
how many they were and of how many bytes, why, by whom, and of which time (UTC) they are:
  merged   made coarser, for their age or for space     deleted  let go of after their confirmation
  lost     nobody holds them                            cut      series that were not taken
  refused  they can never be sent, and stay here (`outrider spool export --refused`)
A loss that no entry tells any more stands there as the store has it, told by "tombstone". Behind them is
what the store holds now: how many blocks of so many windows.
"""


class Told(NamedTuple):
    """An entry, and when it was told in wall s; of a tombstone, when what is lost ended."""

    at: float
    entry: Entry


def add(parser: argparse.ArgumentParser, _verb: str) -> None:
    """Register the arguments of `ledger`."""
    from agent.cli.flags import add_flags
    from agent.cli.reading import duration

    parser.epilog = EXAMPLES
    parser.add_argument(
        "--last", type=duration, default=None, metavar="D", help="how far back (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object an entry")
    add_flags(parser, ("--state-dir",))
    parser.set_defaults(run=ledger, verb="ledger")


def ledger(args: argparse.Namespace) -> int:
    """Print the ledger of this device's store."""
    import time

    from agent.cli.flags import settings
    from agent.cli.reading import print_lines, read_store

    since = float("-inf") if args.last is None else time.time() - args.last

    def show(reader: Reader) -> int:
        found = [told for told in entries(reader) if told.at >= since]
        print_lines(_told(found, as_json=args.json), sys.stdout)
        print_lines(_blocks(reader, as_json=args.json), sys.stdout)
        return 0

    return read_store(args, settings(args), show)


def entries(reader: Reader) -> list[Told]:
    """Every entry that the store holds, and the losses that none of them tells, the oldest first."""
    from agent.ledger import entry_of

    found = []
    for content in _contents(reader):
        found += [Told(event.wall, each) for event in content.events if (each := entry_of(event)) is not None]
    return sorted([*found, *_untold(reader, found)], key=lambda told: told.at)


def _contents(reader: Reader) -> Iterator[Content]:
    from agent.store.errors import CorruptRow

    for stored in reader.stored(streams=("events",)):
        if stored.row.tombstone is None:
            try:
                yield stored.content()
            except CorruptRow as error:
                sys.stderr.write(f"outrider ledger: {error}\n")


def _untold(reader: Reader, told: list[Told]) -> Iterator[Told]:
    """The tombstones whose time is not covered by what the store told of losses in their stream."""
    from agent.ledger import Entry

    spans: dict[str, list[tuple[float, float]]] = {}
    for _, entry in told:
        if entry.what == "lost" and entry.by == "store" and entry.span is not None:
            spans.setdefault(entry.stream, []).append(entry.span)
    for stored in reader.stored(bodies=False):
        grave = stored.row.tombstone
        if grave is not None and not _covered((stored.start, stored.end), spans.get(grave.key.stream, [])):
            span = (stored.start, stored.end)
            entry = Entry(
                "lost", grave.key.stream, grave.reason, "tombstone", grave.records, grave.size, span
            )
            yield Told(stored.end, entry)


def _covered(span: tuple[float, float], told: list[tuple[float, float]]) -> bool:
    """Whether all of the span, but for a second, is inside those told."""
    reached = span[0]
    for start, end in sorted(told):
        if start > reached + 1.0:
            break
        reached = max(reached, end)
    return bool(told) and min(start for start, _ in told) <= span[0] + 1.0 and reached >= span[1] - 1.0


def _told(found: list[Told], *, as_json: bool) -> Iterator[str]:
    from agent.ledger import utc
    from agent.view.clean import clean

    if not found and not as_json:
        yield "nothing became coarser, was let go of, lost, cut or refused"
    for at, entry in found:
        if as_json:
            start, end = entry.span or (None, None)
            said = {**entry._asdict(), "start": start, "end": end}
            del said["span"]
            yield json.dumps({"kind": "entry", "at": at, **said})
            continue
        records = "-" if entry.records is None else entry.records
        size = "-" if entry.size is None else f"{entry.size} B"
        span = "-" if entry.span is None else f"{utc(entry.span[0])} to {utc(entry.span[1])}"
        why = f"{clean(entry.reason, 24):16} by {clean(entry.by, 16):9}"
        yield f"{utc(at)}  {entry.what:7}  {entry.stream:7} {records:>6}  {size:>12}  {why}  {span}"


def _blocks(reader: Reader, *, as_json: bool) -> Iterator[str]:
    """What data the store holds, by stream and length of the block."""
    counts: Counter[tuple[str, int]] = Counter()
    sizes: Counter[tuple[str, int]] = Counter()
    for stored in reader.stored(bodies=False):
        if stored.row.tombstone is None:
            of = stored.row.key.stream, _length(stored.row.key)
            counts[of] += 1
            sizes[of] += stored.row.size
    for stream, length in sorted(counts):
        rows, size = counts[stream, length], sizes[stream, length]
        if as_json:
            said = {"stream": stream, "length": length, "rows": rows, "size": size}
            yield json.dumps({"kind": "blocks", **said})
        else:
            noun = "records" if length == 1 else f"blocks of {length}"
            yield f"in the store: {stream:7} {rows:6} {noun}, {size} B"


def _length(key: Key) -> int:
    return key.last - key.first + 1
