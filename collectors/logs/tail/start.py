"""Where a file is begun that was there before its source: at its end, or at a time."""

from __future__ import annotations

from collections.abc import Callable

from collectors.logs.tail import wrapped
from collectors.logs.tail.medium import Medium
from collectors.logs.tail.proof import WINDOW, Proof, digest, ladder
from collectors.logs.tail.source import Limits, Source
from collectors.logs.tail.track import RAW, Track

NEAR = 64 * 1024
TimeOf = Callable[[bytes], float | None]
"""When a line was written, in s of the wall clock; None: it does not say."""


def begin(track: Track, source: Source, limits: Limits, wall: float) -> None:
    """Set a track that has a medium where the source says.

    A file whose lines tell no time, or that was not written in that time, is begun at its end. A compressed
    one is gone through by blocks, one a call: until it is `begun`, there is more to be done.

    Raises:
        OSError: it cannot be read.
    """
    medium = track.medium
    if medium is None:
        return
    head = medium.head()
    track.wrapper = wrapped.wrapper_of(head)
    since = 0.0 if isinstance(source.start, str) else wall - source.start
    time_of = clock_of(track.wrapper if source.wrapper == "auto" else source.wrapper, source.time_of)
    if medium.packed:
        _leave_out(track, medium, limits, since, time_of)
        return
    end = min(track.offset, medium.size())
    offset = None
    if since and track.written >= since * 1e9:
        offset = first_since(medium, end, since, time_of)
    if offset is None:
        offset, track.skipping = line_start(medium, end, limits.line)
    track.offset = offset
    before = medium.before(offset)
    track.proof = Proof(ladder(head), digest(before) if before else b"")
    track.begun = True


def _leave_out(track: Track, medium: Medium, limits: Limits, since: float, time_of: TimeOf) -> None:
    """Go over what was written before `since`, at most a block."""
    back = min(track.offset, WINDOW)
    data = medium.read(track.offset - back, back + limits.block)
    ended = len(data) < back + limits.block
    whole = data.rfind(b"\n", back) + 1 or back
    found = first_of(data[back:whole], since, time_of)
    track.skipping = RAW if whole == back else 0
    track.begun = ended or found is not None
    if found is not None:
        track.advance(data, back + found)
    else:
        track.advance(data, len(data) if ended or whole == back else whole)


def clock_of(wrapper: wrapped.Wrapper, time_of: TimeOf) -> TimeOf:
    """What tells a line's time: its wrapper if it has one."""

    def unwrapped(line: bytes) -> float | None:
        return next(iter(wrapped.unwrap(line, wrapper, NEAR, 0, force=True).times), None)

    return time_of if wrapper == "none" else unwrapped


def line_start(medium: Medium, end: int, limit: int) -> tuple[int, int]:
    """Where the line begins that `end` is in, and `skipping`: of one that is longer the rest is left out."""
    start = max(0, end - limit - 1)
    found = medium.read(start, end - start).rfind(b"\n")
    if found < 0 and start:
        return end, RAW
    return start + found + 1, 0


def first_since(medium: Medium, end: int, wanted: float, time_of: TimeOf) -> int | None:
    """Where the first line begins that was written at `wanted` or later, by halves; None: no line tells."""
    low, high, known = 0, end, False
    while high - low > NEAR:
        middle = (low + high) // 2
        at, time = _stamped(medium, middle, min(middle + NEAR, high), time_of, begun=False)
        if time is None:
            high = middle
            continue
        known = True
        if time < wanted:
            low = at
        else:
            high = middle
    while low < end:
        at, time = _stamped(medium, low, min(low + 2 * NEAR, end), time_of, begun=True)
        if time is None:
            return None if not known else end
        known = True
        if time >= wanted:
            return at
        low = at + len(_line(medium, at))
    return end if known else None


def first_of(block: bytes, wanted: float, time_of: TimeOf) -> int | None:
    """Where in a block of whole lines the first begins that was written at `wanted` or later; None: its last
    line that tells a time is older, or none tells."""
    stop, time = len(block), None
    while stop and time is None:
        start = block.rfind(b"\n", 0, stop - 1) + 1
        time, stop = time_of(block[start:stop]), start
    if time is None or time < wanted:
        return None
    at = 0
    while (time := time_of(block[at : (stop := block.index(b"\n", at) + 1)])) is None or time < wanted:
        at = stop
    return at


def _line(medium: Medium, at: int) -> bytes:
    data = medium.read(at, 2 * NEAR)
    return data[: data.find(b"\n") + 1] or data


def _stamped(
    medium: Medium, start: int, end: int, time_of: TimeOf, *, begun: bool
) -> tuple[int, float | None]:
    """The first line in a stretch that tells its time: where it begins, and the time."""
    data = medium.read(start, end - start)
    at = 0 if begun else data.find(b"\n") + 1
    if not begun and not at:
        return end, None
    while at < len(data):
        stop = data.find(b"\n", at) + 1
        if not stop:
            break
        time = time_of(data[at:stop])
        if time is not None:
            return start + at, time
        at = stop
    return end, None
