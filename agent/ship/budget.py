"""The byte budget of the link: who may draw on it, and what was spent of late. Pure.

A token bucket fills at `RATE` of the limit each period; it holds `BURST` of it, and may be overdrawn by
`BORROW`. The three make one limit, so no period of that length, wherever it begins, sees more than the
limit, and a burst after an outage cannot eat the day. Each lane keeps a share of the bucket for those
before it:

    alert     alerts and the status: down to the overdraft
    live      the newest windows: down to empty
    backlog   what is older: the upper half alone, so it is paced by what flows in
    samples   raw material: less still

Bytes are counted after they went, so what is sent and not yet counted is reserved by its estimate.
"""

from __future__ import annotations

import json
import math
from typing import Literal, NamedTuple

from agent.stats.sliding import Sliding

RATE, BURST, BORROW = 0.93, 0.05, 0.02

Lane = Literal["alert", "live", "backlog", "samples"]
FLOORS: dict[Lane, float] = {"alert": -BORROW, "live": 0.0, "backlog": BURST / 2, "samples": BURST * 0.6}

# IPv6 and TCP with timestamps, for estimates; what is counted says itself.
HEADERS = 72
# A publish in a TLS record, its acknowledgement by TCP, the PUBACK and the acknowledgement of that.
MESSAGE = 4 * HEADERS + 2 * 22 + 16
SEGMENT = 1_400
PING = 3 * HEADERS + 2 * 24
# Below so many bytes a second (1 MB a day) a connection that stands costs more than it is worth.
RESTS_BELOW = 1_000_000 / 86_400


class Allowance(NamedTuple):
    """`limit` bytes on the wire, both ways together, in any `period` s."""

    limit: int
    period: float

    @property
    def rate(self) -> float:
        """Bytes a second that flow into the bucket."""
        return self.limit * RATE / self.period

    @property
    def rests(self) -> bool:
        """Whether to connect, send and leave rather than to stay."""
        return self.limit / self.period < RESTS_BELOW

    @property
    def message(self) -> int:
        """The largest message to make: one that the lane of samples can still afford."""
        return int(self.limit * BURST / 3)

    def keepalive(self, least: int) -> int:
        """Seconds of silence before a ping, at least `least`: pings may take a fiftieth, up to an hour."""
        return max(least, min(3600, int(PING / (self.rate / 50)) + 1))

    def status_every(self, least: float, size: int = 600) -> float:
        """Seconds between two statuses that say the same, at least `least`: they may take a hundredth."""
        return max(least, size / (self.rate / 100))


class Account(NamedTuple):
    """What is to be said of a budget: `limit` bytes in `per` s, `spent` of them within the last `per` s,
    `left`, and how many windows are shipped as one, `grain`."""

    limit: int
    per: float
    spent: int
    left: int
    grain: int


