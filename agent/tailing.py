"""The thread that follows logs: lines become windows, which the writer gathers with the positions after them.

    logs thread   each 1 to 5 s: look for files, read new lines; when asked, sum them up for the writer
    writer        `gather`: windows and positions, for one transaction
    poll thread   `elsewhere`: what alert rules are judged by, each `LIVE` s

A file system that does not answer keeps the thread in its call: then another thread follows the other logs,
and that one too when the call returns (`collectors.logs.tail.guard`). Reading takes at most a share of a
core: what is left of a backlog waits in the files.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from agent.alarms import Elsewhere
from agent.config.plans import selection
from agent.config.settings import Config
from agent.flush.feed import Fed
from agent.followed import followings, sources
from agent.logs.admission import Admission
from agent.logs.pace import pause
from agent.modelling import Models
from agent.poller import Clocks
from agent.remarks import Remarks
from agent.summing import Summing
from collectors.api import Attributes, Reading
from collectors.logs.tail.guard import Guard, Left
from collectors.logs.tail.tailer import Tailer
from collectors.tally import Tally

LIVE = 10.0
"""Seconds between two readings for alert rules."""
MOST, LONGEST = 4 << 20, 0.25
"""Bytes and seconds of reading at a time."""
REST = 5.0
"""Seconds of rest at most, after much was read."""
READINGS = 48
"""Readings that wait for the poll thread at most."""
LOST = "with the damaged store it is lost where logs stood, and what waited for labels: they begin at the end"
AGAIN = 60.0
"""Seconds until all is begun anew after an error that nobody foresaw."""
SOURCE = "logs"
ASKED, OVER = True, False
"""What the thread is told: the writer asks for what there is; it is over."""


Item = TypeVar("Item")
Positions = Mapping[str, bytes | None]
"""Where logs stand, as the store is told: None is one that is no more."""


class Outlets(NamedTuple):
    """Whom to tell; each returns at once. `event` and `soon` are the writer's, `say` the log's. `soon` is
    given what takes positions that are to be stored before the window ends."""

    event: Callable[[str, str, Attributes], None]
    say: Callable[[str, str], None]
    tally: Tally
    soon: Callable[[Callable[[], Positions]], None]


class Tailing:
    """Follows the logs of a configuration, from `start` to `stop`."""

    def __init__(
        self, config: Config, clocks: Clocks, outlets: Outlets, others: Callable[[], int] = lambda: 0
    ) -> None:
        """`others` is how many series there are beside those of logs: `collect.max_series` bounds both."""
        self._config, self._clocks, self._outlets = config, clocks, outlets
        self.admission = Admission(selection(config), lambda: config.collect.max_series - others())
        self._share = config.limits.cpu / 2
        self._inbox: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Fed] = queue.SimpleQueue()
        self._readings: queue.SimpleQueue[tuple[float, Reading]] = queue.SimpleQueue()
        self._begun: queue.SimpleQueue[Positions] = queue.SimpleQueue()
        self._positions: dict[str, bytes] = {}
        self._remarks = Remarks(
            outlets.event, outlets.say, outlets.tally, on_budget=config.ship.budget is not None
        )
        self._guard = Guard(time.monotonic)
        self._thread = self._another(begins=True)
        self._tailer: Tailer
        self._summing = Summing(self.admission, judged=bool(config.alert), tally=outlets.tally)
        self._live_due = 0.0
        self._anew = True
        self._read_at = 0.0
        self._failed = ""
        self._stumbled: str | None = None

    @property
    def elsewhere(self) -> Elsewhere:
        """What alert rules are judged by."""
        return Elsewhere({SOURCE: LIVE}, self._came)

    def start(self, positions: Mapping[str, bytes], *, lost: bool = False) -> None:
        """Follow from where the store has it. Where it was lost, from the end: what lies before was counted,
        and shipped, by nobody knows how far."""
        self._positions = dict(positions)
        if lost:
            logs = tuple(each._replace(start="end") for each in self._config.logs)
            self._config = self._config._replace(logs=logs)
            self._warn(LOST)
        self._thread.start()

    def gather(self, patience: float) -> Fed:
        """As of `agent.flush.feed.Feed`."""
        if not self._thread.is_alive():
            return Fed()
        # What came too late the last time lies before the answer to this.
        found = list(_waiting(self._answers))
        self._inbox.put(ASKED)
        try:
            found.append(self._answers.get(timeout=patience))
        except queue.Empty:
            self._watch_over(self._config.collect.hang_after)
        positions: dict[str, bytes | None] = {}
        for fed in found:
            positions.update(fed.positions)
        dated = tuple(dated for fed in found for dated in fed.dated)
        return Fed(dated=dated, positions=positions, said=tuple(said for fed in found for said in fed.said))

    def _came(self) -> Iterator[tuple[float, str, Reading]]:
        """What came since it was asked last; called in the poll thread."""
        for at, reading in _waiting(self._readings):
            yield at, SOURCE, reading

    def look(self, now: float) -> tuple[str, ...]:
        """Look after the thread; what is the matter, in words."""
        self._watch_over(self._config.collect.hang_after)
        stuck = tuple(f"logs: {name} does not answer" for name in self._guard.hung)
        failed = (f"logs: {self._failed}",) if self._failed else ()
        return (*stuck, *failed, *self._remarks.misfits)

    def stop(self, patience: float) -> bool:
        """End the thread; False if it takes longer than `patience` s."""
        self._inbox.put(OVER)
        self._thread.join(patience)
        if self._thread.is_alive():
            # Another closes all that answers.
            self._watch_over(0.0)
        return not self._thread.is_alive()

    def _watch_over(self, patience: float) -> None:
        """Leave a thread whose call to a log has not returned for `patience` s, and go on in another without
        that log."""
        hang = self._guard.leave(patience)
        if hang is None:
            return
        thread = self._another(begins=False)
        thread.start()
        self._thread = thread
        self._remarks.left(hang)

    def _another(self, *, begins: bool) -> threading.Thread:
        return threading.Thread(target=self._run, args=(begins,), name="logs", daemon=True)

    def _run(self, begins: bool) -> None:
        """Follow until it is over; `begins`: from the positions, or from where another thread was left."""
        self._guard.take_over()
        while True:
            try:
                if begins:
                    self._begin()
                self._follow()
                return
            except Left:
                return
            except Exception as error:  # noqa: BLE001 - whatever a log did to us, it is told and begun anew
                self._failed = f"{type(error).__name__}: {error}"[:256]
                self._outlets.tally.add("outrider.logs.failed")
                self._outlets.say("error", f"logs: {self._failed}; they are begun anew in {AGAIN:.0f} s")
            begins = True
            if not self._wait(AGAIN):
                return

    def _wait(self, seconds: float) -> bool:
        """Let time pass, with nothing to hand over; False: it is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                if self._inbox.get(timeout=left) is OVER:
                    return False
            except queue.Empty:
                return True
            self._answers.put(Fed())
        return True

    def _begin(self) -> None:
        """What was made of lines, and not handed over, is forgotten with its positions, and made again."""
        now, say = self._clocks.wall(), self._warn
        models = Models(self._config, self._positions, now, say, self._outlets.tally)
        self._summing.begin(followings(self._config, models), models)
        self._remarks.anew()
        self._tailer = self._tailing()
        self._anew = True

    def _follow(self) -> None:
        """Look, read, answer, until it is over.

        Raises:
            Left: another thread does that.
        """
        try:
            self._answer()
        except Left:
            raise
        except Exception:
            self._leave_out()
            self._tailer.close()
            raise
        self._tailer.close()

    def _leave_out(self) -> None:
        """What failed twice, with nothing handed over between, is not read again: it would end each life of
        this."""
        name = self._summing.at
        if name is None:
            return
        again, self._stumbled = self._stumbled == name, name
        if not again:
            return
        beyond = {key: place for key, place in self._tailer.positions().items() if _is_of(key, name)}
        self._begun.put(beyond)
        self._keep(beyond)
        self._remarks.left_out({log: n for log, n in self._summing.sizes.items() if name in ("", log)})

    def _answer(self) -> None:
        if self._anew:
            self._tailer.look()
            self._tell_begun()
            self._anew = False
            self._read_at = time.monotonic()
        rest = self._turn()
        while True:
            try:
                asked = self._inbox.get(timeout=rest)
            except queue.Empty:
                rest = self._turn()
                continue
            if asked is OVER:
                return
            rest = self._turn()
            self._answers.put(self._summed_up())

    def _turn(self) -> float:
        """Look and read; how long to rest, in s."""
        began, spent = time.monotonic(), time.thread_time()
        self._tailer.look()
        size = self._read()
        self._failed = ""
        self._remarks.well(self._guard.well())
        if self._config.alert and began >= self._live_due:
            self._live_due = began + LIVE
            self._tell_live()
        since, self._read_at = began - self._read_at, began
        spent, took = time.thread_time() - spent, time.monotonic() - began
        rest = 0.0 if size >= MOST or took >= LONGEST else self._rest(began, size, since) - took
        return min(REST, max(rest, spent / self._share - spent))

    def _rest(self, began: float, size: int, since: float) -> float:
        """Seconds to the next look after one that read `size` bytes of so many seconds. What alert rules hear
        of was looked for just before."""
        rest = pause(size, since, settled=self._tailer.settled)
        return min(rest, self._live_due - began) if self._config.alert else rest

    def _tell_begun(self) -> None:
        """Have it stored where files are begun of which nobody knew: whoever is killed before begins them
        anew, and knows nothing of what was rotated meanwhile."""
        begun = self._tailer.positions()
        known = begun.keys() <= self._positions.keys()
        self._begun.put(begun)
        self._keep(begun)
        if not known:
            self._outlets.soon(self._taken)

    def _taken(self) -> Positions:
        """The positions that were not handed over with lines; in their order, for any thread."""
        taken: dict[str, bytes | None] = {}
        for positions in _waiting(self._begun):
            taken.update(positions)
        return taken

    def _keep(self, changed: Positions) -> None:
        for name, position in changed.items():
            if position is None:
                self._positions.pop(name, None)
            else:
                self._positions[name] = position

    def _read(self) -> int:
        """Read new lines, of each log until too much of it waits for the writer; how many bytes."""
        size = 0
        for chunk in self._tailer.take(MOST, LONGEST, self._summing.takes):
            size += chunk.size
            self._summing.take(chunk, self._clocks.wall())
        return size

    def _tell_live(self) -> None:
        """A reading of what came to all logs since the one before."""
        reading = self._summing.reading(self._clocks.wall())
        if self._readings.qsize() < READINGS:
            self._readings.put((self._clocks.boot(), reading))

    def _summed_up(self) -> Fed:
        """All that was read since the writer asked last."""
        now = self._clocks.wall()
        summed = self._summing.summed_up(now)
        changed = {**self._taken(), **self._tailer.positions(), **summed.states}
        self._keep(changed)
        self._stumbled = None
        self._remarks.of(self._summing.logs, self.admission.takes, now)
        for name, size in self._tailer.behind().items():
            self._outlets.tally.set("outrider.logs.behind", size, **{"log.name": name})
        return Fed(dated=summed.dated, positions=changed, said=summed.said)

    def _warn(self, text: str) -> None:
        self._outlets.say("warning", text)

    def _tailing(self) -> Tailer:
        clock, wall, tally = self._clocks.boot, self._clocks.wall, self._outlets.tally
        return Tailer(
            sources(self._config, wall),
            self._positions,
            clock=clock,
            wall=wall,
            tally=tally,
            say=self._warn,
            guard=self._guard,
        )


def _is_of(key: str, log: str) -> bool:
    """Whether a position is one of this log; of "" all are."""
    return not log or key.startswith(f"{log}/")


def _waiting(inbox: queue.SimpleQueue[Item]) -> Iterator[Item]:
    """All that waits there."""
    while True:
        try:
            yield inbox.get_nowait()
        except queue.Empty:
            return
