"""Files of one `key value` a line: of many values (`/proc/meminfo`, `/proc/vmstat`) by remembered places,
of one by a search; and those of one `key name=value ...` a line that tell of pressure."""

from __future__ import annotations

from collectors.api import Absence
from collectors.host import COUNT_LIMIT, counts, malformed

Values = list[int | None]
MICROSECONDS = 1_000_000


def number(source: str, text: bytes, key: bytes) -> int:
    """The number of the line that begins with `key`, of a file read seldom, for one value.

    Raises:
        ValueError: there is no such line, or it is malformed.
    """
    for line in text.split(b"\n"):
        if line.startswith(key):
            try:
                return counts(line.split()[1:2])[0]
            except (IndexError, ValueError):
                raise malformed(source, line) from None
    raise ValueError(f"{source}: no line {key.decode()}")


def stalled(source: str, text: bytes, types: tuple[str, ...]) -> list[float]:
    """Seconds that tasks waited (PSI), since boot or the group's beginning, for each of `types`.

    `some avg10=0.10 avg60=0.40 avg300=0.21 total=11041796`: only the total is read.
    https://docs.kernel.org/accounting/psi.html

    Args:
        source: the file's name, for the error.
        text: the file.
        types: `some`, `full` or both.

    Raises:
        ValueError: it does not say one of them.
    """
    totals = {line.split(None, 1)[0]: line for line in text.split(b"\n") if line.strip()}
    seconds = []
    for each in types:
        line = totals.get(each.encode())
        if line is None:
            raise ValueError(f"{source}: no line {each!r}")
        name, _, total = line.rpartition(b"=")
        if not name.endswith(b" total"):
            raise malformed(source, line)
        try:
            seconds += [total / MICROSECONDS for total in counts([total])]
        except ValueError:
            raise malformed(source, line) from None
    return seconds


class Fields:
    """Picks the values of `keys` out of the text.

    The places of the keys are remembered from the text before and checked against it, so that the
    lines nobody asked for cost nothing but the split. The result depends on the text alone where it
    names each key once, as the kernel's do.
    """

    __slots__ = ("_keys", "_limit", "_places", "_source")

    def __init__(self, source: str, keys: tuple[bytes, ...]) -> None:
        self._source = source
        self._keys = list(keys)
        self._limit = 0
        self._places: list[int] = []

    def parse(self, text: bytes) -> tuple[Values, tuple[Absence, ...]]:
        """The value of each key, in the keys' order: a whole number, or None and an absence that says why.

        Raises:
            ValueError: no line of the text has one of the keys.
        """
        words = text.split(None, self._limit)
        try:
            if self._places and [words[place] for place in self._places] == self._keys:
                numbers: Values = [*counts([words[place + 1] for place in self._places])]
                return numbers, ()
        except (IndexError, ValueError):
            pass  # lines came, went or are malformed: look at each
        return self._search(text)

    def _search(self, text: bytes) -> tuple[Values, tuple[Absence, ...]]:
        places: dict[bytes, int] = {}
        found: dict[bytes, bytes] = {}
        place = 0
        for line in text.split(b"\n"):
            words = line.split()
            if words and words[0] in self._keys:
                places.setdefault(words[0], place)
                found.setdefault(words[0], line)
            place += len(words)
        if not found:
            raise malformed(self._source, text)
        self._remember(places)
        return self._one_by_one(found)

    def _remember(self, places: dict[bytes, int]) -> None:
        whole = len(places) == len(self._keys)
        self._places = [places[key] for key in self._keys] if whole else []
        self._limit = max(self._places) + 2 if whole else 0

    def _one_by_one(self, found: dict[bytes, bytes]) -> tuple[Values, tuple[Absence, ...]]:
        values: Values = []
        absences = []
        for key in self._keys:
            line = found.get(key)
            value = None if line is None else _number(line)
            if value is None:
                reason = f"not in {self._source}" if line is None else str(malformed(self._source, line))
                absences.append(Absence(key.decode().rstrip(":"), reason))
            values.append(value)
        return values, tuple(absences)


def _number(line: bytes) -> int | None:
    """The number after a line's key; None if there is none in [0, 2^64)."""
    words = line.split()
    if len(words) > 1 and words[1].isdigit() and len(words[1]) <= 20:
        number = int(words[1])
        return number if number < COUNT_LIMIT else None
    return None
