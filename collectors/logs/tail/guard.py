"""Which source a thread is at: one whose call does not return keeps that thread, and another goes on without.

    thread that follows   `call`, a source at a time; `returned` is what came back of calls that were left
    whoever supervises    `leave`: a call lasts too long, and its thread is not the one that follows any more

A call that was left is not lost, it is late: what it did stands, and until the thread that follows has taken
it over nobody else touches its source. So at most one thread waits for each source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock, get_ident
from typing import NamedTuple, Protocol, TypeVar

Answer = TypeVar("Answer")
FIRST, MOST = 60.0, 3600.0
"""Seconds for which a source is left alone that does not return a second time in a row, doubled each time."""
WELL = 2
"""Looks in a row that return, after which a source is well again."""


class Left(Exception):  # noqa: N818 - not an error: this thread's work is done by another
    """Raised in a thread that was left with its source, when the call returns: it has to end."""


class Part(Protocol):
    """A source, or what is followed of it by itself.

    `label` is its own, `name` what people call the log.
    """

    name: str
    label: str

    def settle(self) -> None:
        """All that was read is taken."""
        ...

    def close(self) -> None:
        """Give all descriptors back."""
        ...


class Hang(NamedTuple):
    """A call that was left: of which log, whether the one before it was too, and for how long, in s."""

    name: str
    again: bool
    seconds: float


class Late(NamedTuple):
    """What a call that was left has returned, or raised."""

    part: Part
    answer: object
    error: Exception | None


class _Outage:
    """Of one source: the part that a call is out in, what came of it, and when it is tried again."""

    __slots__ = ("due", "late", "looks", "name", "orphan", "part", "since", "times")

    def __init__(self, name: str, since: float) -> None:
        self.name = name
        self.since = since
        self.times = 0
        self.due = 0.0
        self.looks = 0
        self.part: Part | None = None
        self.late: Late | None = None
        self.orphan = False


class Guard:
    """Belongs to the thread that made it, until another takes over.

    Args:
        clock: seconds on any clock that only goes forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._owner: int | None = get_ident()
        self._at: Part | None = None
        self._since = 0.0
        self._outages: dict[str, _Outage] = {}
        self._well: list[Hang] = []

    @property
    def hung(self) -> tuple[str, ...]:
        """The logs that do not answer."""
        with self._lock:
            return tuple(dict.fromkeys(each.name for each in self._outages.values()))

    def take_over(self) -> None:
        """The thread that calls this is the one that follows."""
        with self._lock:
            self._owner = get_ident()

    def free(self, part: Part) -> bool:
        """Whether a source may be called: no call is out, nor was there one lately that did not return."""
        outage = self._outages.get(part.label)
        return outage is None or (outage.part is None and self._clock() >= outage.due)

    def out(self, part: Part) -> bool:
        """Whether a call is out, or what it has done is not taken over."""
        outage = self._outages.get(part.label)
        return outage is not None and outage.part is not None

    def call(self, part: Part, job: Callable[[], Answer]) -> Answer:
        """What a call to a source returns or raises.

        Raises:
            Left: this thread was left.
        """
        me = get_ident()
        with self._lock:
            if self._owner != me:
                raise Left
            self._at, self._since = part, self._clock()
        answer, caught = None, None
        try:
            answer = job()
        except Exception as error:  # noqa: BLE001 - handed on as it is
            caught = error
        with self._lock:
            left = self._owner != me
            orphan = left and self._came(Late(part, answer, caught))
            if not left:
                self._at = None
        if orphan:
            part.close()
        if left:
            raise Left
        if caught is not None:
            raise caught
        return answer  # type: ignore[return-value] # None only where None was returned

    def look(self, part: Part, job: Callable[[], Answer]) -> Answer:
        """The same, for the first call to a source in each round: a few that return show that it is well."""
        answer = self.call(part, job)
        outage = self._outages.get(part.label)
        if outage is not None:
            outage.looks += 1
            if outage.looks >= WELL:
                with self._lock:
                    del self._outages[part.label]
                self._well.append(Hang(part.name, again=False, seconds=self._clock() - outage.since))
        return answer

    def leave(self, patience: float) -> Hang | None:
        """Leave the thread that follows, if its call lasts for `patience` s: another has to take over."""
        with self._lock:
            part, seconds = self._at, self._clock() - self._since
            if part is None or seconds < patience:
                return None
            outage = self._outages.setdefault(part.label, _Outage(part.name, self._since))
            outage.part, outage.looks = part, 0
            outage.times += 1
            self._at = self._owner = None
            return Hang(part.name, outage.times > 1, seconds)

    def returned(self) -> Iterator[Late]:
        """What came of calls that were left; with this it is taken over."""
        for outage in list(self._outages.values()):
            if outage.late is not None:
                late, outage.late = outage.late, None
                outage.part = None
                yield late

    def well(self) -> Iterator[Hang]:
        """The logs that are well again since this was asked last, and for how long they were not."""
        while self._well:
            yield self._well.pop(0)

    def close(self, part: Part) -> None:
        """Close a part, or have it closed when its call returns."""
        with self._lock:
            outage = self._outages.get(part.label)
            if outage is not None and outage.part is part:
                if outage.late is None:
                    outage.orphan = True
                    return
                outage.part = outage.late = None
        part.close()

    def _came(self, late: Late) -> bool:
        """A call that was left has returned; whether its source was closed meanwhile."""
        outage = self._outages[late.part.label]
        pause = FIRST * 2 ** min(outage.times - 2, 10) if outage.times > 1 else 0.0
        outage.due = self._clock() + min(pause, MOST)
        orphan, outage.orphan = outage.orphan, False
        if orphan:
            outage.part = None
        else:
            outage.late = late
        return orphan
