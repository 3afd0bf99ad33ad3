"""The link's budget beside the store: what former lives spent, and what a flush puts down of this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.ship.purse import LINK, Purse
from collectors.tally import Tally


def remember(purse: Purse, kept: Mapping[str, bytes], now: float, tell: Callable[[str, str], None]) -> None:
    """Go on where the last life was, by the stored states; `tell(name, text)` makes an event."""
    state = kept.get(LINK)
    if state is None:
        return
    try:
        purse.restore(state, now)
    except ValueError as error:
        tell("ship.budget", f"what was spent is not known, and all of it counts as spent: {error}")


def put_down(purse: Purse, tally: Tally) -> dict[str, bytes]:
    """The state for the store, by its name, and the numbers as ours; nothing without a budget."""
    account, state = purse.account, purse.save()
    if account is None or state is None:
        return {}
    for name, value in (("left", account.left), ("spent", account.spent), ("grain", account.grain)):
        tally.set(f"outrider.ship.budget.{name}", value)
    return {LINK: state}
