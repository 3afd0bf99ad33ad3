"""Lines that a container's runtime has wrapped: Docker's json-file, and CRI (containerd, CRI-O).

    {"log":"text\\n","stream":"stdout","time":"2026-11-26T10:00:00.123456789Z"}
    2026-11-26T10:00:00.123456789Z stdout F text

Both cut long lines into pieces of 8 to 16 KB: one without "\\n", or marked P, goes on in the next of its
stream.
"""

from __future__ import annotations

import json
import re
from calendar import timegm
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Literal, NamedTuple

import msgspec

Wrapper = Literal["none", "docker", "cri"]
CRI = re.compile(rb"(\S{20,40}) (stdout|stderr) ([FP])(?::\S*)? (.*)", re.DOTALL)
WHOLE_CRI = re.compile(rb"^(\S{20,40}) (?:stdout|stderr) F(?::\S*)? (.*)\n", re.MULTILINE)
STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))")
STREAMS = {"stdout": 2, "stderr": 4}
OTHER = 8


class Entry(msgspec.Struct, gc=False):
    """One line of Docker's."""

    log: str
    time: str


ENTRIES = msgspec.json.Decoder(Entry)


class Piece(NamedTuple):
    """What one wrapped line says: of which stream (a bit), its text, whether the line ends with it, when."""

    stream: int
    text: bytes
    whole: bool
    time: float | None


class Unwrapped(NamedTuple):
    """Lines with their line feeds; when each was written, in s of the wall clock; where each begins and ends
    in the block; bytes of the block that are done with; streams whose next pieces are to be left out; how
    many lines were cut, and how many were no wrapped lines and are passed on as they are."""

    lines: list[bytes]
    times: list[float | None]
    spans: list[tuple[int, int]]
    used: int
    skipping: int
    cut: int
    malformed: int

    def clean_end(self, number: int) -> int | None:
        """Where the block is to be read on if the lines from `number` on are to come again; None: there is no
        such place, for they are mingled with those before."""
        start = min(each for each, _ in self.spans[number:])
        return start if all(end <= start for _, end in self.spans[:number]) else None


def wrapper_of(head: bytes) -> Wrapper:
    """By which runtime a file that begins so was written."""
    line = head.partition(b"\n")[0]
    if CRI.match(line):
        return "cri"
    if line.startswith(b'{"log":') or (line.startswith(b"{") and b'"stream":"std' in line):
        return "docker"
    return "none"


def unwrap(text: bytes, wrapper: Wrapper, limit: int, skipping: int, *, force: bool) -> Unwrapped:
    """The lines inside whole wrapped lines, each of at most `limit` bytes.

    Where a line is not finished, nothing from its first piece on is done with, so that it can be read again:
    unless `force` says that there is no more room to wait, or nothing follows.
    """
    if not skipping and (found := _all_whole(text, wrapper, limit)) is not None:
        return found
    raw = text.splitlines(keepends=True) if b"\r" not in text else _lines(text)
    pieces = docker(raw) if wrapper == "docker" else map(cri, raw)
    ends = list(accumulate(map(len, raw)))
    return _Assembly(limit, skipping).of(pieces, ends, force=force)


def _all_whole(text: bytes, wrapper: Wrapper, limit: int) -> Unwrapped | None:
    """The same, several times as fast, where no line is in pieces, too long, or none of the runtime's."""
    pairs = _whole_docker(text) if wrapper == "docker" else WHOLE_CRI.findall(text)
    if pairs is None or len(pairs) != text.count(b"\n") or any(len(line) > limit for _, line in pairs):
        return None
    ends = list(accumulate(len(line) + 1 for line in text.split(b"\n")[:-1]))
    spans = list(zip([0, *ends], ends, strict=False))
    times = [_seconds_of(stamp) for stamp, _ in pairs]
    return Unwrapped([line + b"\n" for _, line in pairs], times, spans, len(text), 0, 0, 0)


def _whole_docker(text: bytes) -> list[tuple[bytes, bytes]] | None:
    """Times and lines; None: some line is in pieces, or none of Docker's."""
    try:
        entries = ENTRIES.decode_lines(text)
    except msgspec.MsgspecError:
        return None
    if not all(each.log.endswith("\n") for each in entries):
        return None
    pairs = [(each.time.encode(), each.log[:-1].encode("utf-8", "surrogatepass")) for each in entries]
    return None if any(b"\n" in line for _, line in pairs) else pairs


