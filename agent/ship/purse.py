"""What the link may spend: its budget, the grain that fits into it, and what a connection costs. Pure.

Without an allowance all is affordable, the grain is 1, and nothing is remembered.
"""

from __future__ import annotations

from agent.ship.budget import Account, Allowance, Budget, Lane, Saved, wire
from agent.ship.grain import SIZE, Change, Grain

LINK = "link"
"""The name of its state in the store."""

# Until one was made: TLS with certificates, CONNECT, and the end; and what we say before we leave.
CONNECTION, LEAVE = 5_000, 500
PROMISES = 2
"""A device that is silent for its grain promises to be heard within so many of it."""


class Purse:
    """Times are of the boot clock in s; `span` is a window's length. `resting` is until when the device is
    away from the link on purpose, None while it is not."""

    def __init__(self, allowance: Allowance | None = None, span: float = 60.0, boot: str = "") -> None:
        self.allowance = allowance
        self.connection = CONNECTION
        self._span = span
        self._budget = Budget(allowance, boot) if allowance is not None else None
        self._grain = Grain(self._budget, span, self._brought) if self._budget is not None else None
        self._connecting: int | None = None
        self.resting: float | None = None

    @property
    def rests(self) -> bool:
        """Whether to leave when all is said."""
        return self.allowance is not None and self.allowance.rests

    @property
    def _brought(self) -> int:
        """What each message of the newest windows brings with it."""
        return CONNECTION + LEAVE if self.rests else 0

    @property
    def exhausted(self) -> bool:
        """Whether nothing at all may go."""
        return self._budget is not None and self._budget.exhausted

    @property
    def overrun(self) -> bool:
        """Whether the far side spends what we have: see `Budget.overrun`."""
        return self._budget is not None and self._budget.overrun

    @property
    def grain(self) -> int:
        """How many windows are shipped as one."""
        return self._grain.grain if self._grain is not None else 1

    @property
    def silence(self) -> float:
        """The longest that nothing may be heard of us while all is well, in s."""
        grain = max(self._grain.sustained, self._grain.grain) if self._grain is not None else 1
        return PROMISES * grain * self._span

    @property
    def account(self) -> Account | None:
        """What is to be said of the budget, if there is one."""
        return self._budget.account(self.grain) if self._budget is not None else None

    def advance(self, now: float) -> None:
        """It is `now`."""
        if self._budget is not None:
            self._budget.advance(now)

    def spend(self, size: int) -> None:
        """So many bytes went over the wire."""
        if self._budget is None or self._grain is None:
            return
        self._budget.spend(size)
        self._grain.spend(size)
        if self._connecting is not None:
            self._connecting += size

    def connecting(self) -> None:
        """A connection begins; what was reserved for the last one is spent or will never be."""
        self.cut()
        self._connecting, self.resting = 0, None

    def connected(self) -> None:
        """It stands, and has cost what was spent meanwhile."""
        if self._connecting:
            self.connection = (self.connection + self._connecting) // 2
        self._connecting = None

    def cut(self) -> None:
        """The connection is gone."""
        if self._budget is not None:
            self._budget.reserve(-self._budget.reserved)

    def sent(self, size: int) -> None:
        """A publish of `size` bytes goes."""
        if self._budget is not None:
            self._budget.reserve(wire(size))

    def answered(self, size: int) -> None:
        """It is acknowledged, and counted."""
        if self._budget is not None:
            self._budget.reserve(-wire(size))

    def delivered(self, lane: Lane, size: int, windows: int) -> None:
        """A message of records arrived: see `Grain.delivered`."""
        if self._grain is not None:
            self._grain.delivered(lane, size, windows)

    def affords(self, lane: Lane, size: int | None = None, *, connect: bool = False) -> bool:
        """Whether a publish of `size` bytes may go in this lane, an ordinary one unless given; over a new
        connection with `connect`."""
        return self._budget is None or self._budget.affords(lane, self._cost(size, connect=connect))

    def when(self, lane: Lane, now: float, size: int | None = None, *, connect: bool = False) -> float:
        """When it may, if nothing else is spent until then."""
        return (
            now if self._budget is None else self._budget.when(lane, self._cost(size, connect=connect), now)
        )

    def choose(self, backlog: int) -> Change | None:
        """Find the grain for now: see `Grain.choose`."""
        return self._grain.choose(backlog) if self._grain is not None else None

    def save(self, *, ended: bool = False) -> bytes | None:
        """What the next life must know, for the store; to the byte once the link has `ended`."""
        if self._budget is None or self._grain is None:
            return None
        return self._budget.save(self.grain, ended=ended)

    def restore(self, state: bytes, now: float) -> None:
        """Go on where the last life was.

        Raises:
            ValueError: it is no state; the bucket is empty then.
        """
        if self._budget is None or self._grain is None:
            return
        try:
            saved = Saved.load(state)
        except ValueError:
            self._budget.spend(int(self._budget.full))
            raise
        self._budget.restore(saved, now)
        self._grain.restore(saved.grain)

    @property
    def _usual(self) -> int:
        return self._grain.size if self._grain is not None else SIZE

    def _cost(self, size: int | None, *, connect: bool) -> int:
        """Bytes on the wire."""
        message = wire(self._usual if size is None else size)
        return message + (self.connection * 5 // 4 + wire(LEAVE) if connect else 0)