def wire(size: int) -> int:
    """About what a publish of `size` bytes takes on the wire, both ways, answers and headers included."""
    segments = -(-size // SEGMENT)
    return MESSAGE + size + (segments - 1) * (HEADERS + HEADERS // 2)


class Budget:
    """The account of one link. Times are of the boot clock of `boot`, in s; the first call sets it going."""

    def __init__(self, allowance: Allowance, boot: str = "") -> None:
        self.allowance = allowance
        self.level = self.full = allowance.limit * BURST
        self.reserved = 0
        self._boot = boot
        self._at: float | None = None
        self._gone = Sliding(allowance.period)
        self._since_saved = self._doubt = 0

    def advance(self, now: float) -> None:
        """Let the time up to `now` flow in; a clock that goes back gives nothing."""
        passed = max(0.0, now - self._at) if self._at is not None else 0.0
        self._at = now
        self.level = min(self.full, self.level + passed * self.allowance.rate)
        self._gone = self._gone.after(passed)

    def spend(self, size: int) -> None:
        """So many bytes went over the wire.

        The debt is bounded: a period of silence pays for whatever a flood from the far side took, or else
        one could silence us for years.
        """
        self.level = max(self.level - size, -float(self.allowance.limit))
        self._gone = self._gone.plus(size)
        self._since_saved += size

    def reserve(self, size: int) -> None:
        """A publish that will take about `size` is on its way; negative when it is answered."""
        self.reserved = max(0, self.reserved + size)

    def affords(self, lane: Lane, size: float) -> bool:
        """Whether `size` more may go in this lane; what takes more than the bucket holds waits until it
        is full."""
        return self.level - self.reserved >= self._needed(lane, size)

    def when(self, lane: Lane, size: float, now: float) -> float:
        """When it may, if nothing else is spent."""
        lack = self._needed(lane, size) - (self.level - self.reserved)
        return now if lack <= 0 else now + lack / self.allowance.rate

    @property
    def exhausted(self) -> bool:
        """Whether even the overdraft is used up."""
        return self.level <= FLOORS["alert"] * self.allowance.limit

    @property
    def overrun(self) -> bool:
        """Whether far more went than we would ever send: the far side spends it."""
        return self.level <= 3 * FLOORS["alert"] * self.allowance.limit

    @property
    def spent(self) -> int:
        """Bytes within the last period, and a little before it: see `Sliding.total`."""
        return self._gone.total

    def account(self, grain: int) -> Account:
        """What is to be said."""
        return Account(*self.allowance, self.spent, max(0, self.allowance.limit - self.spent), grain)

    def _needed(self, lane: Lane, size: float) -> float:
        # Just below full, as sums of fractions never reach it.
        return min(FLOORS[lane] * self.allowance.limit + size, self.full * 0.999)

    # --- over a restart

    def save(self, grain: int, *, ended: bool = False) -> bytes:
        """What the next life must know, for the store.

        It is written with a flush: what is sent between this one and the next would be forgotten in a
        crash, so as much as lately went between two is put down as spent; nothing of a link that `ended`.
        """
        self._doubt = 0 if ended else max(self._since_saved, int(self._doubt * 0.9))
        self._since_saved = 0
        about = (round(self.level), self._gone, self._doubt)
        return Saved(self._boot, self._at, *about, self.allowance.limit, grain).dump()

    def restore(self, saved: Saved, now: float) -> None:
        """Go on from a saved state.

        Of another boot no clock vouches for the time between: nothing has flowed in. What was spent of
        another period's budget counts as spent just now.
        """
        same = saved.boot == self._boot and saved.at is not None and saved.at <= now
        self._at = saved.at if same else now
        self.level = max(min(self.full, float(saved.level)), -float(self.allowance.limit))
        self._gone = saved.gone.over(self.allowance.period)
        self.spend(saved.doubt)
        self._since_saved, self._doubt = 0, saved.doubt
        self.advance(now)


class Saved(NamedTuple):
    """A budget's state in the store, JSON: see `Budget.save`."""

    boot: str
    at: float | None
    level: int
    gone: Sliding
    doubt: int
    limit: int
    grain: int

    def dump(self) -> bytes:
        """As it is stored."""
        return json.dumps({**self._asdict(), "gone": self.gone.saved()}, separators=(",", ":")).encode()

    @classmethod
    def load(cls, state: bytes) -> Saved:
        """From the store.

        Raises:
            ValueError: it is none.
        """
        try:
            fields = json.loads(state)
            saved = cls(**{**fields, "gone": Sliding.load(fields["gone"])})
            sizes = [saved.doubt, saved.limit, saved.grain]
            sound = min(sizes) >= 0 and math.isfinite((saved.at or 0) + saved.level)
            whole = all(isinstance(each, int) for each in (*sizes, saved.level))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            raise ValueError(f"no state of a budget: {error}") from error
        if not (sound and whole and saved.grain):
            raise ValueError("no state of a budget")
        return saved

    @property
    def account(self) -> Account:
        """What it says, as of the flush that wrote it."""
        spent = self.gone.total
        return Account(self.limit, self.gone.period, spent, max(0, self.limit - spent), self.grain)