def _seconds_of(stamp: bytes) -> float | None:
    """As `seconds`, of a stamp whose second was mostly seen before."""
    if stamp.endswith(b"Z") and stamp[19:20] == b"." and stamp[20:-1].isdigit():
        second = _second(stamp[:19])
        return None if second is None else second + float(stamp[19:-1])
    return seconds(stamp.decode("ascii", "replace"))


@lru_cache(maxsize=16)
def _second(stamp: bytes) -> float | None:
    return seconds(stamp.decode("ascii", "replace") + "Z")


def _lines(text: bytes) -> list[bytes]:
    """Split at line feeds alone: a lone CR ends no line."""
    return [line + b"\n" for line in text.split(b"\n")[:-1]]


class _Open(NamedTuple):
    start: int
    pieces: list[bytes]
    time: float | None


class _Assembly:
    """Puts the pieces of each stream together."""

    def __init__(self, limit: int, skipping: int) -> None:
        self._limit = limit
        self._skipping = skipping
        self._open: dict[int, _Open] = {}
        self._done: list[tuple[int, int, bytes, float | None]] = []
        self._cut = 0
        self._malformed = 0

    def of(self, pieces: Iterable[Piece | bytes], ends: list[int], *, force: bool) -> Unwrapped:
        start = 0
        for piece, end in zip(pieces, ends, strict=True):
            if isinstance(piece, bytes):
                self._malformed += 1
                self._done.append((start, end, self._short(piece), None))
            else:
                self._take(piece, start, end)
            start = end
        used = start
        if force:
            for stream, each in self._open.items():
                self._finish(each, start)
                self._skipping |= stream
        elif self._open:
            used = self._settled(min(each.start for each in self._open.values()))
        done = [each for each in self._done if each[1] <= used]
        return Unwrapped(
            [line for _, _, line, _ in done],
            [time for *_, time in done],
            [(start, end) for start, end, *_ in done],
            used,
            self._skipping & 7,
            self._cut,
            self._malformed,
        )

    def _take(self, piece: Piece, start: int, end: int) -> None:
        if self._skipping & piece.stream:
            if piece.whole:
                self._skipping &= ~piece.stream
            return
        begun = self._open.get(piece.stream)
        if begun is None and piece.whole:
            self._done.append((start, end, self._short(piece.text), piece.time))
            return
        begun = begun or self._open.setdefault(piece.stream, _Open(start, [], piece.time))
        begun.pieces.append(piece.text)
        if piece.whole:
            self._finish(self._open.pop(piece.stream), end)

    def _finish(self, each: _Open, end: int) -> None:
        self._done.append((each.start, end, self._short(b"".join(each.pieces)), each.time))

    def _short(self, text: bytes) -> bytes:
        text = text.rstrip(b"\n").replace(b"\n", b" ")
        if len(text) > self._limit:
            self._cut += 1
        return text[: self._limit] + b"\n"

    def _settled(self, used: int) -> int:
        """How far all is done with that began before: a line that ends later is read again as a whole."""
        while True:
            earlier = min((start for start, end, *_ in self._done if end > used > start), default=used)
            if earlier == used:
                return used
            used = earlier


def docker(raw: list[bytes]) -> Iterator[Piece | bytes]:
    """What each line of Docker's says; a line that is none of its, as it is."""
    try:
        found = json.loads(b"[%b]" % b",".join(raw))
    except (ValueError, RecursionError):
        found = [_json(line) for line in raw]
    if len(found) != len(raw):
        found = [_json(line) for line in raw]
    for line, each in zip(raw, found, strict=True):
        text = each.get("log") if isinstance(each, dict) else None
        if isinstance(text, str):
            stream = STREAMS.get(str(each.get("stream")), OTHER)
            data = text.encode("utf-8", "surrogatepass")
            yield Piece(stream, data, text.endswith("\n"), seconds(str(each.get("time"))))
        else:
            yield line


def _json(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def cri(line: bytes) -> Piece | bytes:
    """What a line of CRI's says; one that is none of its, as it is."""
    found = CRI.fullmatch(line)
    if found is None:
        return line
    stamp, stream, mark, text = found.groups()
    text = text.removesuffix(b"\n")
    return Piece(STREAMS[stream.decode()], text, mark == b"F", seconds(stamp.decode("ascii", "replace")))


def seconds(stamp: str) -> float | None:
    """The wall clock in s of a time by RFC 3339; None: it is none."""
    found = STAMP.fullmatch(stamp)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    try:
        whole = timegm((year, month, day, hour, minute, second))
    except ValueError:
        return None
    away = (int(found[9]) * 3600 + int(found[10]) * 60) * (-1 if found[8] == "-" else 1) if found[8] else 0
    return whole - away + float(found[7] or 0)
