"""Take the power from a store at any call, and from the disk what it had not yet synced.

    python tests/torture/lostwrites.py --stores 500

A store lives under strace: flushes of all sizes, confirmations, merges, losses, restarts, a changed
`max_size`. Then its calls are replayed up to any of them, and of what was not yet synced any part is
lost, reordered or torn (`disk.py`). What is left must open as the store was after the last flush that
was acknowledged, or after the one that was under way, down to each digest, and go on from there. Pages of
garbage come apart: a store full of them opens, or is set aside and says so, and never gives out what
was not written.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.ship.records import Row
from agent.stats.frame import Content
from agent.stats.window import Gauge
from agent.store.audit import audit
from agent.store.errors import CorruptRow, StoreCorrupt
from agent.store.flush import Flush
from agent.store.reader import Reader
from agent.store.sizing import MIB
from collectors.api import Series
from tests.agent.store.device import LIMITS, Device, content, kept
from tests.torture.disk import TRACED, Call, Disk, calls

ROOT = Path(__file__).parents[2]
FLUSHES = 60
STORES_OF_A_LIFE = 50
GARBAGE = 5
"""Each so manieth store has pages of garbage instead of lost writes."""
PAGE = 1024
FIRST_EPOCH_AFTER = 1 << 30

Rows = tuple[tuple[object, ...], ...]


class Life(NamedTuple):
    """A store's life: its calls, after how many of them each flush was acknowledged, and the rows that
    there were then (none at all at first); `files` are what it left, whole."""

    directory: str
    calls: tuple[Call, ...]
    acknowledged: tuple[int, ...]
    rows: tuple[Rows, ...]
    files: Mapping[str, bytes]


def live(directory: Path, seed: int) -> None:
    """In a process of its own: flush, and say after each what there is now."""
    random = Random(seed)
    with Device(directory, LIMITS._replace(policies=kept(3000.0))) as device:
        for _ in range(FLUSHES):
            device.now += random.choice((10.0, 10.0, 10.0, 60.0, 400.0, 1200.0))
            if random.random() < 0.1:
                device.reopen(device.limits._replace(max_size=random.choice((1, 1, 2)) * MIB))
            device.apply(_flush(random, device))
            _say(device)


def _flush(random: Random, device: Device) -> Flush:
    """Anything that a daemon may want to be written in one transaction."""
    start = device.now - 10.0
    names = random.sample(("windows", "events", "samples"), random.randint(0, 3))
    contents = {name: _content(random, start) for name in names}
    rows = list(device.index.values())
    return Flush(
        device.now,
        contents,
        [(row.key, row.digest) for row in rows if random.random() < 0.4],
        positions={"log": os.urandom(random.choice((8, 3000)))},
        alerts={f"rule {random.randint(0, 3)}": random.choice((None, b"firing"))},
        quarantine=[row.key for row in rows if random.random() < 0.02],
        fresh_epoch=random.random() < 0.05,
    )


def _content(random: Random, start: float) -> Content:
    """Any windows of a record, of a few pages or of many."""
    frame = content(start).frames[0]
    names = range(random.choice((1, 20, 300)))
    values = {Series("test.value", "1", "gauge", (("n", f"{n}"),)): random.random() for n in names}
    return Content((frame._replace(windows={each: Gauge(1, v, v, v, v) for each, v in values.items()}),))


def _say(device: Device) -> None:
    os.write(1, json.dumps(rows_of(device)).encode() + b"\n")


def rows_of(device: Device) -> Rows:
    """All rows of a store: key, digest, whether it is confirmed, why it is lost."""
    return tuple(
        (*row.key, row.digest.hex(), row.confirmed, row.tombstone.reason if row.tombstone else "")
        for row in device.rows()
    )


def record(directory: Path, seed: int) -> Life:
    """Have a store live under strace, and read what it did."""
    state, trace = directory / "state", directory / "trace"
    program = f"from tests.torture.lostwrites import *; live(Path({str(state)!r}), {seed})"
    command = ["strace", "-qq", "-y", "-xx", "-s", "1000000", "-e", f"trace={TRACED}", "-e", "signal=none"]
    command += ["-o", str(trace), sys.executable, "-c", program]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True, timeout=120)
    with trace.open(encoding="ascii") as lines:
        made = tuple(calls(lines))
    said = [(at, call.data) for at, call in enumerate(made) if call.name == "write" and call.data[:1] == b"["]
    rows = [tuple(map(tuple, json.loads(data))) for _, data in said]
    files = {file.name: file.read_bytes() for file in state.iterdir() if file.suffix != ".lock"}
    return Life(str(state), made, tuple(at for at, _ in said), ((), *rows), files)


def lose(life: Life, random: Random, place: Path) -> str:
    """Cut the power at some call; what is left must be as it was. Says how it went.

    Raises:
        AssertionError: it is not.
    """
    at = random.randrange(len(life.calls) + 1)
    disk = Disk(life.directory)
    for call in life.calls[:at]:
        disk.follow(call)
    _lay(place, disk.left(random))
    flushed = bisect_right(life.acknowledged, at - 1)
    with Device(place, LIMITS._replace(policies=kept(3000.0)), FIRST_EPOCH_AFTER) as device:
        assert device.store.set_aside is None, f"call {at}: set aside, and there was no garbage"
        found = rows_of(device)
        expected = life.rows[flushed : flushed + 2]
        assert found in expected, f"call {at}: {_difference(found, expected)} after {flushed} flushes"
        _goes_on(device)
    assert not audit(place).faults, f"call {at}: {audit(place).faults}"
    return "as acknowledged" if found == expected[0] else "as under way"


def spoil(life: Life, random: Random, place: Path) -> str:
    """Put garbage into some pages of the files of the whole life. Says how it went.

    Raises:
        AssertionError: something was given out that was not written.
    """
    files = {name: bytearray(data) for name, data in life.files.items()}
    for _ in range(random.choice((1, 10, 100, 1000))):
        data = files[random.choice(sorted(files))]
        start = random.randrange(max(1, len(data) // PAGE)) * PAGE
        other = random.randrange(max(1, len(data) // PAGE)) * PAGE
        data[start : start + PAGE] = random.choice(
            (
                os.urandom(PAGE),
                bytes(PAGE),
                data[other : other + PAGE],
                _flipped(bytes(data[start : start + PAGE]), random),
            )
        )
    _lay(place, files)
    written = {row[:5] for rows in life.rows for row in rows}
    try:
        with Device(place, LIMITS._replace(policies=kept(3000.0)), FIRST_EPOCH_AFTER) as device:
            outcome = "opened" if device.store.set_aside is None else "set aside"
            unread = _given_out(place, device, written)
            _goes_on(device, unread)
    except StoreCorrupt:
        outcome = "found damaged"
        with Device(place, LIMITS, FIRST_EPOCH_AFTER * 2) as device:
            assert list(place.glob("*.corrupt-*"))
            _goes_on(device)
    return f"garbage: {outcome}"


def _given_out(place: Path, device: Device, written: set[tuple[object, ...]]) -> list[Row]:
    """Read all that the link would send; the rows that could not be read."""
    unread = []
    with closing(Reader.open(place)) as reader:
        for row in device.index.values():
            name = (*row.key, row.digest.hex())
            try:
                sent = row.tombstone is not None or reader.read(row.key) is not None
            except CorruptRow:
                unread.append(row)
                continue
            assert not sent or name in written, f"{name} was never written"
    return unread


def _goes_on(device: Device, unread: list[Row] | None = None) -> None:
    """It flushes as before; rows that could not be read become tombstones."""
    device.now += 60.0
    before = len(device.store.epochs())
    flushed = device.flush(quarantine=[row.key for row in unread or ()])
    assert len(flushed.epochs) in (before, before + 1)
    assert flushed.epochs[0].next["windows"] == 1


def _flipped(page: bytes, random: Random) -> bytes:
    """One bit of it is another."""
    data = bytearray(page)
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def _difference(found: Rows, expected: tuple[Rows, ...]) -> str:
    apart = sorted(set(found) ^ set(expected[0]), key=str)
    return f"{len(found)} rows, of which {len(apart)} are others: {apart[:4]}"


def _lay(place: Path, files: Mapping[str, bytes | bytearray]) -> None:
    place.mkdir(mode=0o700)
    for name, data in files.items():
        (place / name).write_bytes(data)


def run(directory: Path, stores: int, seed: int = 1) -> Counter[str]:
    """Spoil so many stores; how they went.

    Raises:
        AssertionError: one was not what it should be. Seed and store of whatever is raised are said on
            stderr.
    """
    outcomes: Counter[str] = Counter()
    for at in range(stores):
        if at % STORES_OF_A_LIFE == 0:
            place = directory / f"life{at}"
            place.mkdir()
            life = record(place, seed + at)
        random = Random(f"{seed} {at}")
        place = directory / f"store{at}"
        with ExitStack() as failing:
            failing.callback(print, f"store {at} of seed {seed} failed", file=sys.stderr)
            outcomes[(spoil if at % GARBAGE == GARBAGE - 1 else lose)(life, random, place)] += 1
            failing.pop_all()
        shutil.rmtree(place)
    return outcomes


def main() -> None:
    """The command line."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--stores", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="outrider-lost-") as place:
        outcomes = run(Path(place), args.stores, args.seed)
    print(f"{args.stores} stores: {dict(sorted(outcomes.items()))}, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
