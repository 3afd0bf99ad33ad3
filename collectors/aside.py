"""A call that may hang, made in a thread of its own: a driver, a dead mount.

The poll waits a moment for the answer and goes on without it. While a call is out no other is made, so
that at most one thread waits for ever; it is a daemon thread, and the process ends without it.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Hung(OSError):  # noqa: N818 - said of a call, not of a fault of ours
    """Raised in place of the answer: the call has not come back, for the seconds that the text says."""


class Unasked(Hung):
    """Raised in place of the answer: so many others have not come back that this call was not made."""


class Aside(Generic[Answer]):
    """One thread for one thing that may hang. Begun by the first call, ended by `close`.

    Args:
        what: what is asked, for the words of `Hung` and the thread's name.
        patience: seconds that a call is waited for.
        clock: seconds on any clock that only goes forward.
    """

    __slots__ = (
        "_answer",
        "_answered",
        "_clock",
        "_error",
        "_jobs",
        "_patience",
        "_since",
        "_wanted",
        "_what",
    )

    def __init__(self, what: str, patience: float, clock: Callable[[], float]) -> None:
        self._what = what
        self._patience = patience
        self._clock = clock
        self._jobs: SimpleQueue[Callable[[], Answer] | None] | None = None
        # A lock as a signal: waiting for it costs a third of waiting for an Event.
        self._answered = Lock()
        self._answered.acquire()
        self._answer: Answer | None = None
        self._error: Exception | None = None
        self._since: float | None = None

    def __call__(self, job: Callable[[], Answer]) -> Answer:
        """What `job` returns or raises.

        Raises:
            Hung: it has not answered yet, or the call before it has not.
        """
        if self._since is None:
            self._begin(job)
            if not self._answered.acquire(timeout=self._patience):
                raise Hung(self._words())
        elif self._answered.acquire(blocking=False):
            # A late answer is of another moment: it only says that the way is free again.
            self._since = None
            self._answer = self._error = None
            return self(job)
        else:
            raise Hung(self._words())
        self._since = None
        answer, error = self._answer, self._error
        self._answer = self._error = None
        if error is not None:
            raise error
        return answer  # type: ignore[return-value] # None only where None was answered

    def waiting(self) -> bool:
        """Whether a call is out that has not come back."""
        return self._since is not None and self._answered.locked()

    def close(self) -> None:
        """End the thread; one that hangs ends when its call comes back."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None

    def _begin(self, job: Callable[[], Answer]) -> None:
        self._since = self._clock()
        if self._jobs is None:
            self._jobs = SimpleQueue()
            Thread(target=self._work, args=(self._jobs,), name=self._what, daemon=True).start()
        self._jobs.put(job)

    def _work(self, jobs: SimpleQueue[Callable[[], Answer] | None]) -> None:
        while (job := jobs.get()) is not None:
            try:
                self._answer = job()
            except Exception as error:  # noqa: BLE001 - handed to the caller as it is
                self._error = error
            self._answered.release()

    def _words(self) -> str:
        since = self._since if self._since is not None else self._clock()
        return f"{self._what} has not answered for {max(self._clock() - since, self._patience):.1f} s"


class Lanes(Generic[Answer]):
    """Calls to several things, any of which may hang: each that does keeps a thread, at most `most` of them.

    Made once in the life of the process: whoever is waited for is still waited for after a reload.

    Args:
        what, patience, clock: of `Aside`.
        most: threads that may wait at once. While all of them do, nothing more is asked.
    """

    __slots__ = ("_clock", "_free", "_hung", "_lock", "_most", "_patience", "_what")

    def __init__(self, what: str, patience: float, most: int, clock: Callable[[], float]) -> None:
        self._what = what
        self._patience = patience
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._free: Aside[Answer] | None = None
        self._hung: dict[str, Aside[Answer]] = {}

    def __call__(self, name: str, job: Callable[[], Answer]) -> Answer:
        """What `job` returns or raises; it asks the thing that is called `name`.

        Raises:
            Hung: it has not answered yet.
            Unasked: too many others have not.
        """
        with self._lock:
            self._sweep()
            if name in self._hung:
                return self._hung[name](job)
            if len(self._hung) >= self._most:
                raise Unasked(f"not asked: {self._most} others do not answer")
            lane = self._free or Aside(self._what, self._patience, self._clock)
            self._free = lane
            try:
                return lane(job)
            except Hung:
                self._hung[name] = lane
                self._free = None
                raise

    def _sweep(self) -> None:
        """Let go of the threads whose calls have come back, also of what is never asked again."""
        for name in [name for name, lane in self._hung.items() if not lane.waiting()]:
            self._hung.pop(name).close()
