"""The link as the flush sees it: what it has for a transaction, and what it is told of a commit.

take --> a transaction of the store --> committed, or give_back where nothing was changed
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from agent.ship import protocol as shipped
from agent.ship.holds import HOLDS, Holds
from agent.ship.outbox import Outbox
from agent.ship.purse import LINK, Purse
from agent.ship.records import RAW, Key
from agent.stats.clocks import WRONG
from agent.stats.frame import Content
from agent.store.flush import Flushed
from agent.store.store import Store
from collectors.tally import Tally

Tell = Callable[[str, str], None]


class Taken(NamedTuple):
    """What one transaction takes; the fields are those of `agent.store.store.Flush`."""

    confirmed: list[tuple[Key, bytes]]
    refused: dict[bytes, str | None]
    quarantine: set[Key]
    join: list[Key]
    fresh_epoch: bool


class Shipping:
    """Keeps outbox and purse in step with the store; all but `quarantine` and `begin_epoch` is for the
    writer's thread. `waits` says whether records wait for the wall clock, to any thread."""

    def __init__(
        self,
        outbox: Outbox,
        lock: threading.Lock,
        post: Callable[[shipped.Event], None],
        purse: Purse,
        tally: Tally,
        clock_wait: float = 0.0,
    ) -> None:
        """`lock` guards outbox and purse, `post` returns at once. `clock_wait` is how many s records of a
        clock that is surely wrong wait for it."""
        self._outbox = outbox
        self._lock = lock
        self._post = post
        self._purse = purse
        self._tally = tally
        self._wait = ClockWait(clock_wait)
        self.waits = False
        self._unread: set[Key] = set()
        self._fresh_epoch = threading.Event()

    def quarantine(self, key: Key) -> None:
        """A record that could not be read becomes a tombstone with the next flush."""
        with self._lock:
            self._unread.add(key)

    def begin_epoch(self) -> None:
        """Begin a new epoch with the next flush: a sink knows more of this one than we gave."""
        self._fresh_epoch.set()

    @property
    def epoch_due(self) -> bool:
        """Whether a new epoch is to begin."""
        return self._fresh_epoch.is_set()

    def begin(self, store: Store, kept: Mapping[str, bytes], now: float, tell: Tell) -> None:
        """Learn what is in the store, `now` in s on the boot clock; `tell(name, text)` makes an event.

        Raises:
            StoreError: the store cannot say.
        """
        with self._lock:
            self._outbox.flushed(store.epochs(), store.unconfirmed(), ())
            self._outbox.remember(store.refused())
            try:
                if LINK in kept:
                    self._purse.restore(kept[LINK], now)
            except ValueError as error:
                text = f"what was spent is not known, and all of it counts as spent: {error}"
                tell("ship.budget", text)

    def begun_anew(self) -> None:
        """The store is another one: what could not be read is not in it."""
        with self._lock:
            self._unread.clear()

    def take(self) -> Taken:
        """What the link has for this transaction."""
        with self._lock:
            unread, self._unread = self._unread, set()
            outbox = self._outbox
            return Taken(outbox.settled(), outbox.refusals(), unread, outbox.to_join(), self.epoch_due)

    def spent(self) -> dict[str, bytes]:
        """The state of the budget for the store, by its name; its numbers, as ours. Nothing without one."""
        with self._lock:
            account, state = self._purse.account, self._purse.save()
        if account is None or state is None:
            return {}
        for name, value in (("left", account.left), ("spent", account.spent), ("grain", account.grain)):
            self._tally.set(f"outrider.ship.budget.{name}", value)
        return {LINK: state}

    def holds(self, boot: str, quality: str, now: float) -> dict[str, bytes | None]:
        """What keeps records here, for the store, by its name."""
        with self._lock:
            rest = self._purse.resting
        return {HOLDS: Holds(boot, self._wait.until(quality, now), rest).dump()}

    def give_back(self, taken: Taken) -> None:
        """The transaction changed nothing."""
        with self._lock:
            self._unread |= taken.quarantine

    def committed(
        self, taken: Taken, flushed: Flushed, contents: Mapping[str, Content], quality: str, now: float
    ) -> str:
        """Keep the index in step, and hand the link what is fresh while it is in memory. While records wait
        for the clock, what this life has recorded stays here; what an earlier one has goes.

        Returns:
            What is to be said of a clock that is surely wrong, once; else "".
        """
        if taken.fresh_epoch:
            self._fresh_epoch.clear()
        waits = self.waits = self._wait.until(quality, now) is not None
        with self._lock:
            self._outbox.flushed(flushed.epochs, flushed.added, flushed.removed)
            self._outbox.withhold("clock", recorded_in(flushed.epochs[0].id) if waits else None)
        self._post(shipped.Flushed(fresh(flushed, contents)))
        return self._wait.warning(quality, now)


class ClockWait:
    """Records of a clock that is surely wrong wait for it, so long after the start and no longer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._said = False

    def until(self, quality: str, now: float) -> float | None:
        """Until when what is recorded waits, None where it does not; both on the boot clock in s. The first
        to ask begins it."""
        if self._until is None:
            self._until = now + self._seconds
        return self._until if quality == WRONG and now < self._until else None

    def warning(self, quality: str, now: float) -> str:
        """What a clock that is surely wrong does to records, in words; "" once that is said."""
        if quality != WRONG or self._said:
            return ""
        self._said = True
        until = self.until(quality, now)
        waits = "go" if until is None else f"wait up to {until - now:.0f} s for it (ship.clock_wait), then go"
        return f"the wall clock is surely wrong: records {waits} marked {WRONG}"


def recorded_in(epoch: int) -> Callable[[Key], bool]:
    """What waits for the clock: all that a life has recorded, but for what alerts have to say."""
    return lambda key: key.epoch == epoch and key.stream != "alerts"


def fresh(flushed: Flushed, contents: Mapping[str, Content]) -> dict[Key, Content]:
    """The records of this flush by key, but for captures, which are large and wait in the store."""
    own = flushed.epochs[0]
    return {
        row.key: contents[row.key.stream]
        for row in flushed.added
        if row.tombstone is None
        and row.key.stream != RAW
        and row.key.epoch == own.id
        and row.key.first == row.key.last == own.next[row.key.stream] - 1
        and any(contents[row.key.stream])
    }
