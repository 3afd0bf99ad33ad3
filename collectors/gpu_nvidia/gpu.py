"""One GPU: whether it may be touched, what it is asked, and its row of the reading.

    detached --attach--> attached --asleep, idle, lost, refused--> detached, for a while, with a reason

An idle GPU that may fall asleep is left alone for `REST` s at a time: a question each second would keep
it awake for ever, as an open NVML does (see the package).
"""

from __future__ import annotations

from typing import Any

from collectors.api import Absence, Series
from collectors.gpu_nvidia import metrics
from collectors.gpu_nvidia.asked import AGAIN, Asked, name_of
from collectors.gpu_nvidia.bus import ASLEEP
from collectors.gpu_nvidia.instances import Instances
from collectors.gpu_nvidia.metrics import Who
from collectors.gpu_nvidia.processes import Processes
from collectors.gpu_nvidia.questions import ASKS, SOON
from collectors.holders import Held
from collectors.host import Host

IDLE = 10.0
REST = 30.0
NAMELESS = "NVIDIA GPU"
RESTING = "idle, and left alone so that it can fall asleep"
REFUSED = "it cannot be asked"
Row = list[Any]


class Gpu:
    """What is known of one GPU, over every attachment.

    Args:
        host: whose `/proc` names its processes.
        address: on the PCI bus; the `hw.id`.
        phase: see `Asked`.
    """

    __slots__ = (
        "_busy", "_fast", "_flags", "_host", "_instances", "_losses", "_lost", "_may_sleep", "_nothing",
        "_phase", "_processes", "_slow", "_slow_due", "_slow_series", "_until", "_watched", "_xids",
        "_xids_now", "address", "handle", "reason", "registered", "series", "who",
    )  # fmt: skip

    def __init__(self, host: Host, address: str, phase: float) -> None:
        self.address = address
        self.who: Who | None = None
        self.handle: Any = None
        self.reason = ""
        """Why it is not attached; empty where that was said already."""
        self.registered = False
        """Whether the driver was told to tell its XID errors, since it was attached."""
        self.series: tuple[Series, ...] = ()
        self._host = host
        self._phase = phase
        self._until = float("-inf")
        self._busy = float("-inf")
        self._lost = self._watched = self._may_sleep = False
        self._losses = self._xids = 0
        self._xids_now: list[tuple[str, int]] = []
        self._flags: list[bool] = []
        self._nothing: Row = []
        self._slow_series: tuple[Series, ...] = ()
        self._slow_due = float("-inf")

    def touchable(self, now: float, *, sleeping: bool) -> bool:
        """Whether it may be asked anything now."""
        if sleeping:
            self._detach(ASLEEP, now)
            self._busy = now  # who wakes it has something for it to do
            return False
        return self.handle is not None or now >= self._until

    def attach(self, handle: Any, now: float, *, may_sleep: bool) -> None:
        """It is there, by this handle.

        Raises:
            NVMLError: it is lost, or cannot be asked its name.
        """
        who = Who(self.address, name_of(handle) or NAMELESS)
        if self.who is None:
            self._busy = now
        if self.who != who:
            self._introduce(who)
        self.handle, self.reason, self.registered = handle, "", False
        self._lost, self._may_sleep = False, may_sleep

    def lose(self, reason: str, now: float) -> None:
        """The driver says that it is lost: counted once, until it is there again."""
        if self.who is None:
            self._introduce(Who(self.address, NAMELESS))
        if not self._lost:
            self._lost = True
            self._losses += 1
        self._detach(f"{reason}; tried again each {AGAIN:.0f} s", now + AGAIN)

    def refuse(self, now: float) -> None:
        """It cannot be attached, which the caller says; tried again after a while."""
        self._detach("", now + AGAIN)

    @property
    def held(self) -> Held:
        """Who has memory on it, as it was last told; of a GPU that has been introduced."""
        if self.handle is not None:
            return self._processes.held
        return self._processes.held._replace(why=self.reason or REFUSED)

    def let_go(self) -> None:
        """NVML is closed: the handle is worth nothing any more."""
        self.handle, self.registered = None, False

    def watched(self) -> None:
        """Its XID errors are told from now on."""
        self.registered = True
        if not self._watched:
            self._watched = True
            self._lay_out()

    def xid(self, number: int) -> None:
        """An XID error happened."""
        self._xids += 1
        self._xids_now.append((str(number), 1))

    def read(self, now: float, absences: list[Absence]) -> Row:
        """A value for each of `series`, which it renews where something came or went.

        Raises:
            NVMLError: the GPU is lost, or the driver gone.
        """
        handle = self.handle
        if handle is None:
            return self._blank(absences)
        row: Row = self._known()
        place = len(row)
        for asked in self._fast:
            found = asked.values(handle, now, absences)
            if asked.answered:
                row += found
        if now >= self._slow_due:
            slow, series = self._slowly(handle, now, absences)
            row += slow
        else:
            row += self._nothing
            series = self._slow_series
        flags = [asked.answered for asked in self._fast]
        if series != self._slow_series or flags != self._flags:
            self._slow_series, self._flags = series, flags
            self._lay_out()
        self._xids_now = []
        if self._may_sleep:
            self._rest(now, row[place] if flags[0] else None)
        return row

    def _blank(self, absences: list[Absence]) -> Row:
        """The row of a GPU that cannot be asked: only what is known without it."""
        if self.reason:
            absences.append(Absence(self.address, self.reason))
        row = self._known() if self.who else []
        self._xids_now = []
        return row + [None] * (len(self.series) - len(row))

    def _introduce(self, who: Who) -> None:
        self.who = who
        asked = [Asked(ask, who, self._phase) for ask in ASKS]
        soon = sum(ask.every == SOON for ask in ASKS)
        self._fast, self._slow = asked[:soon], asked[soon:]
        self._processes = Processes(self._host, who)
        self._instances = Instances(self.address)
        self._slow_due = float("-inf")
        self._slow_series = ()
        self._flags = [False] * soon
        self._lay_out()

    def _lay_out(self) -> None:
        """The series, in the order of `_known`, the fast questions, and what `_slowly` reads."""
        who = self.who
        if who is None:
            return
        head = [
            who.of(metrics.STATUS, **{"hw.state": "ok"}),
            who.of(metrics.STATUS, **{"hw.state": "failed"}),
            who.of(metrics.ERRORS, **{"error.type": "gpu_lost"}),
        ]
        if self._watched:
            head += [who.of(metrics.ERRORS, **{"error.type": "xid"}), who.of(metrics.XIDS)]
        fast = [series for asked in self._fast if asked.answered for series in asked.series]
        self._nothing = [None] * len(self._slow_series)
        self.series = (*head, *fast, *self._slow_series)

    def _known(self) -> Row:
        """What is known without asking it: how it is, how often it was lost, its XID errors."""
        if self.handle is not None:
            row: Row = [1, 0, self._losses]
        elif self._lost:
            row = [0, 1, self._losses]
        else:
            row = [None, None, self._losses]
        if self._watched:
            row += (self._xids, self._xids_now)
        return row

    def _slowly(self, handle: Any, now: float, absences: list[Absence]) -> tuple[Row, tuple[Series, ...]]:
        """The slow questions, of which at least one is due: their values and series."""
        values: Row = []
        series: list[Series] = []
        dues = []
        for asked in self._slow:
            if asked.unless is not None and any(other.fills(asked.unless) for other in self._slow):
                continue
            found = asked.values(handle, now, absences)
            dues.append(asked.due)
            if asked.answered:
                values += found
                series += asked.series
        for part in (self._instances, self._processes):
            values += part.values(handle, now, absences)
            series += part.series
            dues.append(part.due)
        self._slow_due = min(dues)
        return values, tuple(series) if tuple(series) != self._slow_series else self._slow_series

    def _rest(self, now: float, busy: float | None) -> None:
        """Leave it alone if it has had nothing to do for a while."""
        if busy != 0 or self._processes.computing:
            self._busy = now
        elif now - self._busy >= IDLE:
            self._detach(RESTING, now + REST)

    def _detach(self, reason: str, until: float) -> None:
        self.handle, self.registered = None, False
        self.reason, self._until = reason, until
