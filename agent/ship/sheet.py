"""A sheet: frames of one tick each, written series by series.

Frame by frame a capture of the 1 s ring repeats the head of each block, and values that hardly move are
written anew each second. Here a series is one column over all frames, as it is or as steps from value to
value, whichever is shorter: of an idle host a quarter of the bytes.

    how many frames; when they end, how long they are; which frames a series is in (a pattern, said once);
    then for each series of the table, gauges before counters, its values in the order of the frames

With `Decimals` values are ranks, but whole increases of counters stay as they are; times are milliseconds.
Without, all are doubles, and everything comes back exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from agent.ship.bits import BitReader, BitWriter, Room, bits_of
from agent.ship.decimals import Decimals
from agent.ship.limits import BODY, FRAMES, NUMBER, fault, listed, octets
from agent.ship.table import Mentions, Table, resolve
from agent.stats.frame import Frame
from agent.stats.histogram import held
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series

MS = 1000
OTHERS = 4
"""Numbers of a window beside its value (a gauge in a frame takes five), so that a body holds no more
windows in a sheet than in frames: a reader makes the same of them."""

RANKS, WHOLE, MIXED = 0, 1, 2
"""How the values of a series are written: as ranks, as whole numbers, or some so and some so."""

Places = tuple[int, ...]
"""Which frames a series is in, ascending."""


class Tick(NamedTuple):
    """A frame as a sheet has it: start and end on the boot clock in s, and its windows."""

    start: float
    end: float
    windows: Mapping[Series, Summary]


def is_sheet(frames: Sequence[Frame]) -> bool:
    """Whether these frames are ticks of one clock, so that a sheet gives them back as they are."""
    if len(frames) < 2:
        return False
    clock = frames[0].span[4:], frames[0].span.boot
    return all((frame.span[4:], frame.span.boot) == clock and _is_tick(frame) for frame in frames)


def _is_tick(frame: Frame) -> bool:
    length = frame.span.end - frame.span.start
    if length <= 0 or frame.span.covered != length:
        return False
    return all(_is_poll(summary, length) for summary in frame.windows.values())


def _is_poll(summary: Summary, length: float) -> bool:
    if isinstance(summary, Gauge):
        return summary.count == 1 and summary.total == summary.low == summary.high == summary.last
    if isinstance(summary, Counter):
        return summary.count == 1 and not summary.resets and summary.rate == held(summary.delta / length)
    return False


def write_sheet(
    frames: Sequence[Frame], table: Table, decimals: Decimals | None, room: Room
) -> tuple[bytes, bytes]:
    """Frames that `is_sheet`, as bits and doubles.

    Raises:
        WireError: "too_large" or "range": beyond what its reader will take.
    """
    out = BitWriter(room)
    out.number(len(frames))
    _write_times(out, frames, decimals)
    series = _columns(table)
    values: dict[Series, list[float]] = {one: [] for one in series}
    places: dict[Series, list[int]] = {one: [] for one in series}
    for place, frame in enumerate(frames):
        for one, summary in frame.windows.items():
            places[one].append(place)
            values[one].append(summary.delta if isinstance(summary, Counter) else summary.last)  # type: ignore[union-attr]
    room.take(OTHERS * sum(map(len, values.values())))
    _write_patterns(out, Mentions(tuple(places[one]) for one in series))
    if decimals is None:
        out.floats([value for one in series for value in values[one]])
        return out.done()
    _write_values(out, [(values[one], one.kind == "counter") for one in series], decimals)
    return out.done()


def _write_values(out: BitWriter, columns: Sequence[tuple[list[float], bool]], decimals: Decimals) -> None:
    """The values of each series; of a counter whole ones are exact."""
    forms = [_form(values) if counts else RANKS for values, counts in columns]
    found = [
        _split(values, decimals) if form == MIXED else [_integers(values, form, decimals)]
        for (values, _), form in zip(columns, forms, strict=True)
    ]
    stepped = [len(each) == 1 and _shorter_by_steps(each[0]) for each in found]
    out.column(forms)
    out.column([int(each) for each in stepped])
    for parts, by_step in zip(found, stepped, strict=True):
        for column in (parts[0][:1], _steps(parts[0])) if by_step else parts:
            out.column(column)


def _form(values: Sequence[float]) -> int:
    whole = sum(map(_is_whole, values))
    return WHOLE if whole == len(values) else MIXED if whole else RANKS


def _integers(values: Sequence[float], form: int, decimals: Decimals) -> list[int]:
    return [int(value) if form == WHOLE else decimals.rank(value) for value in values]


def _split(values: Sequence[float], decimals: Decimals) -> list[list[int]]:
    """Which values are whole, these as they are, the ranks of the others."""
    whole = [_is_whole(value) for value in values]
    exact = [int(value) for value in values if _is_whole(value)]
    return [[int(each) for each in whole], exact, [decimals.rank(v) for v in values if not _is_whole(v)]]


def _shorter_by_steps(column: Sequence[int]) -> bool:
    return bits_of(column[:1]) + bits_of(_steps(column)) < bits_of(column)


def read_sheet(block: Any, table: Table, decimals: Decimals | None, room: Room) -> list[Tick]:
    """The inverse of `write_sheet`, of [bits, doubles].

    Raises:
        WireError: it is no sheet of this table.
    """
    packed, *more = listed(block, "sheet", 16, 1)
    bits = BitReader(octets(packed, "bits", BODY), octets(more[0], "doubles", BODY) if more else b"", room)
    count = bits.number()
    if not 1 <= count <= FRAMES:
        fault("range", f"a sheet of {count} frames, at most {FRAMES} are allowed")
    spans = list(_read_times(bits, count, decimals))
    series = _columns(table)
    places = _read_patterns(bits, len(series), count)
    room.take(OTHERS * sum(map(len, places)))
    windows: list[dict[Series, Summary]] = [{} for _ in range(count)]
    columns = _read_values(bits, [len(each) for each in places], decimals)
    for one, mine, column in zip(series, places, columns, strict=True):
        for place, value in zip(mine, column, strict=True):
            start, end = spans[place]
            windows[place][one] = (
                Counter(1, value, held(value / (end - start)), 0)
                if one.kind == "counter"
                else Gauge(1, value, value, value, value)
            )
    return [Tick(*span, found) for span, found in zip(spans, windows, strict=True)]


def _columns(table: Table) -> list[Series]:
    """The series that a sheet has a column of: those of the table that are numbers of a tick."""
    return [*table.get("g", []), *table.get("c", [])]


def _write_times(out: BitWriter, frames: Sequence[Frame], decimals: Decimals | None) -> None:
    if decimals is None:
        out.floats([frame.span.start for frame in frames])
        out.floats([frame.span.end for frame in frames])
        return
    ends = [round(frame.span.end * MS) for frame in frames]
    out.column(ends[:1])
    out.column(_steps(ends))
    # A tick of no length would have no rate.
    out.column([max(1, end - round(frame.span.start * MS)) for frame, end in zip(frames, ends, strict=True)])


def _read_times(bits: BitReader, count: int, decimals: Decimals | None) -> Iterator[tuple[float, float]]:
    if decimals is None:
        pairs = list(zip(bits.floats(count), bits.floats(count), strict=True))
    else:
        ends = list(accumulate([*bits.column(1), *bits.column(count - 1)]))
        lengths = bits.column(count)
        pairs = [((end - length) / MS, end / MS) for end, length in zip(ends, lengths, strict=True)]
    for start, end in pairs:
        if not -NUMBER / MS <= start < end <= NUMBER / MS:
            fault("range", f"a tick from {start} to {end} s")
        yield start, end


def _write_patterns(out: BitWriter, patterns: Mentions[Places]) -> None:
    out.column(patterns.refs)
    found = list(patterns.found)
    out.column([len(pattern) for pattern in found])
    for pattern in found:
        out.column(_steps((-1, *pattern)))


def _read_patterns(bits: BitReader, series: int, frames: int) -> list[Places]:
    """The frames that each series is in."""
    refs = bits.column(series)
    sizes = bits.column(refs.count(0))
    if sizes and not 0 <= min(sizes) <= max(sizes) <= frames:
        fault("range", f"a series with {max(sizes)} values in {frames} frames")
    found: list[Places] = []
    for size in sizes:
        steps = bits.column(size)
        pattern = tuple(accumulate(steps, initial=-1))[1:]
        if steps and (min(steps) < 1 or pattern[-1] >= frames):
            fault("range", "the frames of a series are not in order, or are none")
        found.append(pattern)
    return resolve(refs, iter(found), "patterns")


def _read_values(bits: BitReader, sizes: list[int], decimals: Decimals | None) -> Iterator[list[float]]:
    """The values of each series."""
    if decimals is None:
        yield from (bits.floats(size) for size in sizes)
        return
    forms, stepped = bits.column(len(sizes)), bits.column(len(sizes))
    for size, form, by_step in zip(sizes, forms, stepped, strict=True):
        if form == MIXED:
            yield _read_split(bits, size, decimals)
            continue
        if by_step and size:
            column = list(accumulate([*bits.column(1), *bits.column(size - 1)]))
        else:
            column = bits.column(size)
        yield (
            [_exact(each) for each in column] if form == WHOLE else [decimals.value(each) for each in column]
        )


def _read_split(bits: BitReader, size: int, decimals: Decimals) -> list[float]:
    whole = bits.column(size)
    exact = iter(bits.column(size - whole.count(0)))
    ranks = iter(bits.column(whole.count(0)))
    return [_exact(next(exact)) if each else decimals.value(next(ranks)) for each in whole]


def _exact(value: int) -> float:
    if abs(value) > NUMBER:
        fault("range", f"a whole number of {value}, at most 2^53 is allowed")
    return float(value)


def _is_whole(value: float) -> bool:
    return abs(value) < NUMBER and int(value) == value


def _steps(values: Sequence[int]) -> list[int]:
    return [b - a for a, b in pairwise(values)]
